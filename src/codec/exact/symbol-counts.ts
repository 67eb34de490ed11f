import { distanceExtraBits, distanceSymbols, firstLengthSymbol, lengthExtraBits } from "./symbols.ts";

/** How many symbols there are up to the last one that occurs. */
export function countOf(counts: Int32Array): number {
  let count = counts.length;
  while (count > 0 && counts[count - 1] === 0) count--;
  return count;
}

/** Extra bits of so many symbols of the two alphabets. */
export function extraBits(literals: Int32Array, distances: Int32Array): number {
  let bits = 0;
  for (let i = 0; i < lengthExtraBits.length; i++)
    bits += literals[firstLengthSymbol + i]! * lengthExtraBits[i]!;
  for (let i = 0; i < distanceSymbols; i++) bits += distances[i]! * distanceExtraBits[i]!;
  return bits;
}
