import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chunkRange, matchesEntity, wantedRange } from "./http-rules.ts";

describe("of 1000 bytes, Range", () => {
  test.each([
    ["bytes=0-0", { start: 0, end: 1 }],
    ["bytes=500-", { start: 500, end: 1000 }],
    ["bytes=-100", { start: 900, end: 1000 }],
    ["bytes=-5000", { start: 0, end: 1000 }],
    ["bytes=900-5000", { start: 900, end: 1000 }],
    ["bytes=0-99999999999999999999", { start: 0, end: 1000 }],
    ["bytes=999-999", { start: 999, end: 1000 }],
    ["bytes=1000-", "unsatisfiable"],
    ["bytes=5000-10000", "unsatisfiable"],
    ["bytes=99999999999999999999-", "unsatisfiable"],
    ["bytes=500-0", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    [undefined, "all"],
    ["", "all"],
    ["bytes=-", "all"],
    ["bytes=0-1,5-6", "all"],
    ["bytes=a-b", "all"],
    ["bytes=--5", "all"],
    ["bytes=0x1-5", "all"],
    ["lines=0-1", "all"],
    ["0-1", "all"],
  ])("%s wants %j", (header, wanted) => {
    expect(wantedRange(header, 1000)).toEqual(wanted);
  });

  test("never leads out of what there is", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(100), (first, last, size) => {
        for (const header of [`bytes=${first}-${last}`, `bytes=${first}-`, `bytes=-${last}`]) {
          const range = wantedRange(header, size);
          if (typeof range === "string") continue;
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.end).toBeGreaterThan(range.start);
          expect(range.end).toBeLessThanOrEqual(size);
        }
      }),
    );
  });
});

test("a chunk's range has two ends, both in it", () => {
  expect(chunkRange("0-0")).toEqual({ first: 0, last: 0 });
  expect(chunkRange("10-19")).toEqual({ first: 10, last: 19 });
  expect(chunkRange("bytes 10-19/*")).toEqual({ first: 10, last: 19 });
  for (const bad of ["", "-", "5-4", "-1-5", "1-", "-5", "a-b", "1-2-3", "0-99999999999999999999", "1.5-2"]) {
    expect(chunkRange(bad)).toBeUndefined();
  }
});

test("an entity is named with quotes, as weak, among others, or by a star", () => {
  for (const header of ['"d"', 'W/"d"', '"x", "d"', "*", "d"]) expect(matchesEntity(header, "d")).toBe(true);
  for (const header of [undefined, "", '"x"', '"dd"']) expect(matchesEntity(header, "d")).toBe(false);
});
