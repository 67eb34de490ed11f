import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { baseLeftToBuilder } from "./base-left-to-builder.ts";
import { invalidDefaultArgInFrom } from "./invalid-default-arg-in-from.ts";

test.each([
  ["ARG BASE\nFROM $BASE\n", 1, 0],
  ["ARG BASE=\nFROM ${BASE}\n", 1, 0],
  ["ARG TAG\nFROM debian:${TAG}\n", 0, 1],
  ["ARG NAME\nARG TAG\nFROM ${NAME}${TAG}\n", 0, 1],
  ["ARG BASE=debian:12\nFROM $BASE\n", 0, 0],
])("%j is a choice left to the builder (%i) or a default that does not fit (%i)", (text, left, wrong) => {
  expect(messagesOf(baseLeftToBuilder, text)).toHaveLength(left);
  expect(messagesOf(invalidDefaultArgInFrom, text)).toHaveLength(wrong);
});
