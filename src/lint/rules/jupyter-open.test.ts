import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { jupyterOpen } from "./jupyter-open.ts";

test.each(["FROM debian:12\nCMD jupyter lab --ip=0.0.0.0 --ServerApp.token= --ServerApp.base_url=/lab"])(
  "finds %s",
  (lines) => {
    expect(messagesOf(jupyterOpen, `${lines}\n`)).toHaveLength(1);
  },
);

test.each([
  "FROM debian:12\nCMD jupyter lab --ip=0.0.0.0 --ServerApp.token= --ServerApp.password= --ServerApp.base_url=$NB_PREFIX",
  "FROM debian:12\nCMD jupyter lab --ServerApp.token= --ServerApp.password=argon2:x",
])("leaves %s alone", (lines) => {
  expect(messagesOf(jupyterOpen, `${lines}\n`)).toEqual([]);
});
