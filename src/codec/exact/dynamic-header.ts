import type { BitOutput } from "./bit-output.ts";
import { CodeLengthRuns, lengthOrder, lengthSymbols, repeatBits, repeatLast } from "./code-length-runs.ts";
import { PrefixCode } from "./prefix-code.ts";
import { distanceSymbols, literalSymbols } from "./symbols.ts";

/** The header of a block with codes of its own (RFC 1951, 3.2.7): the lengths of its codes, run by run, in a third code. */
export class DynamicHeader {
  readonly runs = new CodeLengthRuns(literalSymbols + distanceSymbols);
  /** The code of `runs`. */
  readonly lengthCode = new PrefixCode(lengthSymbols);
  /** How many lengths of that code are sent. */
  sentLengths = 0;
  /** How many symbols of each alphabet have lengths. */
  literals = 0;
  distances = 0;
  private readonly lengths = new Uint8Array(literalSymbols + distanceSymbols);

  /**
   * Prepares the header of the codes of the first so many symbols of each alphabet and returns its bits, the three that begin a block
   * included. Runs go over the border between the alphabets.
   */
  prepare(literalCode: PrefixCode, literals: number, distanceCode: PrefixCode, distances: number): number {
    const { lengths, runs, lengthCode } = this;
    lengths.set(literalCode.lengths.subarray(0, literals));
    lengths.set(distanceCode.lengths.subarray(0, distances), literals);
    this.literals = literals;
    this.distances = distances;
    runs.clear();
    runs.addLengths(lengths, 0, literals + distances);
    const { counts } = runs;
    lengthCode.build(counts, 7);
    this.sentLengths = lengthOrder.length;
    while (this.sentLengths > 4 && counts[lengthOrder[this.sentLengths - 1]!] === 0) this.sentLengths--;
    const repeated = repeatBits.reduce((sum, bits, i) => sum + bits * counts[repeatLast + i]!, 0);
    return 17 + 3 * this.sentLengths + lengthCode.cost(counts) + repeated;
  }

  /** Puts what was prepared. Room for 600 bytes must have been made. */
  put(output: BitOutput, last: boolean): void {
    const { runs, lengthCode } = this;
    output.put(last ? 5 : 4, 3);
    output.put(this.literals - 257, 5);
    output.put(this.distances - 1, 5);
    output.put(this.sentLengths - 4, 4);
    const { lengths, codes } = lengthCode;
    for (let i = 0; i < this.sentLengths; i++) output.put(lengths[lengthOrder[i]!]!, 3);
    for (let i = 0; i < runs.size; i++) {
      const symbol = runs.symbols[i]!;
      output.put(codes[symbol]!, lengths[symbol]!);
      if (symbol >= repeatLast) output.put(runs.repeats[i]!, repeatBits[symbol - repeatLast]!);
    }
  }
}
