import type { BitOutput } from "../bit-output.ts";
import { countOf, extraBits } from "../symbol-counts.ts";
import { endOfBlock, literalSymbols } from "../symbols.ts";
import { BlockWriter, guessedHeader } from "./block-writer.ts";
import { type CodeBounds, estimatedBits, possibleCodes, symbolBits } from "./estimate.ts";

/** What changed among the versions up to 1.13 in how blocks are written. */
export interface FillingHabits {
  /** Other codes cost one in 2^penalty more than they seem to. */
  penalty: number;
  /** Up to 1.11: entropies are taken as they are, and what literals would take is not tried but guessed from them. */
  guesses: boolean;
}

const anyCodes: CodeBounds = { least: -Infinity, most: Infinity };
const codesOfABit: CodeBounds = { least: 1, most: Infinity };

/**
 * Writes blocks as klauspost/compress did up to 1.13: codes are made for all symbols, whether they occur or not, so that they always can be used
 * for what comes next, and bytes are stored already when a sixteenth is not saved. There are no fixed codes.
 */
export class FillingBlockWriter extends BlockWriter {
  private readonly guesses: boolean;

  constructor(output: BitOutput, { penalty, guesses }: FillingHabits) {
    super(output, { listsAllSymbols: true, countsEnd: false, seesNoise: false }, penalty);
    this.guesses = guesses;
  }

  override writeTokens(
    tokens: Int32Array,
    size: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    closes: boolean,
  ): void {
    const { literals, distances } = this;
    this.countTokens(tokens, size);
    if (this.openForLiterals) this.end();
    let count = size;
    if (!closes) {
      count += fill(literals, literalSymbols);
      fill(distances, distances.length);
    } else {
      literals[endOfBlock] = 1;
      if (countOf(distances) === 0) distances[0] = 1;
    }
    const extra = extraBits(literals, distances);
    const stored = (end - start + 5) * 8;

    if (this.open > 0) {
      let best = this.costOfTokens() + extra;
      let fresh =
        this.open + estimatedBits(literals, distances, count, this.guesses ? anyCodes : possibleCodes);
      fresh += fresh >> this.penalty;
      if (fresh < best) {
        this.end();
        best = fresh;
      }
      if (stored < best + (best >> 4)) return this.store(bytes, start, end);
    }
    if (this.open === 0) {
      this.literalCode.build(literals, 15);
      this.distanceCode.build(distances, 15);
      const header = this.header.prepare(
        this.literalCode,
        closes ? countOf(literals) : literalSymbols,
        this.distanceCode,
        closes ? countOf(distances) : distances.length,
      );
      const own = header + this.costOfTokens() + extra;
      if (stored < own + (own >> 4)) return this.store(bytes, start, end);
      this.begin(header, false);
    }
    this.putOwn(tokens, size, closes);
  }

  override writeLiterals(bytes: Uint8Array, start: number, end: number, closes: boolean): void {
    if (!this.guesses) return super.writeLiterals(bytes, start, end, closes);
    const { literals } = this;
    this.countBytes(bytes, start, end);
    const share = Math.fround(1 / (end - start));
    let entropy = 0;
    let missing = 0;
    const bitsOfMissing = symbolBits(1, share, codesOfABit);
    for (let byte = 0; byte < 256; byte++) {
      entropy = Math.fround(entropy + symbolBits(literals[byte]!, share, codesOfABit));
      if (literals[byte] === 0) missing = Math.fround(missing + bitsOfMissing);
    }
    let fresh = roundedUp(entropy) + 15 + (this.open === 0 ? guessedHeader : this.open);
    fresh += fresh >> this.penalty;
    if ((end - start + 5) * 8 < fresh) return this.store(bytes, start, end);
    if (!closes) fill(literals, 256);
    if (this.open > 0 && fresh + (closes ? 0 : roundedUp(missing)) < this.literalCode.cost(literals))
      this.end();
    if (this.open === 0) {
      literals[endOfBlock] = 1;
      this.literalCode.build(literals, 15);
      this.beginLiterals();
    }
    this.putOwnLiterals(bytes, start, end, closes);
  }
}

/** Has the first so many symbols occur once that do not occur; how many that are. */
function fill(counts: Int32Array, size: number): number {
  let filled = 0;
  for (let symbol = 0; symbol < size; symbol++) {
    if (counts[symbol] !== 0) continue;
    counts[symbol] = 1;
    filled++;
  }
  return filled;
}

function roundedUp(bits: number): number {
  return Math.trunc(Math.fround(bits + Math.fround(0.99)));
}
