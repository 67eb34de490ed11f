import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { blockCases } from "../testing/block-cases.ts";
import { cases } from "../testing/cases.ts";
import { makerOf } from "../testing/deflated.ts";
import { expectAnyBytesBack, goldenOf } from "../testing/goldens.ts";
import goldens from "./goldens.json" with { type: "json" };

describe("klauspost/compress, pgzip and Go 1.27", () => {
  // What the real programs gave: test/support/klauspost-goldens.ts.
  // Level 9 tries a thousand places where symbols are few, and other tests may run beside.
  it.each(Object.entries(goldens))("gives the real bytes: %s", { timeout: 180_000 }, (id, golden) => {
    const inputs = id.startsWith("go") ? Object.values(cases) : blockCases;
    const made = inputs.flatMap((some) => some());
    expect(goldenOf(makerOf(id), made)).toEqual(golden);
  });

  it.each(Object.keys(goldens))("packs any bytes, in any pieces, so that they come back: %s", (id) => {
    expectAnyBytesBack(makerOf(id), inflateRawSync, 8);
  });
});
