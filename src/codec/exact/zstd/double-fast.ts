import { hash5 } from "../klauspost/hash.ts";
import { hash8 } from "./hash8.ts";
import { Matcher } from "./matcher.ts";

const windowSize = 8 << 20;
/** At the end of a block so many bytes are not looked at. */
const margin = 10;
const longBits = 17;
const shortBits = 15;
/** Without a match, the step grows by one each time so many bytes were passed over, as a power of two. */
const patience = 7;
/** A match may begin with the offset before only behind so many sequences. */
const enough = 2;

/** Finds matches with two tables of places, by hashes of eight and of five bytes: klauspost's "double fast". */
export class DoubleFastMatcher extends Matcher {
  /** A place, and the four bytes that stand there. */
  private readonly long: Int32Array;
  private readonly short: Int32Array;

  constructor() {
    const long = new Int32Array(2 << longBits);
    const short = new Int32Array(2 << shortBits);
    super({
      windowSize,
      blockSize: 128 << 10,
      smallestBlock: 16,
      tables: [
        { entries: long, step: 2 },
        { entries: short, step: 2 },
      ],
    });
    this.long = long;
    this.short = short;
  }

  /** Finds the matches of the block and returns where the literals begin that are left at its end. */
  protected override scan(isOnly: boolean): number {
    const { bytes, view, long, short, origin, sequences, start, end } = this;
    const limit = end - margin;
    let at = start;
    let emitted = start;
    let offset = 1;
    let offsetBefore = 4;
    for (;;) {
      const mayRepeat = sequences.count > enough;
      let from: number;
      for (;;) {
        const low = view.getInt32(at, true);
        const high = view.getInt32(at + 4, true);
        const next = (low >>> 8) | (high << 24);
        const longAt = hash8(low, high, longBits) << 1;
        const shortAt = hash5(low, next, shortBits) << 1;
        const longPlace = long[longAt]! - origin;
        const longWord = long[longAt + 1]!;
        const shortPlace = short[shortAt]! - origin;
        const shortWord = short[shortAt + 1]!;
        long[longAt] = at + origin;
        long[longAt + 1] = low;
        short[shortAt] = at + origin;
        short[shortAt + 1] = low;
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
          continue;
        }
        if (longWord === low && at - longPlace < windowSize) {
          from = longPlace;
          break;
        }
        if (shortWord === low && at - shortPlace < windowSize) {
          from = shortPlace;
          const laterAt = hash8(next, view.getInt32(at + 5, true), longBits) << 1;
          const laterPlace = long[laterAt]! - origin;
          const laterWord = long[laterAt + 1]!;
          long[laterAt] = at + 1 + origin;
          long[laterAt + 1] = next;
          if (laterWord === next && at + 1 - laterPlace < windowSize) {
            from = laterPlace;
            at++;
          }
          break;
        }
        at += 1 + ((at - emitted) >> patience);
        if (at >= limit) return emitted;
      }
      offsetBefore = offset;
      offset = at - from;
      emitted = this.putMatch(at, offset, 4 + this.common(at + 4, from + 4, end), emitted);
      at = emitted;
      if (at >= limit) return emitted;
      this.remember(at - sequences.lastLength + 1);
      this.remember(at - 2);
      if (!(isOnly ? sequences.count > enough : mayRepeat)) continue;
      // A block that stands alone keeps its first hash here, whatever follows.
      let shortAt = -1;
      for (;;) {
        const low = view.getInt32(at, true);
        if (view.getInt32(at - offsetBefore, true) !== low) break;
        const high = view.getInt32(at + 4, true);
        if (shortAt < 0 || !isOnly) shortAt = hash5(low, (low >>> 8) | (high << 24), shortBits) << 1;
        const longAt = hash8(low, high, longBits) << 1;
        const repeated = 4 + this.common(at + 4, at - offsetBefore + 4, end);
        long[longAt] = at + origin;
        long[longAt + 1] = low;
        short[shortAt] = at + origin;
        short[shortAt + 1] = low;
        sequences.add(0, repeated, 1);
        at += repeated;
        emitted = at;
        const other = offset;
        offset = offsetBefore;
        offsetBefore = other;
        if (at >= limit) return emitted;
      }
    }
  }

  /** Puts a place into the table of long matches, and the next into that of short ones. */
  private remember(at: number): void {
    const { view, long, short, origin } = this;
    const low = view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    const longAt = hash8(low, high, longBits) << 1;
    long[longAt] = at + origin;
    long[longAt + 1] = low;
    const next = (low >>> 8) | (high << 24);
    const shortAt = hash5(next, (low >>> 16) | (high << 16), shortBits) << 1;
    short[shortAt] = at + 1 + origin;
    short[shortAt + 1] = next;
  }
}
