import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BitDecoder, BitEncoder, codeNumber, codeValue, contexts, numberContexts } from "./bit-coder.ts";

describe("the coder of bits", () => {
  it("gives back what was written", () => {
    const step = fc.record({ skew: fc.nat(3), value: fc.nat(255), number: fc.nat(2 ** 24) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(3000), (steps, zeros) => {
        const encoder = new BitEncoder();
        const written = contexts(512);
        for (let i = 0; i < zeros; i++) encoder.bit(written, 1, 0);
        for (const { skew, value, number } of steps) {
          encoder.bit(written, skew, value & 1);
          codeValue(encoder, written, 256, 8, value);
          codeNumber(encoder, written, 64, number);
        }
        const decoder = new BitDecoder(encoder.finish());
        const read = contexts(512);
        for (let i = 0; i < zeros; i++)
          if (decoder.bit(read, 1) !== 0) throw new Error("a zero became a one");
        for (const { skew, value, number } of steps) {
          expect(decoder.bit(read, skew)).toBe(value & 1);
          expect(codeValue(decoder, read, 256, 8, 0)).toBe(value);
          expect(codeNumber(decoder, read, 64, 0)).toBe(number);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("takes hardly anything for what never changes", () => {
    const encoder = new BitEncoder();
    const written = contexts(numberContexts);
    for (let i = 0; i < 3_000_000; i++) encoder.bit(written, 0, 1);
    expect(encoder.finish().length).toBeLessThan(100);
  });
});
