import type { BitOutput } from "./bit-output.ts";
import { PrefixCode } from "./prefix-code.ts";
import {
  distanceBases,
  distanceExtraBits,
  distanceSymbolOf,
  firstLengthSymbol,
  lengthBases,
  lengthExtraBits,
  lengthSymbolOf,
} from "./symbols.ts";

/**
 * What a matcher finds, as numbers: a byte below 256 is a literal, what is above is a match: the distance from bit 8 on, the length less 3 below.
 */
export function matchToken(length: number, distance: number): number {
  return (distance << 8) | (length - 3);
}

/** Adds how often each symbol of the two alphabets occurs among the first `size` tokens. */
export function countSymbols(
  tokens: Int32Array,
  size: number,
  literals: Int32Array,
  distances: Int32Array,
): void {
  for (let i = 0; i < size; i++) {
    const token = tokens[i]!;
    if (token < 256) literals[token]!++;
    else {
      literals[firstLengthSymbol + lengthSymbolOf[token & 255]!]!++;
      distances[distanceSymbolOf((token >>> 8) - 1)]!++;
    }
  }
}

/** Code and extra bits of each length, and codes of literals and distances: the bits above 5 bits that count them. */
const literalBits = new Int32Array(256);
const lengthBits = new Int32Array(256);
const distanceBits = new Int32Array(30);

/** Puts the first `size` tokens in the two codes, without the end of the block; room for 6 bytes each must have been made. */
export function putTokens(
  output: BitOutput,
  tokens: Int32Array,
  size: number,
  literalCode: PrefixCode,
  distanceCode: PrefixCode,
): void {
  prepare(literalCode, distanceCode);
  const { words } = output;
  let { at, word, filled } = output;
  for (let i = 0; i < size; i++) {
    const token = tokens[i]!;
    let packed = token < 256 ? literalBits[token]! : lengthBits[token & 255]!;
    let count = packed & 31;
    let value = packed >>> 5;
    word |= value << filled;
    filled += count;
    if (filled >= 32) {
      words[at++] = word;
      filled -= 32;
      word = value >>> (count - filled);
    }
    if (token < 256) continue;
    const distance = (token >>> 8) - 1;
    const symbol = distanceSymbolOf(distance);
    packed = distanceBits[symbol]!;
    const codeBits = packed & 31;
    count = codeBits + distanceExtraBits[symbol]!;
    value = (packed >>> 5) | ((distance - distanceBases[symbol]!) << codeBits);
    word |= value << filled;
    filled += count;
    if (filled >= 32) {
      words[at++] = word;
      filled -= 32;
      word = value >>> (count - filled);
    }
  }
  output.at = at;
  output.word = word;
  output.filled = filled;
}

function prepare(literalCode: PrefixCode, distanceCode: PrefixCode): void {
  const { codes, lengths } = literalCode;
  for (let i = 0; i < 256; i++) literalBits[i] = (codes[i]! << 5) | lengths[i]!;
  for (let i = 0; i < 256; i++) {
    const symbol = lengthSymbolOf[i]!;
    const bits = lengths[firstLengthSymbol + symbol]!;
    const value = codes[firstLengthSymbol + symbol]! | ((i - lengthBases[symbol]!) << bits);
    lengthBits[i] = (value << 5) | (bits + lengthExtraBits[symbol]!);
  }
  for (let i = 0; i < 30; i++) distanceBits[i] = (distanceCode.codes[i]! << 5) | distanceCode.lengths[i]!;
}
