import type { BitOutput } from "../bit-output.ts";
import { DynamicHeader } from "../dynamic-header.ts";
import { PrefixCode } from "../prefix-code.ts";
import { fixedDistances, fixedLiterals, noDistances } from "../fixed-codes.ts";
import { countOf, extraBits } from "../symbol-counts.ts";
import { distanceSymbols, endOfBlock, literalSymbols } from "../symbols.ts";
import { countSymbols, putTokens } from "../tokens.ts";
import { estimatedBits, possibleCodes } from "./estimate.ts";

/** What changed over the versions in how blocks are written. */
export interface BlockHabits {
  /** A header lists all symbols there are, not those up to the last that has a code. Up to 1.18.0. */
  listsAllSymbols: boolean;
  /** The end of the block counts when codes are weighed against each other. From 1.18.2. */
  countsEnd: boolean;
  /** Noise is stored without a try. From 1.14. */
  seesNoise: boolean;
}

/** A stored block holds no more bytes. */
const mostStored = 65_535;
/** With so many tokens and more, fixed codes are not thought of. */
const manyTokens = 250;
/** What the header of a block of literals is thought to take, in bits. */
export const guessedHeader = 70 * 8;

/**
 * Writes blocks as klauspost/compress does: the codes of one header serve for several runs of tokens. The end of its block is then owed until
 * tokens come that need or deserve codes of their own.
 */
export class BlockWriter {
  protected readonly output: BitOutput;
  private readonly habits: BlockHabits;
  /** Other codes cost one in 2^penalty more than they seem to. */
  protected readonly penalty: number;
  protected literalCode = new PrefixCode(literalSymbols);
  private spareCode = new PrefixCode(literalSymbols);
  protected readonly distanceCode = new PrefixCode(distanceSymbols);
  protected readonly header = new DynamicHeader();
  protected readonly literals = new Int32Array(fixedLiterals.lengths.length);
  protected readonly distances = new Int32Array(distanceSymbols);
  /** The size of the header whose block is still open, in bits; 0 when none is. */
  protected open = 0;
  /** The open block has no codes but for literals. */
  protected openForLiterals = false;

  constructor(output: BitOutput, habits: BlockHabits, penalty: number) {
    this.output = output;
    this.habits = habits;
    this.penalty = penalty;
  }

  /** Begins a new stream. */
  reset(): void {
    this.open = 0;
  }

  /** Puts bytes as they are, at most 65,535. */
  store(bytes: Uint8Array, start: number, end: number): void {
    this.end();
    this.output.reserve(end - start + 16);
    this.output.put(0, 3);
    this.output.align();
    this.output.put(end - start, 16);
    this.output.put(~(end - start) & 0xffff, 16);
    this.output.putBytes(bytes, start, end);
  }

  /** Puts an empty stored block: all that was written so far can then be unpacked. */
  sync(): void {
    this.store(new Uint8Array(0), 0, 0);
  }

  /** Ends the stream with an empty block of fixed codes. */
  finish(): void {
    this.end();
    this.output.reserve(16);
    this.output.put(3, 3);
    this.output.put(0, 7);
    this.output.align();
  }

  /**
   * Writes tokens with the codes at hand, codes of their own or the fixed ones, or the bytes they stand for, whatever seems smallest. Where
   * these bytes are not at hand any more, `start` is -1. `closes`: the block is ended at once.
   */
  writeTokens(
    tokens: Int32Array,
    size: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    closes: boolean,
  ): void {
    const { literals, distances } = this;
    this.countTokens(tokens, size);
    if (this.open > 0 && (this.openForLiterals || !this.canBeReused())) this.end();
    const count = closes ? size + 1 : size;
    const listsAll = this.habits.listsAllSymbols && !closes;
    if (closes || this.habits.countsEnd) literals[endOfBlock] = 1;
    if (!listsAll && countOf(distances) === 0) distances[0] = 1;
    const extra = extraBits(literals, distances);
    const stored = start < 0 || end - start > mostStored ? Infinity : (end - start + 5) * 8;

    if (this.open > 0) {
      let best = this.costOfTokens() + extra;
      let fresh = this.open + estimatedBits(literals, distances, count, possibleCodes);
      fresh += this.literalCode.lengths[endOfBlock]! + (fresh >> this.penalty);
      if (fresh < best) {
        this.end();
        best = fresh;
      }
      if (count < manyTokens && fixedCost(literals, distances) + extra + 7 < best) {
        if (stored <= best) this.store(bytes, start, end);
        else this.putFixed(tokens, size);
        return;
      }
      if (stored <= best) return this.store(bytes, start, end);
    }
    if (this.open === 0) {
      literals[endOfBlock] = 1;
      this.literalCode.build(literals, 15);
      this.distanceCode.build(distances, 15);
      const header = this.header.prepare(
        this.literalCode,
        listsAll ? literalSymbols : countOf(literals),
        this.distanceCode,
        listsAll ? distanceSymbols : countOf(distances),
      );
      const own = header + this.costOfTokens() + extra;
      const fixed = count < manyTokens ? fixedCost(literals, distances) + extra : Infinity;
      if (stored <= Math.min(fixed, own)) return this.store(bytes, start, end);
      if (fixed <= own) return this.putFixed(tokens, size);
      this.begin(header, false);
    }
    this.putOwn(tokens, size, closes);
  }

  private putFixed(tokens: Int32Array, size: number): void {
    this.end();
    this.output.reserve(6 * size + 16);
    this.output.put(2, 3);
    putTokens(this.output, tokens, size, fixedLiterals, fixedDistances);
    this.output.put(0, 7);
  }

  /** Writes bytes as literals, with the codes at hand or codes of their own, or stores them. `closes`: the block is ended at once. */
  writeLiterals(bytes: Uint8Array, start: number, end: number, closes: boolean): void {
    const { literals } = this;
    this.countBytes(bytes, start, end);
    if (this.habits.seesNoise && end - start > 1024 && isNoise(literals, end - start))
      return this.store(bytes, start, end);
    literals[endOfBlock] = 1;
    this.spareCode.build(literals, 15);
    let fresh = this.spareCode.cost(literals) + (this.open === 0 ? guessedHeader : this.open);
    fresh += fresh >> this.penalty;
    if ((end - start + 5) * 8 <= fresh) return this.store(bytes, start, end);
    literals[endOfBlock] = 0;
    if (this.open > 0) {
      const reused = covers(this.literalCode, literals) ? this.literalCode.cost(literals) : Infinity;
      if (fresh < reused) this.end();
    }
    if (this.open === 0) {
      const code = this.spareCode;
      this.spareCode = this.literalCode;
      this.literalCode = code;
      this.beginLiterals();
    }
    this.putOwnLiterals(bytes, start, end, closes);
  }

  protected countTokens(tokens: Int32Array, size: number): void {
    this.literals.fill(0);
    this.distances.fill(0);
    countSymbols(tokens, size, this.literals, this.distances);
  }

  protected countBytes(bytes: Uint8Array, start: number, end: number): void {
    const { literals } = this;
    literals.fill(0);
    for (let at = start; at < end; at++) literals[bytes[at]!]!++;
  }

  /** The bits of what was counted in the codes at hand, without extra bits. */
  protected costOfTokens(): number {
    return this.literalCode.cost(this.literals) + this.distanceCode.cost(this.distances);
  }

  /** Begins a block with the codes at hand, whose header is prepared and takes so many bits. */
  protected begin(header: number, forLiterals: boolean): void {
    this.output.reserve(400);
    this.header.put(this.output, false);
    this.open = header;
    this.openForLiterals = forLiterals;
  }

  protected beginLiterals(): void {
    this.begin(this.header.prepare(this.literalCode, endOfBlock + 1, noDistances, 1), true);
  }

  protected putOwn(tokens: Int32Array, size: number, closes: boolean): void {
    this.output.reserve(6 * size);
    putTokens(this.output, tokens, size, this.literalCode, this.distanceCode);
    if (closes) this.end();
  }

  protected putOwnLiterals(bytes: Uint8Array, start: number, end: number, closes: boolean): void {
    this.output.reserve(2 * (end - start));
    putLiterals(this.output, bytes, start, end, this.literalCode);
    if (closes) this.end();
  }

  /** Ends the block that is open. */
  protected end(): void {
    if (this.open === 0) return;
    this.output.reserve(16);
    this.output.put(this.literalCode.codes[endOfBlock]!, this.literalCode.lengths[endOfBlock]!);
    this.open = 0;
  }

  private canBeReused(): boolean {
    return covers(this.distanceCode, this.distances) && covers(this.literalCode, this.literals);
  }
}

/** Whether all symbols that occur have a code. */
function covers(code: PrefixCode, counts: Int32Array): boolean {
  const { lengths } = code;
  for (let symbol = 0; symbol < lengths.length; symbol++)
    if (counts[symbol] !== 0 && lengths[symbol] === 0) return false;
  return true;
}

function fixedCost(literals: Int32Array, distances: Int32Array): number {
  return 3 + fixedLiterals.cost(literals) + fixedDistances.cost(distances);
}

/** Whether all bytes occur about equally often, so that no code can save anything. */
function isNoise(counts: Int32Array, size: number): boolean {
  const mean = size / 256;
  let squares = 0;
  for (let byte = 0; byte < 256; byte++) squares += (counts[byte]! - mean) ** 2;
  return squares < 2 * size;
}

/** Puts bytes as literals; room for 2 bytes each must have been made. */
function putLiterals(
  output: BitOutput,
  bytes: Uint8Array,
  start: number,
  end: number,
  code: PrefixCode,
): void {
  const { words } = output;
  const { codes, lengths } = code;
  let { at, word, filled } = output;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    const value = codes[byte]!;
    const count = lengths[byte]!;
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
