import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { shellFormCommand } from "./shell-form-command.ts";

test.each(["FROM debian:12\nCMD python serve.py $ARGS", "FROM debian:12\nCMD cd /app && python serve.py"])(
  "finds %s",
  (lines) => {
    expect(messagesOf(shellFormCommand, `${lines}\n`)).toHaveLength(1);
  },
);

test.each([
  "FROM debian:12\nCMD exec python serve.py $ARGS",
  "FROM debian:12\nCMD jupyter lab & echo started && /bin/bash",
])("leaves %s alone", (lines) => {
  expect(messagesOf(shellFormCommand, `${lines}\n`)).toEqual([]);
});
