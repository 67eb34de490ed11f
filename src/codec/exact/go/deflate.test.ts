import { inflateRawSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../../oci/digest.ts";
import { deflated, makerOf } from "../testing/deflated.ts";
import { sampleBytes } from "../testing/sample.ts";

const sample = sampleBytes(3_000_000);
const ids = ["huffman", ...Array.from({ length: 10 }, (_, level) => `level${level}`)];

/** Bytes in which matches of all lengths and distances are likely: few symbols, and pieces that come again. */
const anyBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.integer({ min: 97, max: 99 }), { maxLength: 400 }).map((list) => Uint8Array.from(list)),
      fc
        .tuple(fc.nat(255), fc.integer({ min: 1, max: 40_000 }))
        .map(([byte, size]) => new Uint8Array(size).fill(byte)),
      fc
        .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 70_000 }))
        .map(([seed, size]) => sampleBytes(size, seed)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts));

describe("Go's compress/flate", () => {
  // Made by programs of Go 1.15.15, 1.22.12 and 1.26.8.
  it.each([
    ["huffman", 1_851_288, "22c7a2a1b2dd908022bf731c412536385d1af3650b40beca860e806b8a7c83d2"],
    ["level0", 3_000_235, "1b88d1b7a69c7e78ff90fa236a1e4819db2722d2d0e86777e4f7ccec5716a321"],
    ["level1", 1_270_822, "df694b9de29c6e554fa81b5fddd17e602a04a47972acbae8f9d2cfb4d44af827"],
    ["level2", 1_199_058, "1bdf3170462ccd97830c90cbbad75a8aeeb9b069aa29c1539b96deefbf677143"],
    ["level3", 1_195_568, "306f6a938f7c232f8101d4daf5730845611cb387eb84c8dd6445ca4b98e83589"],
    ["level4", 1_175_629, "ca81e0f8f9c54e121a660b76b9a1b00387af94dedcfd7f49ce97e53c5d95efc0"],
    ["level5", 1_149_616, "0d6ae46fead65b8b5482f1510d491cd0972a6cbe0bc1c9688851853e7a201a58"],
    ["level6", 1_139_921, "69ee139f18db25f915694464d6b1acd058461fe449eb645d21386989615a04af"],
    ["level7", 1_139_906, "da1d55a871aaf80879965c1f81004bedd217245627e5fb555fa8aa0a827d42b6"],
    ["level8", 1_139_902, "fc4397365ada072a579ec2bc0ab058084a7b2ac3cdf3fa37a80dfb6f7af144bb"],
    ["level9", 1_139_902, "fc4397365ada072a579ec2bc0ab058084a7b2ac3cdf3fa37a80dfb6f7af144bb"],
  ])("gives the bytes of Go 1.15 to 1.26: %s", (name, size, sha256) => {
    const packed = deflated(makerOf(`go1.15-${name}`), sample);
    expect([packed.length, digestOf(packed)]).toEqual([size, `sha256:${sha256}`]);
  });

  it.each(ids)("packs any bytes, in any pieces, so that they come back: %s", (name) => {
    const make = makerOf(`go1.15-${name}`);
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 1, max: 200_000 }), (bytes, piece) => {
        const packed = deflated(make, bytes, piece);
        expect(inflateRawSync(packed).equals(bytes)).toBe(true);
        expect(packed.equals(deflated(make, bytes, Math.max(1, bytes.length)))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
