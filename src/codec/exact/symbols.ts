/** What deflate's symbols stand for (RFC 1951, 3.2.5). Lengths and distances are given less the smallest there is: 3 and 1. */

/** Symbols of the first alphabet: 256 bytes, the end of a block, 29 length symbols. */
export const literalSymbols = 286;
/** Symbols of the second alphabet. */
export const distanceSymbols = 30;
export const endOfBlock = 256;
/** The symbol of the shortest length; the others follow. */
export const firstLengthSymbol = 257;

/** How many extra bits follow length symbol `firstLengthSymbol + i`. */
export const lengthExtraBits = Uint8Array.from({ length: 29 }, (_, i) =>
  i < 8 || i === 28 ? 0 : (i >>> 2) - 1,
);
/** How many extra bits follow a distance symbol. */
export const distanceExtraBits = Uint8Array.from({ length: distanceSymbols }, (_, i) =>
  i < 4 ? 0 : (i >>> 1) - 1,
);

/** The smallest length (less 3) of each length symbol. The longest has a symbol of its own. */
export const lengthBases = Uint8Array.from({ length: 29 }, (_, i) =>
  i === 28 ? 255 : sumOf(lengthExtraBits, i),
);
/** The smallest distance (less 1) of each distance symbol. */
export const distanceBases = Uint16Array.from({ length: distanceSymbols }, (_, i) =>
  sumOf(distanceExtraBits, i),
);

/** Of a length less 3: its symbol less `firstLengthSymbol`. */
export const lengthSymbolOf = Uint8Array.from({ length: 256 }, (_, length) =>
  lengthBases.findLastIndex((base) => base <= length),
);

/** Distance symbols of the distances (less 1) below 256, then of those that are `i << 7` and 127 more. */
const distanceSymbolTable = Uint8Array.from({ length: 512 }, (_, i) => {
  const distance = i < 256 ? i : (i - 256) << 7;
  return distanceBases.findLastIndex((base) => base <= distance);
});

/** The symbol of a distance less 1. */
export function distanceSymbolOf(distance: number): number {
  return distanceSymbolTable[distance < 256 ? distance : 256 + (distance >>> 7)]!;
}

/** How many values the symbols below `end` cover. */
function sumOf(extraBits: Uint8Array, end: number): number {
  return extraBits.subarray(0, end).reduce((sum, bits) => sum + (1 << bits), 0);
}
