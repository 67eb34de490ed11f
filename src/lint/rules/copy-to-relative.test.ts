import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { copyToRelative } from "./copy-to-relative.ts";

test.each([
  ["scratch", 0],
  ["alpine:3.22", 1],
  ["$BASE", 1],
])("from %s to . has %i findings", (base, count) => {
  const text = `ARG BASE=alpine:3.22\nFROM golang:1.24 AS build\nRUN true\nFROM ${base}\nCOPY --from=build /app .\n`;
  expect(messagesOf(copyToRelative, text)).toHaveLength(count);
});
