import { hash5 } from "../klauspost/hash.ts";
import { hash8 } from "./hash8.ts";
import { Matcher } from "./matcher.ts";

/** At the end of a block so many bytes are not looked at. */
const margin = 10;
const longBits = 19;
const shortBits = 13;
/** Without a match, the step grows by one each time so many bytes were passed over, as a power of two. */
const patience = 8;
/** A match may begin with the offset before only behind so many sequences. */
const enough = 2;

/** What versions search otherwise. */
interface BetterShape {
  windowSize: number;
  /** So many bytes at a match's begin may be others in what is found by its end. */
  mayMiss: 0 | 3;
  /** Whether the places of a match are entered from where it was searched on, not from where it begins. */
  entersSearched: boolean;
  /** Whether it is seen at once that a block repeats one byte. */
  seesRuns: boolean;
}

/**
 * Finds matches with a table of the last two places by a hash of eight bytes and one of places by a hash of five: klauspost's "better". A short match
 * gives way to a longer one a byte further on, and any to a longer one that its end leads to.
 */
export class BetterMatcher extends Matcher {
  private readonly better: BetterShape;
  /** A place, and the one that stood here before it. */
  private readonly long: Int32Array;
  /** A place, and the four bytes that stand there. */
  private readonly short: Int32Array;
  /** The match that is best so far. */
  private at = 0;
  private from = 0;
  private length = 0;

  constructor(better: BetterShape) {
    const long = new Int32Array(2 << longBits);
    const short = new Int32Array(2 << shortBits);
    super({
      windowSize: better.windowSize,
      blockSize: 128 << 10,
      smallestBlock: 16,
      tables: [
        { entries: long, step: 1 },
        { entries: short, step: 2 },
      ],
    });
    this.better = better;
    this.long = long;
    this.short = short;
  }

  override find(isOnly: boolean): void {
    const { start, end, size } = this;
    if (!this.better.seesRuns || size < 4 || this.common(start + 1, start, end) < size - 1) {
      super.find(isOnly);
      return;
    }
    this.clear();
    this.putLiterals(start, start + 1);
    this.sequences.add(1, size - 1, 4);
  }

  protected override scan(): number {
    const { bytes, view, long, short, origin, sequences, windowSize, start, end } = this;
    const { entersSearched } = this.better;
    const limit = end - margin;
    let at = start;
    let emitted = start;
    let offset = 1;
    let offsetBefore = 4;
    for (;;) {
      const mayRepeat = sequences.count > enough;
      let searched: number;
      this.length = 0;
      for (;;) {
        const low = view.getInt32(at, true);
        const high = view.getInt32(at + 4, true);
        const next = (low >>> 8) | (high << 24);
        const longAt = hash8(low, high, longBits) << 1;
        const shortAt = hash5(low, next, shortBits) << 1;
        const place = long[longAt]!;
        const placeBefore = long[longAt + 1]! - origin;
        const shortPlace = short[shortAt]! - origin;
        const shortWord = short[shortAt + 1]!;
        long[longAt] = at + origin;
        long[longAt + 1] = place;
        short[shortAt] = at + origin;
        short[shortAt + 1] = low;
        searched = at + 1;
        if (mayRepeat && view.getInt32(at - offset + 1, true) === next) {
          const length = 4 + this.common(at + 5, at - offset + 5, end);
          const lowest = Math.max(emitted + 1, Math.max(at - windowSize, 0) + offset);
          let first = at + 1;
          while (first > lowest && bytes[first - offset - 1] === bytes[first - 1]) first--;
          this.putLiterals(emitted, first);
          sequences.add(first - emitted, length + at + 1 - first, 1);
          at += length + 1;
          emitted = at;
          if (at >= limit) return emitted;
          this.enter(searched, at - 1);
          continue;
        }
        this.tryLong(at, place - origin, low, high);
        this.tryLong(at, placeBefore, low, high);
        if (this.length > 0) break;
        if (shortWord === low && at - shortPlace < windowSize) {
          this.at = at;
          this.from = shortPlace;
          this.length = 4 + this.common(at + 4, shortPlace + 4, end);
          this.tryNext(at + 1, next);
          break;
        }
        at += 1 + ((at - emitted) >> patience);
        if (at >= limit) return emitted;
      }
      if (this.at + this.length < limit) this.tryEnd();
      offsetBefore = offset;
      offset = this.at - this.from;
      emitted = this.putMatch(this.at, offset, this.length, emitted);
      at = emitted;
      if (at >= limit) return emitted;
      this.enter(entersSearched ? searched : at - sequences.lastLength + 1, at - 1);
      if (!mayRepeat) continue;
      for (;;) {
        const low = view.getInt32(at, true);
        if (view.getInt32(at - offsetBefore, true) !== low) break;
        const high = view.getInt32(at + 4, true);
        const longAt = hash8(low, high, longBits) << 1;
        const shortAt = hash5(low, (low >>> 8) | (high << 24), shortBits) << 1;
        const length = 4 + this.common(at + 4, at - offsetBefore + 4, end);
        long[longAt + 1] = long[longAt]!;
        long[longAt] = at + origin;
        short[shortAt] = at + origin;
        short[shortAt + 1] = low;
        sequences.add(0, length, 1);
        at += length;
        emitted = at;
        const other = offset;
        offset = offsetBefore;
        offsetBefore = other;
        if (at >= limit) return emitted;
      }
    }
  }

  /** Takes a match of eight bytes or more if it is longer than the one so far. */
  private tryLong(at: number, from: number, low: number, high: number): void {
    const { view, windowSize, end } = this;
    if (at - from >= windowSize) return;
    if (view.getInt32(from, true) !== low || view.getInt32(from + 4, true) !== high) return;
    const length = 8 + this.common(at + 8, from + 8, end);
    if (length > this.length) this.take(at, from, length);
  }

  /** Looks for a longer match, and for the first of two, a byte behind a short one. */
  private tryNext(at: number, low: number): void {
    const { long, view, origin } = this;
    const high = view.getInt32(at + 4, true);
    const longAt = hash8(low, high, longBits) << 1;
    const place = long[longAt]!;
    const placeBefore = long[longAt + 1]!;
    long[longAt] = at + origin;
    long[longAt + 1] = place;
    this.tryLong(at, place - origin, low, high);
    if (this.at !== at) this.tryLong(at, placeBefore - origin, low, high);
  }

  /** Looks for a longer match by what follows the one so far. */
  private tryEnd(): void {
    const { long, view, origin, windowSize, end } = this;
    const { mayMiss } = this.better;
    const at = this.at + mayMiss;
    const after = this.at + this.length;
    const entry = hash8(view.getInt32(after, true), view.getInt32(after + 4, true), longBits) << 1;
    const word = view.getInt32(at, true);
    for (let i = 0; i < 2; i++) {
      // The second is as far before its end as the first is long, if that was taken.
      const from = long[entry + i]! - origin - this.length + mayMiss;
      if (from < 0 || from >= at || at - from >= windowSize || view.getInt32(from, true) !== word) continue;
      const length = 4 + this.common(at + 4, from + 4, end);
      if (length > this.length) this.take(at, from, length);
    }
  }

  private take(at: number, from: number, length: number): void {
    this.at = at;
    this.from = from;
    this.length = length;
  }

  /** Enters every second place from `start` on into the table of long matches, and those between into that of short ones. */
  private enter(start: number, end: number): void {
    const { view, long, short, origin } = this;
    for (let at = start; at < end; at += 2) {
      const low = view.getInt32(at, true);
      const high = view.getInt32(at + 4, true);
      const longAt = hash8(low, high, longBits) << 1;
      long[longAt + 1] = long[longAt]!;
      long[longAt] = at + origin;
      const next = (low >>> 8) | (high << 24);
      const shortAt = hash5(next, (low >>> 16) | (high << 16), shortBits) << 1;
      short[shortAt] = at + 1 + origin;
      short[shortAt + 1] = next;
    }
  }
}
