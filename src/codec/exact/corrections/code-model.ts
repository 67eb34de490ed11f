import { CodeLengthRuns, lengthOrder, lengthSymbols, repeatBits, repeatLast } from "../code-length-runs.ts";
import type { DynamicHeader } from "../dynamic-header.ts";
import { PrefixCode } from "../prefix-code.ts";
import { distanceSymbols, literalSymbols } from "../symbols.ts";
import { type BitCoder, codeNumber, codeValue, contexts, numberContexts } from "./bit-coder.ts";
import { zlibCodeLengths } from "./zlib-tree.ts";

/** Who would have chosen just these lengths: zlib, or the package-merge method as Go has it; or nobody. */
const choosers = { zlib: 0, packageMerge: 1, nobody: 2 } as const;

/** How the lengths of one alphabet's codes are coded: by who would have chosen them, and else one by one beside what package-merge gives. */
class LengthModel {
  private readonly coder: BitCoder;
  private readonly maxBits: number;
  private readonly byZlib: Uint8Array;
  private readonly byMerge: PrefixCode;
  private readonly chooser = contexts(4);
  private readonly hits = contexts(2 * 16);
  private readonly others = contexts(16 * 16);

  constructor(coder: BitCoder, symbols: number, maxBits: number) {
    this.coder = coder;
    this.maxBits = maxBits;
    this.byZlib = new Uint8Array(symbols);
    this.byMerge = new PrefixCode(symbols);
  }

  /** Codes lengths, which are put in place, of symbols that occur so often. */
  code(counts: Int32Array, lengths: Uint8Array): void {
    zlibCodeLengths(counts, this.maxBits, this.byZlib);
    this.byMerge.build(counts, this.maxBits);
    const given = isSame(lengths, this.byZlib) ? 0 : isSame(lengths, this.byMerge.lengths) ? 1 : 2;
    const chooser = codeValue(this.coder, this.chooser, 0, 2, given);
    if (chooser === choosers.zlib) lengths.set(this.byZlib);
    else if (chooser === choosers.packageMerge) lengths.set(this.byMerge.lengths);
    else this.codeEach(lengths);
  }

  private codeEach(lengths: Uint8Array): void {
    let before = 1;
    for (let i = 0; i < lengths.length; i++) {
      const likely = this.byMerge.lengths[i]!;
      before = this.coder.bit(this.hits, 2 * likely + before, lengths[i] === likely ? 1 : 0);
      lengths[i] = before === 1 ? likely : codeValue(this.coder, this.others, 16 * likely, 4, lengths[i]!);
    }
  }
}

/** How the header of a block with its own codes is coded. */
export class CodeModel {
  readonly literalLengths = new Uint8Array(literalSymbols);
  readonly distanceLengths = new Uint8Array(distanceSymbols);
  private readonly coder: BitCoder;
  private readonly literals: LengthModel;
  private readonly distances: LengthModel;
  private readonly lengths: LengthModel;
  private readonly numbers = contexts(4 * numberContexts);
  private readonly runKinds = contexts(4);
  private readonly runSymbols = contexts(64);
  private readonly repeats = contexts(3 * 128);
  private readonly likely = new CodeLengthRuns(literalSymbols + distanceSymbols);
  private readonly joined = new Uint8Array(literalSymbols + distanceSymbols);

  constructor(coder: BitCoder) {
    this.coder = coder;
    this.literals = new LengthModel(coder, literalSymbols, 15);
    this.distances = new LengthModel(coder, distanceSymbols, 15);
    this.lengths = new LengthModel(coder, lengthSymbols, 7);
  }

  /** Codes `literalLengths`, `distanceLengths` and the header, which are put in place, of a block whose symbols occur so often. */
  code(header: DynamicHeader, literalCounts: Int32Array, distanceCounts: Int32Array): void {
    this.literals.code(literalCounts, this.literalLengths);
    this.distances.code(distanceCounts, this.distanceLengths);
    const { numbers, lengthCode } = { numbers: this.codeNumbers(header), lengthCode: header.lengthCode };
    if (numbers.literals > literalSymbols || numbers.distances > distanceSymbols)
      throw new RangeError("corrections name more codes than there are");
    header.literals = numbers.literals;
    header.distances = numbers.distances;
    this.codeRuns(header);
    const lengths = lengthCode.lengths.slice();
    this.lengths.code(header.runs.counts, lengths);
    lengthCode.assign(lengths);
    let sent = lengthOrder.length;
    while (sent > 4 && lengths[lengthOrder[sent - 1]!] === 0) sent--;
    header.sentLengths = Math.min(lengthOrder.length, sent + this.codeMore(2, header.sentLengths - sent));
  }

  private codeNumbers(header: DynamicHeader): { literals: number; distances: number } {
    const literals = Math.max(257, usedOf(this.literalLengths));
    const distances = Math.max(1, usedOf(this.distanceLengths));
    return {
      literals: literals + this.codeMore(0, header.literals - literals),
      distances: distances + this.codeMore(1, header.distances - distances),
    };
  }

  /** A number that is nearly always 0. */
  private codeMore(which: number, value: number): number {
    return codeNumber(this.coder, this.numbers, which * numberContexts, Math.max(0, value));
  }

  /** The runs are those of both alphabets one behind the other, or of each for itself, or others. */
  private codeRuns({ runs, literals, distances }: DynamicHeader): void {
    const { joined, likely } = this;
    const total = literals + distances;
    joined.set(this.literalLengths.subarray(0, literals));
    joined.set(this.distanceLengths.subarray(0, distances), literals);
    let kind = 0;
    for (; kind < 2; kind++) {
      likely.clear();
      likely.addLengths(joined, 0, kind === 0 ? literals : total);
      if (kind === 0) likely.addLengths(joined, literals, total);
      if (this.coder.bit(this.runKinds, kind, isSameRuns(runs, likely) ? 1 : 0) === 1) break;
    }
    if (kind < 2) copyRuns(likely, runs);
    else this.codeEachRun(runs, total);
  }

  private codeEachRun(runs: CodeLengthRuns, most: number): void {
    const size = codeNumber(this.coder, this.numbers, 3 * numberContexts, runs.size);
    if (size > most) throw new RangeError("corrections name more lengths than there are");
    const { symbols, repeats } = runs;
    runs.clear();
    for (let i = 0; i < size; i++) {
      const symbol = codeValue(this.coder, this.runSymbols, 0, 5, symbols[i]!);
      if (symbol >= lengthSymbols) throw new RangeError("corrections name a length that there is not");
      const repeat = symbol - repeatLast;
      const extra =
        repeat < 0 ? 0 : codeValue(this.coder, this.repeats, 128 * repeat, repeatBits[repeat]!, repeats[i]!);
      runs.add(symbol, extra);
    }
  }
}

function usedOf(lengths: Uint8Array): number {
  return lengths.findLastIndex((length) => length !== 0) + 1;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((value, i) => value === other[i]);
}

function isSameRuns(one: CodeLengthRuns, other: CodeLengthRuns): boolean {
  if (one.size !== other.size) return false;
  for (let i = 0; i < one.size; i++)
    if (one.symbols[i] !== other.symbols[i] || one.repeats[i] !== other.repeats[i]) return false;
  return true;
}

function copyRuns(from: CodeLengthRuns, to: CodeLengthRuns): void {
  to.clear();
  for (let i = 0; i < from.size; i++) to.add(from.symbols[i]!, from.repeats[i]!);
}
