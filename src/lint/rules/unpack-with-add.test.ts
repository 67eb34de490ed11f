import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { unpackWithAdd } from "./unpack-with-add.ts";

test.each([
  "FROM debian:12\nCOPY a.tar.gz /\nRUN tar -xf a.tar.gz",
  "FROM debian:12 AS base\nCOPY a.tar.gz /\nRUN tar -xf a.tar.gz\nFROM base\nRUN true",
])("finds %s", (lines) => {
  expect(messagesOf(unpackWithAdd, `${lines}\n`)).toHaveLength(1);
});

test.each([
  "FROM debian:12 AS build\nCOPY a.tar.gz /\nRUN tar -xf a.tar.gz\nFROM debian:12\nCOPY --from=build /a /a",
])("leaves %s alone", (lines) => {
  expect(messagesOf(unpackWithAdd, `${lines}\n`)).toEqual([]);
});
