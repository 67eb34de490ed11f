/** In this order the lengths of the code for code lengths are sent (RFC 1951, 3.2.7). */
export const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;
export const repeatLast = 16;
const zerosShort = 17;
const zerosLong = 18;
/** Extra bits of the three symbols that repeat a length, `repeatLast` first. */
export const repeatBits = [2, 3, 7] as const;
/** The fewest repetitions that each of them stands for. */
export const leastRepeats = [3, 3, 11] as const;
/** Symbols of the code for code lengths. */
export const lengthSymbols = 19;

/** Code lengths as they are sent: lengths, and symbols that repeat one. */
export class CodeLengthRuns {
  readonly symbols: Uint8Array;
  /** For symbols that repeat: how often, less the fewest. */
  readonly repeats: Uint8Array;
  /** How often each symbol occurs. */
  readonly counts = new Int32Array(lengthSymbols);
  size = 0;

  constructor(most: number) {
    this.symbols = new Uint8Array(most);
    this.repeats = new Uint8Array(most);
  }

  clear(): void {
    this.size = 0;
    this.counts.fill(0);
  }

  /** Adds lengths as zlib, Go and nearly all do: as many as possible in each run, from its beginning. */
  addLengths(lengths: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to; ) {
      const length = lengths[i]!;
      let end = i + 1;
      while (end < to && lengths[end] === length) end++;
      this.addRun(length, end - i);
      i = end;
    }
  }

  add(symbol: number, repeats: number): void {
    this.symbols[this.size] = symbol;
    this.repeats[this.size++] = repeats;
    this.counts[symbol]!++;
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
}
