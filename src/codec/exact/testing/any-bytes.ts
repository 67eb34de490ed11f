import * as fc from "fast-check";
import { sampleBytes } from "./sample.ts";

/** Bytes in which matches of all lengths and distances are likely: few symbols, and pieces that come again. */
export const anyBytes = fc
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
