import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { latestBase } from "./latest-base.ts";

test.each([
  'FROM ubuntu:latest\nENV R_VERSION="devel"\nRUN true\n',
  "FROM rust:latest\nARG RUST_VERSION=nightly\nRUN true\n",
  "FROM lab/server:latest AS server\nFROM debian:12\nRUN true\n",
])("leaves %j alone", (text) => {
  expect(messagesOf(latestBase, text)).toEqual([]);
});

test.each([
  "FROM ubuntu:latest\nENV R_VERSION=4.4.1\nRUN true\n",
  "FROM lab/server:latest AS server\nFROM debian:12\nCOPY --from=server /bin/server /bin/\n",
  "FROM lab/server:latest\n",
])("finds the one of %j", (text) => {
  expect(messagesOf(latestBase, text)).toHaveLength(1);
});
