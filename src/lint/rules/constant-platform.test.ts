import { expect, test } from "vitest";
import { checkFile } from "../check-file.ts";
import { contextFor, readAs, settingsFor } from "../testing/check.ts";
import { constantPlatform } from "./constant-platform.ts";

const findings = (path: string, platform: string) =>
  checkFile(
    readAs("dockerfile", `FROM --platform=${platform} python:3.12\nRUN true\n`),
    settingsFor(constantPlatform),
    {
      ...contextFor({}),
      path,
    },
  ).findings;

test.each([
  ["docker/x86.cpu.base.dockerfile", "linux/amd64"],
  ["Dockerfile.x86_64", "linux/amd64"],
  ["Dockerfile.arm64", "linux/arm64/v8"],
  ["jetson.Dockerfile", "linux/arm64"],
])("%s says that it is for %s", (path, platform) => {
  expect(findings(path, platform)).toEqual([]);
});

test.each([
  ["x86/Dockerfile", "linux/amd64"],
  ["Dockerfile.arm64", "linux/amd64"],
  ["alarm.Dockerfile", "linux/arm64"],
  ["Dockerfile", "constructor"],
])("%s does not say that it is for %s", (path, platform) => {
  expect(findings(path, platform)).toHaveLength(1);
});
