import { expect, test } from "vitest";
import { checkFile } from "../check-file.ts";
import { contextFor, messagesOf, readAs, settingsFor } from "../testing/check.ts";
import { aptRecommends } from "./apt-recommends.ts";

const findings = (path: string) =>
  checkFile(
    readAs("dockerfile", "FROM debian:12\nRUN apt-get install -y build-essential vim\n"),
    settingsFor(aptRecommends),
    {
      ...contextFor({}),
      path,
    },
  ).findings;

test("people who work in a devcontainer get what is recommended", () => {
  expect(findings(".devcontainer/Dockerfile")).toEqual([]);
  expect(findings("app/.devcontainer/gpu/Dockerfile")).toEqual([]);
  expect(findings("devcontainer/Dockerfile")).toHaveLength(1);
});

test.each([
  ["kmod", 0],
  ["make unzip=6.0-28 jq", 0],
  ["make git", 1],
  ["make $EXTRA", 1],
  ["make ./own.deb", 1],
])("%s: packages that recommend nothing bring nothing (%i)", (packages, count) => {
  const text = `FROM debian:12\nRUN apt-get install -y ${packages}\n`;
  expect(messagesOf(aptRecommends, text)).toHaveLength(count);
});

test.each([
  ["FROM nvcr.io/nvidia/pytorch:22.11-py3", "libb64-dev curl", 0],
  ["FROM nvcr.io/nvidia/pytorch:22.11-py3 AS a\nFROM a", "git", 0],
  ["ARG BASE\nFROM $BASE", "git", 0],
  ["ARG BASE=debian:12\nFROM $BASE", "git", 1],
  ["FROM nvcr.io/nvidia/pytorch:22.11-py3", "curl ffmpeg", 1],
  ["FROM nvidia/cuda:12.4.1-base-ubuntu22.04", "curl", 1],
])("%j and %s: what may be there brings nothing (%i)", (head, packages, count) => {
  expect(messagesOf(aptRecommends, `${head}\nRUN apt-get install -y ${packages}\n`)).toHaveLength(count);
});
