import { matchToken } from "../tokens.ts";

const windowSize = 1 << 15;
const windowMask = windowSize - 1;
const capacity = 1 << 21;
/** Where so few bytes of room are left, what is too old is let go of. */
const leastRoom = 1 << 20;
const hashBits = 15;
const hashMask = (1 << hashBits) - 1;
const shortest = 3;
const longest = 258;
/** zlib looks no further back. */
const farthest = windowSize - longest - shortest - 1;
/** A match of three bytes is not worth it from further away. */
const farForShort = 4096;
const rebaseAt = 1 << 30;

/** So many bytes must lie ahead, unless the end is there: a match at the next byte, and some that are read without need. */
export const leastAhead = longest + 1 + 8;

/** How a level of zlib searches. */
interface Effort {
  /** A match of so many bytes is taken without a look at the next byte; 0 takes every one. */
  lazy: number;
  /** After a match of so many bytes a quarter of the places is looked at. */
  good: number;
  /** A match of so many bytes ends the search. */
  nice: number;
  /** Places looked at. */
  tries: number;
  /** Of longer matches only the first place is entered. */
  entered: number;
}

/** The levels 1 to 9. */
export const efforts: readonly Effort[] = [
  { lazy: 0, good: 4, nice: 8, tries: 4, entered: 4 },
  { lazy: 0, good: 4, nice: 16, tries: 8, entered: 5 },
  { lazy: 0, good: 4, nice: 32, tries: 32, entered: 6 },
  { lazy: 4, good: 4, nice: 16, tries: 16, entered: longest },
  { lazy: 16, good: 8, nice: 32, tries: 32, entered: longest },
  { lazy: 16, good: 8, nice: 128, tries: 128, entered: longest },
  { lazy: 32, good: 8, nice: 128, tries: 256, entered: longest },
  { lazy: 128, good: 32, nice: 258, tries: 1024, entered: longest },
  { lazy: 258, good: 32, nice: 258, tries: 4096, entered: longest },
];

/** Foretells which tokens zlib, or GNU gzip, would choose next for known bytes, whatever was really chosen before. */
export class Predictor {
  /** What came before, what lies ahead, and some more that may be read without harm. */
  readonly bytes = new Uint8Array(capacity + 8);
  /** Where the next token begins, and where the known bytes end. */
  at = 0;
  end = 0;
  /** Whether a literal was foretold because the next byte begins a longer match. */
  isPutOff = false;
  private readonly view = new DataView(this.bytes.buffer);
  /** The latest place of each hash, as its index + `offset`; 0 for none. */
  private readonly heads = new Int32Array(1 << hashBits);
  private readonly previous = new Int32Array(windowSize);
  private offset = 0;
  /** The match at `at` that made the byte before it a literal, as its length << 16 plus its distance. */
  private ready = 0;
  private readonly effort: Effort;

  constructor(effort: Effort) {
    this.effort = effort;
  }

  /** Adds known bytes as far as there is room, and returns how many. */
  append(bytes: Uint8Array): number {
    if (capacity - this.end < leastRoom) this.slide();
    const size = Math.min(capacity - this.end, bytes.length);
    this.bytes.set(bytes.subarray(0, size), this.end);
    this.end += size;
    return size;
  }

  /** Adds the bytes that a token stands for; false where it reaches too far back. */
  appendToken(token: number): boolean {
    const { bytes } = this;
    if (capacity - this.end < leastRoom) this.slide();
    if (token < 256) {
      bytes[this.end++] = token;
      return true;
    }
    const from = this.end - (token >>> 8);
    if (from < 0) return false;
    const length = (token & 255) + 3;
    for (let i = 0; i < length; i++) bytes[this.end + i] = bytes[from + i]!;
    this.end += length;
    return true;
  }

  /** The token at `at`; `accept` is next. At least `leastAhead` bytes must lie ahead, or all there are. */
  predict(): number {
    const { at, effort } = this;
    let match = this.ready;
    this.ready = 0;
    this.isPutOff = false;
    if (match === 0) match = this.search(at, shortest - 1, effort.tries);
    this.enter(at, at + 1);
    const length = match >>> 16;
    if (match === 0) return this.bytes[at]!;
    if (length < effort.lazy) {
      const tries = length >= effort.good ? effort.tries >>> 2 : effort.tries;
      const better = this.search(at + 1, length, tries);
      if (better !== 0) {
        this.ready = better;
        this.isPutOff = true;
        return this.bytes[at]!;
      }
    }
    return matchToken(length, match & 0xffff);
  }

  /** Goes on behind the token that was really chosen, of so many bytes. */
  accept(length: number): void {
    if (length > 1) {
      this.ready = 0;
      if (length <= this.effort.entered) this.enter(this.at + 1, this.at + length);
    } else if (!this.isPutOff) this.ready = 0;
    this.at += length;
  }

  /** Goes on behind bytes that were stored. */
  skip(length: number): void {
    this.ready = 0;
    this.enter(this.at, this.at + length);
    this.at += length;
  }

  /**
   * Which of the places whose match with the bytes at `at` is long enough, the latest first, has this distance: from 1 on, or 0 where none has.
   * To be called after `predict`.
   */
  rankOf(distance: number, length: number): number {
    let rank = 0;
    let found = 0;
    this.walk((back) => {
      if (this.same(this.at - back, this.at) >= length) rank++;
      else return false;
      if (back === distance) found = rank;
      return found > 0;
    });
    return found;
  }

  /** The distance that has this rank; 0 where there is none. */
  distanceOf(rank: number, length: number): number {
    let left = rank;
    let found = 0;
    this.walk((back) => {
      if (this.same(this.at - back, this.at) >= length && --left === 0) found = back;
      return found > 0;
    });
    return found;
  }

  /** Visits the distances of places with the hash of `at`, the latest first, until told to stop. */
  private walk(visit: (distance: number) => boolean): void {
    const { at, previous, offset } = this;
    let place = at;
    for (let tries = 0; tries < 4096; tries++) {
      const next = previous[place & windowMask]! - offset;
      if (next >= place || next < 0 || at - next > windowSize || visit(at - next)) return;
      place = next;
      if (at - place === windowSize) return;
    }
  }

  /** How many bytes are the same at two places, up to the longest match. */
  private same(place: number, at: number): number {
    const { view } = this;
    const most = Math.min(longest, this.end - at);
    for (let same = 0; same < most; same += 4) {
      const difference = view.getInt32(place + same, true) ^ view.getInt32(at + same, true);
      if (difference !== 0) return Math.min(most, same + ((31 - Math.clz32(difference & -difference)) >>> 3));
    }
    return most;
  }

  private hash(at: number): number {
    const { bytes } = this;
    return ((bytes[at]! << 10) ^ (bytes[at + 1]! << 5) ^ bytes[at + 2]!) & hashMask;
  }

  private enter(from: number, to: number): void {
    const { heads, previous, offset } = this;
    const until = Math.min(to, this.end - shortest + 1);
    for (let i = from; i < until; i++) {
      const hash = this.hash(i);
      previous[i & windowMask] = heads[hash]!;
      heads[hash] = i + offset;
    }
  }

  /** The first of the longest matches of more than `beat` bytes, as its length << 16 plus its distance; 0 for none. */
  private search(at: number, beat: number, tries: number): number {
    const { view, previous, offset } = this;
    const most = Math.min(longest, this.end - at);
    if (most < shortest || beat >= most) return 0;
    const nice = Math.min(this.effort.nice, most);
    const head = this.heads[this.hash(at)]!;
    let place = head - offset;
    // In zlib the place 0 is none, and the first place may be further away by one.
    if (head === 0 || place < 0 || at - place > farthest) return 0;
    let length = beat;
    let distance = 0;
    for (let left = tries; ; ) {
      if (this.bytes[place + length] === this.bytes[at + length]) {
        let same = 0;
        while (same < most) {
          const difference = view.getInt32(place + same, true) ^ view.getInt32(at + same, true);
          if (difference !== 0) {
            same += (31 - Math.clz32(difference & -difference)) >>> 3;
            break;
          }
          same += 4;
        }
        if (same > most) same = most;
        if (same > length) {
          length = same;
          distance = at - place;
          if (same >= nice) break;
        }
      }
      const next = previous[place & windowMask]!;
      place = next - offset;
      if (next === 0 || place < 0 || at - place >= farthest || --left === 0) break;
    }
    const tooFar = length === shortest && distance > farForShort && this.effort.lazy > 0;
    return distance === 0 || tooFar ? 0 : (length << 16) | distance;
  }

  private slide(): void {
    const by = Math.max(0, this.at - windowSize) & ~windowMask;
    if (by === 0) return;
    this.bytes.copyWithin(0, by, this.end);
    this.at -= by;
    this.end -= by;
    this.offset += by;
    if (this.offset < rebaseAt) return;
    const gone = this.offset - windowSize;
    for (const table of [this.heads, this.previous])
      for (let i = 0; i < table.length; i++) table[i] = Math.max(0, table[i]! - gone);
    this.offset = windowSize;
  }
}
