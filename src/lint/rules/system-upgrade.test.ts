import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { systemUpgrade } from "./system-upgrade.ts";

test.each([
  "FROM rockylinux:9\nRUN dnf upgrade -y",
  "FROM debian:12\nRUN apt-get update && apt-get -y upgrade",
])("finds %s", (lines) => {
  expect(messagesOf(systemUpgrade, `${lines}\n`)).toHaveLength(1);
});

test.each([
  "FROM rockylinux:9\nRUN dnf upgrade -y --security",
  "FROM debian:12\nRUN apt-get update && apt-get -y upgrade openssl",
])("leaves %s alone", (lines) => {
  expect(messagesOf(systemUpgrade, `${lines}\n`)).toEqual([]);
});

test("a stage that only lends files stores nothing", () => {
  const text = "FROM debian:12 AS get\nRUN apt-get -y upgrade\nFROM debian:12\nCOPY --from=get /a /a\n";
  expect(messagesOf(systemUpgrade, text)).toEqual([]);
});
