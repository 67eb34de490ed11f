import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { wholeStageCopied } from "./whole-stage-copied.ts";

test.each(["FROM debian:12 AS build\nRUN true\nFROM debian:12\nCOPY --from=build / /"])(
  "finds %s",
  (lines) => {
    expect(messagesOf(wholeStageCopied, `${lines}\n`)).toHaveLength(1);
  },
);

test.each(["FROM scratch AS conf\nCOPY pip.conf /etc/pip.conf\nFROM debian:12\nCOPY --from=conf / /"])(
  "leaves %s alone",
  (lines) => {
    expect(messagesOf(wholeStageCopied, `${lines}\n`)).toEqual([]);
  },
);
