import { cases } from "./cases.ts";
import { sampleBytes } from "./sample.ts";

/** Inputs for encoders with blocks of up to a mebibyte: the smallest, zeros, small files, a mixture, and those around the end of a block. */
export const blockCases: readonly (() => Buffer[])[] = [
  cases["nothing and the smallest"]!,
  cases["zeros"]!,
  cases["a tar of small files"]!,
  cases["a mixture"]!,
  () => [-1, 0, 33].map((more) => sampleBytes((1 << 20) + more, 5)),
];
