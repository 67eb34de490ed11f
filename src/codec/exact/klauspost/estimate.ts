import {
  distanceExtraBits,
  endOfBlock,
  firstLengthSymbol,
  lengthExtraBits,
  literalSymbols,
} from "../symbols.ts";

/** Within which bounds the entropy of a symbol is taken for the length of its code. */
export interface CodeBounds {
  least: number;
  most: number;
}

/** Codes are as short and as long as they can be. */
export const possibleCodes: CodeBounds = { least: 1, most: 15 };

/**
 * About how many bits tokens take with codes made for them: the entropy of their symbols and their extra bits. Sums are rounded as floats of
 * 32 bits are, in this order, for blocks are cut by them.
 */
export function estimatedBits(
  literals: Int32Array,
  distances: Int32Array,
  tokens: number,
  bounds: CodeBounds,
): number {
  if (tokens === 0) return 0;
  let entropy = 0;
  let extra = 0;
  let matches = 0;
  const share = Math.fround(1 / tokens);
  for (let symbol = 0; symbol < endOfBlock; symbol++)
    entropy = Math.fround(entropy + symbolBits(literals[symbol]!, share, bounds));
  entropy = Math.fround(entropy + 15);
  for (let symbol = firstLengthSymbol; symbol < literalSymbols; symbol++) {
    const count = literals[symbol]!;
    entropy = Math.fround(entropy + symbolBits(count, share, bounds));
    extra += count * lengthExtraBits[symbol - firstLengthSymbol]!;
    matches += count;
  }
  if (matches > 0) {
    const shareOfMatches = Math.fround(1 / matches);
    for (let symbol = 0; symbol < distances.length; symbol++) {
      const count = distances[symbol]!;
      entropy = Math.fround(entropy + symbolBits(count, shareOfMatches, bounds));
      extra += count * distanceExtraBits[symbol]!;
    }
  }
  return Math.trunc(entropy) + extra;
}

/** What a symbol that occurs so often takes in all, where one that occurs once has this share. */
export function symbolBits(count: number, share: number, { least, most }: CodeBounds): number {
  if (count === 0) return 0;
  const bits = -roughLog2(Math.fround(count * share));
  return Math.fround((bits < least ? least : bits > most ? most : bits) * count);
}

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);
const quadratic = Math.fround(-0.34484843);
const linear = Math.fround(2.02466578);
const constant = Math.fround(0.67487759);

/** The base 2 logarithm of a 32-bit float: its exponent, and a parabola for the rest. */
function roughLog2(value: number): number {
  float[0] = value;
  const bits = floatBits[0]!;
  const exponent = ((bits >> 23) & 255) - 128;
  floatBits[0] = (bits & 0x807fffff) + (127 << 23);
  const rest = float[0];
  const slope = Math.fround(Math.fround(quadratic * rest) + linear);
  return Math.fround(exponent + Math.fround(Math.fround(slope * rest) - constant));
}
