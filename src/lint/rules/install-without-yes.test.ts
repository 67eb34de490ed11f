import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { installWithoutYes } from "./install-without-yes.ts";

test.each([
  "apt-get install git",
  "apt install git",
  "yum install git",
  "microdnf install git",
  "zypper in git",
  "sudo apt-get install -q git",
])("finds %s", (command) => {
  expect(messagesOf(installWithoutYes, `FROM debian:12\nRUN ${command}\n`)).toHaveLength(1);
});

test.each([
  "apt-get -yq install git",
  "apt-get install -qq git",
  "apt-get -q -q install git",
  "apt-get install git --assume-yes",
  "apt-get -o APT::Get::Assume-Yes=true install git",
  "yes | apt-get install git",
  "zypper -n in git",
  "zypper --non-interactive install git",
  "dnf install --assumeyes git",
  "apt-get update",
])("leaves %s alone", (command) => {
  expect(messagesOf(installWithoutYes, `FROM debian:12\nRUN ${command}\n`)).toEqual([]);
});

test("apt-get does not ask for what is named, so nothing says that it does", () => {
  expect(messagesOf(installWithoutYes, "FROM golang:1.24\nRUN apt-get install ninja-build\n")).toEqual([
    "apt-get install has no -y: it stops where it needs more than the packages that are named",
  ]);
});

test("what the base has already is not installed, so that nothing asks", () => {
  expect(messagesOf(installWithoutYes, "FROM golang:1.24\nRUN apt-get install make\n")).toEqual([]);
  expect(
    messagesOf(installWithoutYes, "FROM ubuntu:22.04\nRUN apt-get install lab-archive-keyring\n"),
  ).toEqual([]);
  expect(messagesOf(installWithoutYes, "FROM golang:1.24-alpine\nRUN apt-get install make\n")).toHaveLength(
    1,
  );
});
