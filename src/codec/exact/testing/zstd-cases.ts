import { cases, longCase } from "./cases.ts";
import { numbersOf, sampleBytes } from "./sample.ts";

const windowSize = 8 << 20;

/** Inputs for encoders with blocks of 128 KiB and a window of 8 MiB: beside those of others, such as go around the ends of these. No layer is empty. */
export const zstdCases: readonly (() => Buffer[])[] = [
  ...Object.values(cases).map((made) => () => made().filter(({ length }) => length > 0)),
  () =>
    [1_023, 1_024, 1_025, 65_791, 65_792, 131_071, 131_072, 131_073, 262_144].map((size) =>
      sampleBytes(size, 13),
    ),
  () => Array.from({ length: 20 }, (_, i) => fewLiterals(15 + i)),
  () => [longCase()],
  () => [131_072, 131_073, 300_000].map(hardlyMatching),
  () => [-40_000, 40_000].map((more) => twice(windowSize + more)),
];

/** So many bytes, of few symbols, and then only matches. */
function fewLiterals(count: number): Buffer {
  const number = numbersOf(count);
  const bytes = Buffer.alloc(count).map(() => 97 + (number() % 5));
  return Buffer.alloc(600, bytes);
}

/** So many bytes of few symbols, of which few come again. */
function hardlyMatching(size: number): Buffer {
  const number = numbersOf(size);
  const bytes = Buffer.from(Array.from({ length: size }, () => 65 + (number() % 48)));
  for (let at = 0; at < size; at += 131_072) bytes.copyWithin(at + 300, at + 100, at + 200);
  return bytes;
}

/** What comes again at such a distance, and then other bytes. */
function twice(period: number): Buffer {
  const bytes = sampleBytes(period, 17);
  return Buffer.concat([bytes, bytes, sampleBytes(1_000_000, 19)]);
}
