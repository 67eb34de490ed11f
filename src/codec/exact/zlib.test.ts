import { deflateRawSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../oci/digest.ts";
import { deflated, makerOf } from "./testing/deflated.ts";
import { sampleBytes } from "./testing/sample.ts";

const sample = sampleBytes(3_000_000);

describe("zlib", () => {
  // Made by Python 3.11 with zlib 1.2.13: zlib.compressobj(level, zlib.DEFLATED, -15, 8).
  it.each([
    [1, 1_212_544, "49eb750d316138c373fe6540ba8dca11ca0000787b6eb5d7f7cefba584c9ca1f"],
    [2, 1_210_036, "ee13bfb9799b4dc287a3ffb9b084dfbff07db28e0d4a51a87126f7310eeff60a"],
    [3, 1_203_004, "e5dd8662365dc61ef59860ec1c4d588eae6699092f246a4ba7a056f67f55bfc9"],
    [4, 1_183_757, "3ff51de1b81f682063524f0436303337e08d3e14bc7ae51328da2e7ea3004416"],
    [5, 1_176_514, "dfc85fb953d87ec33d03027b14c50ba09fbcb069fc38ed556a813fed8916e2ff"],
    [6, 1_154_136, "3edf7f9e1359ab0fce5ad7fe97dad7f5594f38a6d706775a921e1437c4a62952"],
    [7, 1_146_830, "af8f14c57174eb1f0a12031275314186346158ec46635a68c457e9ba4c1df923"],
    [8, 1_140_022, "a2d214894c0d309354d00986766667a9b1814a50c86f2ffcb2d33dcd817e8e03"],
    [9, 1_138_192, "060c90cbf5ec49bcb3cac07e53eae5edbf7c95fec14d4d881b38b0aa490d64cc"],
  ])("gives Python's bytes at level %i", (level, size, sha256) => {
    const packed = deflated(makerOf(`zlib-level${level}`), sample);
    expect([packed.length, digestOf(packed)]).toEqual([size, `sha256:${sha256}`]);
  });

  it("gives Node's own bytes as Chromium's", () => {
    for (const level of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const bytes = sample.subarray(0, 800_000);
      const packed = deflated(makerOf(`chromium-level${level}`), bytes);
      expect(packed.equals(deflateRawSync(bytes, { level }))).toBe(true);
    }
  });

  it("gives the same bytes however they are written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70_000 }), (level, piece) => {
        const bytes = sample.subarray(0, 150_000);
        const encoder = makerOf(`zlib-level${level}`);
        expect(deflated(encoder, bytes, piece).equals(deflated(encoder, bytes, bytes.length))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
