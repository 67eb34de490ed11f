import { expect, test } from "vitest";
import { connectionsWithin, parseOpenFilesLimit, readOpenFilesLimit } from "./open-files.ts";

test.each([
  ["many files allow what is configured", 1_048_576, 4096, 4096],
  ["no limit allows what is configured", Number.POSITIVE_INFINITY, 4096, 4096],
  ["few files allow a third of them, less what the server needs itself", 1024, 4096, 320],
  ["what is configured stays where it is less", 1024, 100, 100],
  ["very few files still make a server", 40, 4096, 8],
])("%s", (_, files, wanted, connections) => {
  expect(connectionsWithin(files, wanted)).toBe(connections);
});

test("the limit is the one in force, not the one that may be asked for", () => {
  const text = [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    "Max processes             61000                61001                processes ",
    "Max open files            1024                 524288               files     ",
    "Max locked memory         67108864             67108864             bytes     ",
  ].join("\n");
  expect(parseOpenFilesLimit(text)).toBe(1024);
  expect(parseOpenFilesLimit(text.replace("1024  ", "unlimited"))).toBe(Number.POSITIVE_INFINITY);
  expect(parseOpenFilesLimit("")).toBe(Number.POSITIVE_INFINITY);
});

test("this process has a limit, or there is none", async () => {
  expect(await readOpenFilesLimit()).toBeGreaterThan(100);
});
