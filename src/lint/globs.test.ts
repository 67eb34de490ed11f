import { expect, test } from "vitest";
import { makeGlobs } from "./globs.ts";

test.each([
  ["Dockerfile", "Dockerfile", true],
  ["Dockerfile", "a/b/Dockerfile", true],
  ["Dockerfile", "Dockerfile.dev", false],
  ["/Dockerfile", "a/Dockerfile", false],
  ["a/*.yml", "a/x.yml", true],
  ["a/*.yml", "b/a/x.yml", false],
  ["a/*.yml", "a/b/x.yml", false],
  ["a/**", "a/b/c", true],
  ["a/**/c", "a/c", true],
  ["**/c", "c", true],
  ["vendor/", "x/vendor/y/Dockerfile", true],
  ["ven?or", "vendor", true],
  ["{a,b}/c", "b/c", true],
  ["{a,b}/c", "d/c", false],
  ["[!a]x", "bx", true],
  ["[!a]x", "ax", false],
  ["a.b", "axb", false],
  ["(a+", "(a+", true],
  ["a{b", "ab", true],
])("%s and %s: %s", (pattern, path, fits) => {
  expect(makeGlobs([pattern])(path)).toBe(fits);
});

test("no patterns fit nothing, and one of several is enough", () => {
  expect(makeGlobs([])("")).toBe(false);
  expect(makeGlobs(["a", "b/c"])("b/c")).toBe(true);
});
