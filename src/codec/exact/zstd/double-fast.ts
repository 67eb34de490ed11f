import { hash5 } from "../klauspost/hash.ts";
import { upperProduct } from "./multiply.ts";
import { Sequences } from "./sequences.ts";

/** Matches are nearer than this. */
export const windowSize = 8 << 20;
export const blockSize = 128 << 10;
/** At the end of a block so many bytes are not looked at. */
const margin = 10;
/** Blocks below this have literals only. */
const smallestBlock = 16;
const longBits = 17;
const shortBits = 15;
const prime8Low = 0xb7a56463 | 0;
const prime8High = 0xcf1bbcdc | 0;
/** Without a match, the step grows by one each time so many bytes were passed over, as a power of two. */
const patience = 7;
/** A match may begin with the offset before only behind so many sequences. */
const enough = 2;

const capacity = windowSize + (4 << 20);
/** From here on, places are counted anew lest they outgrow 32 bits. */
const highestOrigin = 2 ** 31 - 2 * capacity;

/**
 * Finds matches with two tables of places, by hashes of eight and of five bytes: klauspost's "double fast". In tables a place has `origin` added,
 * so that what is 0 is too far away to count.
 */
export class DoubleFastMatcher {
  readonly sequences = new Sequences();
  readonly literals = new Uint8Array(blockSize);
  literalCount = 0;
  // Reads of 8 bytes may go beyond what is filled.
  private readonly bytes = new Uint8Array(capacity + 16);
  private readonly view = new DataView(this.bytes.buffer);
  private filled = 0;
  private origin = windowSize;
  /** A place, and the four bytes that stand there. */
  private readonly long = new Int32Array(2 << longBits);
  private readonly short = new Int32Array(2 << shortBits);

  /** Takes the next block, of at most `blockSize` bytes. `isOnly` where nothing is before it and nothing follows. */
  find(block: Uint8Array, isOnly: boolean): void {
    this.sequences.count = 0;
    this.literalCount = 0;
    if (this.filled + block.length > capacity) this.move();
    const start = this.filled;
    this.bytes.set(block, start);
    this.filled += block.length;
    const rest = block.length < smallestBlock ? start : this.scan(start, this.filled, isOnly);
    this.putLiterals(rest, this.filled);
  }

  /** Forgets all blocks: what the tables say of them is too far away. */
  restart(): void {
    this.origin += this.filled + windowSize;
    this.filled = 0;
    if (this.origin < highestOrigin) return;
    for (const table of [this.long, this.short]) table.fill(0);
    this.origin = windowSize;
  }

  /** Keeps the window only. */
  private move(): void {
    const moved = this.filled - windowSize;
    this.bytes.copyWithin(0, moved, this.filled);
    this.filled = windowSize;
    this.origin += moved;
    if (this.origin < highestOrigin) return;
    const back = this.origin - windowSize;
    for (const table of [this.long, this.short])
      for (let i = 0; i < table.length; i += 2) table[i] = Math.max(0, table[i]! - back);
    this.origin = windowSize;
  }

  /** Finds the matches of a block and returns where the literals begin that are left at its end. */
  private scan(start: number, end: number, isOnly: boolean): number {
    const { bytes, view, long, short, origin, sequences } = this;
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
        const longAt = hash8(low, high) << 1;
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
          const laterHigh = view.getInt32(at + 5, true);
          const laterAt = hash8(next, laterHigh) << 1;
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
      let length = 4 + this.common(at + 4, from + 4, end);
      const lowest = Math.max(emitted, Math.max(at - windowSize, 0) + offset);
      while (at > lowest && bytes[at - offset - 1] === bytes[at - 1]) {
        at--;
        length++;
      }
      this.putLiterals(emitted, at);
      sequences.add(at - emitted, length, offset + 3);
      const begun = at;
      at += length;
      emitted = at;
      if (at >= limit) return emitted;
      this.remember(begun + 1);
      this.remember(at - 2);
      if (!(isOnly ? sequences.count > enough : mayRepeat)) continue;
      // A block that stands alone keeps its first hash here, whatever follows.
      let shortAt = -1;
      for (;;) {
        const low = view.getInt32(at, true);
        if (view.getInt32(at - offsetBefore, true) !== low) break;
        const high = view.getInt32(at + 4, true);
        if (shortAt < 0 || !isOnly) shortAt = hash5(low, (low >>> 8) | (high << 24), shortBits) << 1;
        const longAt = hash8(low, high) << 1;
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
    const longAt = hash8(low, high) << 1;
    long[longAt] = at + origin;
    long[longAt + 1] = low;
    const next = (low >>> 8) | (high << 24);
    const shortAt = hash5(next, (low >>> 16) | (high << 16), shortBits) << 1;
    short[shortAt] = at + 1 + origin;
    short[shortAt + 1] = next;
  }

  /** How many bytes are the same at two places, the later of which ends at `end`. */
  private common(later: number, earlier: number, end: number): number {
    const { view } = this;
    const most = end - later;
    for (let i = 0; i < most; i += 4) {
      const other = view.getInt32(later + i, true) ^ view.getInt32(earlier + i, true);
      if (other !== 0) return Math.min(most, i + ((31 - Math.clz32(other & -other)) >> 3));
    }
    return most;
  }

  private putLiterals(start: number, end: number): void {
    const { bytes, literals } = this;
    let { literalCount } = this;
    if (end - start > 64) literals.set(bytes.subarray(start, end), literalCount);
    else for (let at = start, to = literalCount; at < end; ) literals[to++] = bytes[at++]!;
    literalCount += end - start;
    this.literalCount = literalCount;
  }
}

/** Of 8 bytes, read as two numbers: the upper bits of the lower half of the product with a prime. */
function hash8(low: number, high: number): number {
  return (
    (upperProduct(low, prime8Low) + Math.imul(low, prime8High) + Math.imul(high, prime8Low)) >>>
    (32 - longBits)
  );
}
