import { BitOutput } from "../bit-output.ts";
import { DynamicHeader } from "../dynamic-header.ts";
import { fixedDistances, fixedLiterals, noDistances } from "../fixed-codes.ts";
import { PrefixCode } from "../prefix-code.ts";
import { countOf, extraBits } from "../symbol-counts.ts";
import { distanceSymbols, endOfBlock, literalSymbols } from "../symbols.ts";
import { countSymbols, putTokens } from "../tokens.ts";

/** What fits into a stored block. */
export const mostStored = 65_535;
const mostCodeBits = 15;
/** Room for the longest header of a block. */
const headerBytes = 640;

/** The bytes that a block's tokens stand for, from `start` to `end`; they may be stored instead if that is shorter. */
export interface BlockSource {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** Writes blocks as Go's compress/flate does: how it chooses between stored bytes, the fixed codes and codes of the block's own. */
export class GoBlockWriter {
  private readonly output: BitOutput;
  private readonly header = new DynamicHeader();
  private readonly literalCounts = new Int32Array(fixedLiterals.lengths.length);
  private readonly distanceCounts = new Int32Array(distanceSymbols);
  private readonly literalCode = new PrefixCode(literalSymbols);
  private readonly distanceCode = new PrefixCode(distanceSymbols);
  private literals = 0;
  private distances = 0;

  constructor(emit: (bytes: Uint8Array) => void) {
    this.output = new BitOutput(emit);
  }

  /**
   * Writes the first `size` tokens in whichever way is shortest. Without a source, stored bytes are no choice. Extra bits weigh only where
   * stored bytes are one, for both kinds of codes need them.
   */
  writeShortest(tokens: Int32Array, size: number, source: BlockSource | undefined): void {
    this.count(tokens, size);
    const storable = source !== undefined && source.end - source.start <= mostStored;
    const extra = storable ? extraBits(this.literalCounts, this.distanceCounts) : 0;
    const fixed =
      3 + fixedLiterals.cost(this.literalCounts) + fixedDistances.cost(this.distanceCounts) + extra;
    const dynamic = this.prepareDynamic() + extra;
    if (storable && storedBits(source) < Math.min(fixed, dynamic)) {
      this.writeStored(source);
    } else if (dynamic < fixed) this.putDynamic(tokens, size);
    else {
      this.output.reserve(6 * size + headerBytes);
      this.output.put(2, 3);
      putTokens(this.output, tokens, size, fixedLiterals, fixedDistances);
      this.output.put(fixedLiterals.codes[endOfBlock]!, fixedLiterals.lengths[endOfBlock]!);
    }
  }

  /** Writes tokens in codes of their own, or stores the bytes if that would save less than a sixteenth; extra bits count nothing here. */
  writeDynamic(tokens: Int32Array, size: number, source: BlockSource): void {
    this.count(tokens, size);
    if (hardlyShorter(this.prepareDynamic(), source)) this.writeStored(source);
    else this.putDynamic(tokens, size);
  }

  /** Writes bytes in a code of their own without looking for matches, or stores them if that would save less than a sixteenth. */
  writeLiterals(source: BlockSource): void {
    const { literalCounts, literalCode, output } = this;
    literalCounts.fill(0);
    for (let i = source.start; i < source.end; i++) literalCounts[source.bytes[i]!]!++;
    literalCounts[endOfBlock] = 1;
    literalCode.build(literalCounts, mostCodeBits);
    // Go counts one distance that is not there.
    const size =
      this.header.prepare(literalCode, endOfBlock + 1, noDistances, 1) + literalCode.cost(literalCounts) + 1;
    if (hardlyShorter(size, source)) {
      this.writeStored(source);
      return;
    }
    output.reserve(2 * (source.end - source.start) + headerBytes);
    this.header.put(output, false);
    const { codes, lengths } = literalCode;
    for (let i = source.start; i < source.end; i++) {
      const byte = source.bytes[i]!;
      output.put(codes[byte]!, lengths[byte]!);
    }
    output.put(codes[endOfBlock]!, lengths[endOfBlock]!);
  }

  /** Writes at most `mostStored` bytes as they are. */
  writeStored(source: BlockSource): void {
    this.putStoredHeader(source.end - source.start, false);
    this.output.putBytes(source.bytes, source.start, source.end);
  }

  /** Ends what was written with an empty stored block and hands it out; more may follow. */
  flush(): void {
    this.putStoredHeader(0, false);
    this.output.flush();
  }

  /** Ends the stream with an empty stored block and hands out what is left. */
  finish(): void {
    this.putStoredHeader(0, true);
    this.output.flush();
  }

  private putStoredHeader(size: number, last: boolean): void {
    const { output } = this;
    output.reserve(size + headerBytes);
    output.put(last ? 1 : 0, 3);
    output.align();
    output.put(size, 16);
    output.put(size ^ 0xffff, 16);
  }

  /** Counts the symbols and makes the codes that suit them. A block without matches gets a distance that is not used, as Go does it. */
  private count(tokens: Int32Array, size: number): void {
    const { literalCounts, distanceCounts } = this;
    literalCounts.fill(0);
    distanceCounts.fill(0);
    countSymbols(tokens, size, literalCounts, distanceCounts);
    literalCounts[endOfBlock] = 1;
    if (countOf(distanceCounts) === 0) distanceCounts[0] = 1;
    this.literals = countOf(literalCounts);
    this.distances = countOf(distanceCounts);
    this.literalCode.build(literalCounts, mostCodeBits);
    this.distanceCode.build(distanceCounts, mostCodeBits);
  }

  /** The bits of what was counted in codes of its own, without extra bits. */
  private prepareDynamic(): number {
    const { literalCode, distanceCode } = this;
    return (
      this.header.prepare(literalCode, this.literals, distanceCode, this.distances) +
      literalCode.cost(this.literalCounts) +
      distanceCode.cost(this.distanceCounts)
    );
  }

  private putDynamic(tokens: Int32Array, size: number): void {
    const { output, literalCode } = this;
    output.reserve(6 * size + headerBytes);
    this.header.put(output, false);
    putTokens(output, tokens, size, literalCode, this.distanceCode);
    output.put(literalCode.codes[endOfBlock]!, literalCode.lengths[endOfBlock]!);
  }
}

/** The bits that Go reckons for stored bytes: their header in whole bytes. */
function storedBits(source: BlockSource): number {
  return 8 * (source.end - source.start + 5);
}

/** True if so many bits save less than a sixteenth of stored bytes. */
function hardlyShorter(bits: number, source: BlockSource): boolean {
  return storedBits(source) < bits + (bits >>> 4);
}
