import { matchToken } from "../tokens.ts";

/** Input is looked at in runs of so many bytes. */
export const runSize = 65_535;
/** Matches are nearer than this. */
export const farthest = 1 << 15;
/** At the end of a run so many bytes are literals in any case. */
export const margin = 11;
const longestMatch = 258;
const shortestMatch = 3;

/** Runs that are kept together with what stands before them. */
const capacity = 5 * runSize;
/** From here on, places are counted anew lest they outgrow 32 bits. */
const highestOrigin = 2 ** 31 - capacity - runSize - 1;

/**
 * What the levels 1 to 6 have in common: the bytes seen last, and tables of places by the hash of what stands there. In tables a place has
 * `origin` added, so that what is 0 or from an earlier stream is too far away to count.
 */
export abstract class Matcher {
  /** What was found in the last run; when nothing was, there are no tokens. */
  readonly tokens = new Int32Array(runSize + 1);
  count = 0;
  /** Reads of 4 bytes may go beyond what is filled. */
  protected readonly bytes = new Uint8Array(capacity + 8);
  protected readonly view = new DataView(this.bytes.buffer);
  protected origin = runSize;
  private filled = 0;
  /** Of what is longer than a token can say, up to 1.14 each part but the last has 255 bytes. */
  private readonly partsOf255: boolean;
  private readonly tables: Int32Array[];

  constructor(partsOf255: boolean, ...tables: Int32Array[]) {
    this.partsOf255 = partsOf255;
    this.tables = tables;
  }

  /** Forgets all bytes: matches are with what comes from here on. */
  reset(): void {
    if (this.origin <= highestOrigin) this.origin += farthest + this.filled;
    this.filled = 0;
  }

  /** Takes up to 65,535 bytes and finds their tokens. */
  find(input: Uint8Array, start: number, end: number): void {
    this.count = 0;
    if (this.origin >= highestOrigin) this.countAnew();
    if (this.filled + end - start > capacity) {
      const moved = this.filled - farthest;
      this.bytes.copyWithin(0, moved, this.filled);
      this.origin += moved;
      this.filled = farthest;
    }
    const from = this.filled;
    this.bytes.set(input.subarray(start, end), from);
    this.filled += end - start;
    if (end - start < margin + 2) return;
    const rest = this.scan(from, this.filled);
    // A run without a match has no tokens, for it is not written with them.
    if (this.count > 0) this.putLiterals(rest, this.filled);
  }

  /** Finds the tokens of a run that is part of `bytes`, and returns where the literals begin that are left at its end. */
  protected abstract scan(start: number, end: number): number;

  /**
   * Puts a match of the bytes at `at` with those at `from`, which begins earlier where the bytes before are the same, too, and before it the
   * literals from `start` on. Returns how long it has become; its end is where it was.
   */
  protected putExtended(start: number, at: number, from: number, length: number): number {
    const { bytes } = this;
    const distance = at - from;
    let first = at;
    while (first > distance && first > start && bytes[first - distance - 1] === bytes[first - 1]) first--;
    this.putLiterals(start, first);
    const whole = length + at - first;
    this.putMatch(whole, distance);
    return whole;
  }

  private putLiterals(start: number, end: number): void {
    const { bytes, tokens } = this;
    let { count } = this;
    for (let at = start; at < end; at++) tokens[count++] = bytes[at]!;
    this.count = count;
  }

  /** Puts a match of any length, in as many tokens as it takes, each of 3 bytes at least. */
  private putMatch(length: number, distance: number): void {
    let rest = length;
    while (rest > longestMatch) {
      const takesAll = rest > longestMatch + shortestMatch && !this.partsOf255;
      const part = takesAll ? longestMatch : longestMatch - shortestMatch;
      this.tokens[this.count++] = matchToken(part, distance);
      rest -= part;
    }
    this.tokens[this.count++] = matchToken(rest, distance);
  }

  /** How many bytes are the same at two places, the later of which has so many at most. */
  protected common(later: number, earlier: number, most: number): number {
    const { view } = this;
    for (let i = 0; i < most; i += 4) {
      const other = view.getInt32(later + i, true) ^ view.getInt32(earlier + i, true);
      if (other !== 0) return Math.min(most, i + ((31 - Math.clz32(other & -other)) >> 3));
    }
    return most;
  }

  private countAnew(): void {
    const nearest = this.origin + this.filled - farthest;
    for (const table of this.tables)
      for (let i = 0; i < table.length; i++) {
        const place = table[i]!;
        table[i] = this.filled === 0 || place <= nearest ? 0 : place - this.origin + farthest;
      }
    this.origin = farthest;
  }
}
