import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { cases, longCase } from "../testing/cases.ts";
import { expectAnyBytesBack, goldenOf } from "../testing/goldens.ts";
import { goDeflate } from "./deflate.ts";
import goldens from "./goldens.json" with { type: "json" };

const allLevels = [-2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

describe("Go's compress/flate", () => {
  // What programs of Go 1.8.7, 1.9.7, 1.10.8, 1.12.17, 1.13.15, 1.15.15, 1.18.10, 1.22.12 and 1.26.8 gave alike: test/support/go-goldens.ts.
  describe.each(Object.entries(goldens))("gives the bytes of Go 1.8 to 1.26 for %s", (name, levels) => {
    const inputs = name in cases ? cases[name]!() : [longCase()];
    it.each(Object.entries(levels))("at level %s", (level, golden) => {
      expect(goldenOf(goDeflate(Number(level)), inputs)).toEqual(golden);
    });
  });

  it.each(allLevels)("packs any bytes, in any pieces, so that they come back, at level %i", (level) => {
    expectAnyBytesBack(goDeflate(level), inflateRawSync, 20);
  });
});
