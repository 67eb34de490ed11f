import { createHash } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyBytes } from "../testing/any-bytes.ts";
import { blockCases } from "../testing/block-cases.ts";
import { cases } from "../testing/cases.ts";
import { deflated, makerOf } from "../testing/deflated.ts";
import goldens from "./goldens.json" with { type: "json" };

describe("klauspost/compress, pgzip and Go 1.27", () => {
  // What the real programs gave: test/support/klauspost-goldens.ts.
  // Level 9 tries a thousand places where symbols are few, and other tests may run beside.
  it.each(Object.entries(goldens))("gives the real bytes: %s", { timeout: 180_000 }, (id, golden) => {
    const inputs = id.startsWith("go") ? Object.values(cases) : blockCases;
    const make = makerOf(id);
    const hash = createHash("sha256");
    let size = 0;
    for (const input of inputs.flatMap((made) => made())) {
      const packed = deflated(make, input);
      size += packed.length;
      hash.update(packed);
    }
    expect([size, hash.digest("hex")]).toEqual(golden);
  });

  it.each(Object.keys(goldens))("packs any bytes, in any pieces, so that they come back: %s", (id) => {
    const make = makerOf(id);
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 1, max: 200_000 }), (bytes, piece) => {
        const packed = deflated(make, bytes, piece);
        expect(inflateRawSync(packed).equals(bytes)).toBe(true);
        expect(packed.equals(deflated(make, bytes, Math.max(1, bytes.length)))).toBe(true);
      }),
      { numRuns: 8 },
    );
  });
});
