import { FseTable } from "./fse-table.ts";

/** Extra bits of each code of a length of literals (RFC 8878, 3.1.1.3.2.1.1). */
export const literalBits = bitsFrom(16, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
/** Of a match's length, less 3. */
export const matchBits = bitsFrom(32, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const literalCodes = codesOf(literalBits, 64);
const matchCodes = codesOf(matchBits, 128);

/** The code of a length of literals. */
export function literalCode(length: number): number {
  return length < 64 ? literalCodes[length]! : 31 - Math.clz32(length) + 19;
}

/** The code of a match's length, less 3. */
export function matchCode(length: number): number {
  return length < 128 ? matchCodes[length]! : 31 - Math.clz32(length) + 36;
}

/** The code of an offset, which is how many extra bits it has. */
export function offsetCode(offset: number): number {
  return 31 - Math.clz32(offset);
}

/** Tables that everybody has (RFC 8878, 3.1.1.3.2.2), by runs of the same shares. */
export const literalTable = FseTable.predefined(
  6,
  runs([4, 1], [3, 1], [2, 11], [1, 3], [2, 9], [3, 1], [2, 1], [1, 5], [-1, 4]),
);
export const matchTable = FseTable.predefined(6, runs([1, 1], [4, 1], [3, 1], [2, 6], [1, 37], [-1, 7]));
export const offsetTable = FseTable.predefined(5, runs([1, 6], [2, 3], [1, 15], [-1, 5]));

function bitsFrom(first: number, bits: readonly number[]): Uint8Array {
  return Uint8Array.from([...Array<number>(first).fill(0), ...bits]);
}

function runs(...list: [share: number, count: number][]): number[] {
  return list.flatMap(([share, count]) => Array<number>(count).fill(share));
}

/** The codes of the first values. */
function codesOf(bits: Uint8Array, values: number): Uint8Array {
  const codes = new Uint8Array(values);
  for (let code = 0, value = 0; value < values; code++)
    for (const end = value + (1 << bits[code]!); value < Math.min(end, values); value++) codes[value] = code;
  return codes;
}
