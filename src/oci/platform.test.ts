import { describe, expect, test } from "vitest";
import {
  formatPlatform,
  hostPlatform,
  isUnknownPlatform,
  matchesPlatform,
  parsePlatform,
  pickPlatform,
} from "./platform.ts";

describe("a platform", () => {
  test.each([
    ["linux/amd64", "linux/amd64"],
    ["linux/x86_64", "linux/amd64"],
    ["Linux/AMD64/v1", "linux/amd64"],
    ["linux/amd64/v3", "linux/amd64/v3"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/8", "linux/arm64"],
    ["linux/arm64/v9", "linux/arm64/v9"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/7", "linux/arm/v7"],
    ["linux/arm/v6", "linux/arm/v6"],
    ["linux/armhf", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/i386", "linux/386"],
    ["macos/arm64", "darwin/arm64"],
    ["arm64", "linux/arm64"],
    ["x86_64", "linux/amd64"],
    ["linux", `linux/${hostPlatform().architecture}`],
    ["windows(10.0.17763.1)/amd64", "windows(10.0.17763.1)/amd64"],
    ["linux/s390x", "linux/s390x"],
    ["linux/constructor", "linux/constructor"],
  ])("%s is %s", (text, usual) => {
    expect(formatPlatform(parsePlatform(text))).toMatch(usual);
    expect(formatPlatform(parsePlatform(usual))).toBe(formatPlatform(parsePlatform(text)));
  });

  test.each([
    "",
    "/",
    "linux/",
    "/amd64",
    "linux//v8",
    "a/b/c/d",
    "linux/amd 64",
    "linux(/amd64",
    "linux/amd64\n",
  ])("%j is refused", (text) => {
    expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: "PLATFORM_INVALID" }));
  });

  test.each([
    ["linux/amd64", "linux/amd64", true],
    ["linux/amd64", "linux/amd64/v3", false],
    ["linux/amd64/v3", "linux/amd64", true],
    ["linux/amd64/v3", "linux/amd64/v2", true],
    ["linux/arm", "linux/arm/v6", true],
    ["linux/arm/v6", "linux/arm/v7", false],
    ["linux/arm64", "linux/arm", false],
    ["linux/arm64/v9", "linux/arm64", true],
    ["linux/amd64", "windows/amd64", false],
    ["linux/amd64", "linux/386", false],
    ["windows(10.0.17763)/amd64", "windows(10.0.17763.5576)/amd64", true],
    ["windows(10.0.1776)/amd64", "windows(10.0.17763.5576)/amd64", false],
    ["windows/amd64", "windows(10.0.17763.5576)/amd64", true],
    ["windows(10.0.17763)/amd64", "windows/amd64", false],
  ])("where %s is asked for, %s will do: %s", (wanted, have, answer) => {
    expect(matchesPlatform(parsePlatform(wanted), parsePlatform(have))).toBe(answer);
  });

  test("as others wrote it is compared in its usual spelling", () => {
    expect(
      matchesPlatform(parsePlatform("linux/arm64"), { os: "linux", architecture: "aarch64", variant: "v8" }),
    ).toBe(true);
  });

  test("is picked as close as can be, the first of equals", () => {
    const list = ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/amd64", "linux/amd64"].map(
      (text, place) => ({
        platform: parsePlatform(text),
        place,
      }),
    );
    expect(pickPlatform(list, parsePlatform("linux/arm/v8"))?.place).toBe(2);
    expect(pickPlatform(list, parsePlatform("linux/arm/v6"))?.place).toBe(1);
    expect(pickPlatform(list, parsePlatform("linux/amd64"))?.place).toBe(3);
    expect(pickPlatform(list, parsePlatform("linux/s390x"))).toBeUndefined();
    expect(pickPlatform([{}, { platform: hostPlatform() }])).toEqual({ platform: hostPlatform() });
  });

  test("of an attestation is known as unknown", () => {
    expect(isUnknownPlatform({ os: "unknown", architecture: "unknown" })).toBe(true);
    expect(isUnknownPlatform({ os: "", architecture: "" })).toBe(true);
    expect(isUnknownPlatform({ os: "linux", architecture: "amd64" })).toBe(false);
  });
});
