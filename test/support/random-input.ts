import { sampleBytes } from "../../src/codec/exact/testing/sample.ts";
import { bytesOf, type Random } from "./seeded.ts";

/** Inputs of all sizes, mixed of noise, text, machine words, few symbols and pieces of themselves. */
export function randomInput(random: Random, seed: number): Buffer {
  const size = 1 + random.below(2 ** (1 + random.below(20)));
  const bytes = random.below(3) === 0 ? Buffer.from(bytesOf(`${seed}`, size)) : sampleBytes(size, seed);
  const symbols = random.pick([256, 256, 16, 4, 2]);
  if (symbols < 256) for (let i = 0; i < size; i++) bytes[i] = bytes[i]! % symbols;
  for (let copies = random.below(200); copies > 0; copies--) {
    const from = random.below(size);
    bytes.copy(bytes, random.below(size), from, from + random.below(random.pick([6, 40, 600, 40_000])));
  }
  return bytes;
}
