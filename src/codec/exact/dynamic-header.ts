import type { BitOutput } from "./bit-output.ts";
import { PrefixCode } from "./prefix-code.ts";
import { distanceSymbols, literalSymbols } from "./symbols.ts";

/** In this order the lengths of the code for code lengths are sent (RFC 1951, 3.2.7). */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;
const repeatLast = 16;
const zerosShort = 17;
const zerosLong = 18;
/** Extra bits of the three symbols above. */
const repeatBits = [2, 3, 7] as const;

/** The header of a block with codes of its own (RFC 1951, 3.2.7): the lengths of its codes, run by run, in a third code. */
export class DynamicHeader {
  private readonly symbols = new Uint8Array(literalSymbols + distanceSymbols);
  private readonly repeats = new Uint8Array(literalSymbols + distanceSymbols);
  private readonly lengths = new Uint8Array(literalSymbols + distanceSymbols);
  private readonly counts = new Int32Array(19);
  private readonly code = new PrefixCode(19);
  private size = 0;
  private codeLengths = 0;
  private literals = 0;
  private distances = 0;

  /**
   * Prepares the header of the codes of the first so many symbols of each alphabet and returns its bits, the three that begin a block
   * included. Runs go over the border between the alphabets. The first repetition of a run is never left out for a cheaper one.
   */
  prepare(literalCode: PrefixCode, literals: number, distanceCode: PrefixCode, distances: number): number {
    const { lengths, counts } = this;
    const total = literals + distances;
    lengths.set(literalCode.lengths.subarray(0, literals));
    lengths.set(distanceCode.lengths.subarray(0, distances), literals);
    this.literals = literals;
    this.distances = distances;
    this.size = 0;
    counts.fill(0);
    for (let i = 0; i < total; ) {
      const length = lengths[i]!;
      let end = i + 1;
      while (end < total && lengths[end] === length) end++;
      this.addRun(length, end - i);
      i = end;
    }
    this.code.build(counts, 7);
    this.codeLengths = lengthOrder.length;
    while (this.codeLengths > 4 && counts[lengthOrder[this.codeLengths - 1]!] === 0) this.codeLengths--;
    const repeated = repeatBits.reduce((sum, bits, i) => sum + bits * counts[repeatLast + i]!, 0);
    return 17 + 3 * this.codeLengths + this.code.cost(counts) + repeated;
  }

  /** Puts what was prepared. Room for 400 bytes must have been made. */
  put(output: BitOutput, last: boolean): void {
    output.put(last ? 5 : 4, 3);
    output.put(this.literals - 257, 5);
    output.put(this.distances - 1, 5);
    output.put(this.codeLengths - 4, 4);
    const { lengths, codes } = this.code;
    for (let i = 0; i < this.codeLengths; i++) output.put(lengths[lengthOrder[i]!]!, 3);
    for (let i = 0; i < this.size; i++) {
      const symbol = this.symbols[i]!;
      output.put(codes[symbol]!, lengths[symbol]!);
      if (symbol >= repeatLast) output.put(this.repeats[i]!, repeatBits[symbol - repeatLast]!);
    }
  }

  private addRun(length: number, run: number): void {
    let rest = run;
    if (length === 0) {
      for (; rest >= 11; rest -= Math.min(138, rest)) this.add(zerosLong, Math.min(138, rest) - 11);
      if (rest >= 3) {
        this.add(zerosShort, rest - 3);
        rest = 0;
      }
    } else {
      this.add(length, 0);
      for (rest--; rest >= 3; rest -= Math.min(6, rest)) this.add(repeatLast, Math.min(6, rest) - 3);
    }
    for (; rest > 0; rest--) this.add(length, 0);
  }

  private add(symbol: number, repeats: number): void {
    this.symbols[this.size] = symbol;
    this.repeats[this.size++] = repeats;
    this.counts[symbol]!++;
  }
}
