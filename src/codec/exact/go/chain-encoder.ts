import type { DeflateEncoder } from "../encoder.ts";
import { type BlockSource, GoBlockWriter } from "./block-writer.ts";

const windowSize = 1 << 15;
const windowMask = windowSize - 1;
/** The window moves on by its size when twice its size is full. */
const bufferSize = 2 * windowSize;
const mostLength = 258;
export const shortestMatch = 4;
/** While more is to come, the search stops when so few bytes lie ahead. */
const leastAhead = shortestMatch + mostLength;
/** A match of four bytes is not worth it from further away. */
const farForShort = 4096;
const hashBits = 17;
const hashFactor = 0x1e35a7bd;
const mostTokens = 1 << 14;
/** Positions are counted from here on again, lest they outgrow 32 bits. */
const rebaseAt = 1 << 24;
const noStart = 1 << 30;

/** How hard a level searches. */
export interface ChainEffort {
  /** Earlier places looked at. */
  tries: number;
  /** A match of so many bytes ends the search. */
  nice: number;
}

/**
 * The levels 2 to 9 of Go's compress/flate from Go 1.8 to 1.26: the places of each hash of four bytes are chained, and matches searched among the
 * latest. `scan` decides what is made of them.
 *
 * Go lets go of the older half of its window when it is asked to write more and at least 65,274 bytes are behind it. That hangs
 * on the sizes of writes in one case of thousands: where the search stopped at exactly that byte. Here the buffer is always filled first, as for one big write.
 */
export abstract class ChainEncoder implements DeflateEncoder {
  /** The window, the bytes ahead, and some more that may be read without harm. */
  protected readonly window = new Uint8Array(bufferSize + 8);
  protected readonly tokens = new Int32Array(mostTokens);
  protected tokenCount = 0;
  /** Where the search stands in the window. */
  protected index = 0;
  /** Where the bytes written so far end in the window. */
  protected end = 0;
  private readonly view = new DataView(this.window.buffer);
  /** The latest place of each hash, as its index + `offset`; 0 for none. */
  private readonly heads = new Int32Array(1 << hashBits);
  /** The place before a place with the same hash. */
  private readonly previous = new Int32Array(windowSize);
  private offset = 1;
  /** Where the block that is gathered began, or more if that is no longer in the window. */
  private blockStart = 0;
  private readonly source: BlockSource = { bytes: this.window, start: 0, end: 0 };
  private readonly writer: GoBlockWriter;
  private readonly tries: number;
  private readonly nice: number;

  constructor(effort: ChainEffort, emit: (bytes: Uint8Array) => void) {
    this.tries = effort.tries;
    this.nice = effort.nice;
    this.writer = new GoBlockWriter(emit);
  }

  write(input: Uint8Array): void {
    for (let from = 0; from < input.length; ) {
      if (this.end === bufferSize) {
        this.scan(this.end - leastAhead + 1);
        this.slide();
      }
      const size = Math.min(bufferSize - this.end, input.length - from);
      this.window.set(input.subarray(from, from + size), this.end);
      this.end += size;
      from += size;
    }
  }

  flush(): void {
    this.endBytes();
    this.writer.flush();
  }

  finish(): void {
    this.endBytes();
    this.writer.finish();
  }

  /** Searches from `index` on until it is at or beyond `until`, and adds tokens. At the end of all bytes none may be left over. */
  protected abstract scan(until: number): void;

  /** Enters a place and returns the latest before it with the same hash, or -1 if it is out of reach. Four bytes must lie ahead. */
  protected enter(index: number): number {
    const hash = Math.imul(this.view.getInt32(index, false), hashFactor) >>> (32 - hashBits);
    const head = this.heads[hash]!;
    this.previous[index & windowMask] = head;
    this.heads[hash] = index + this.offset;
    const place = head - this.offset;
    return place >= 0 && place >= index - windowSize ? place : -1;
  }

  /** Enters the places from `index` until `end` of which four bytes lie ahead. */
  protected enterAll(index: number, end: number): void {
    const { view, heads, previous, offset } = this;
    const until = Math.min(end, this.end - shortestMatch + 1);
    for (let i = index; i < until; i++) {
      const hash = Math.imul(view.getInt32(i, false), hashFactor) >>> (32 - hashBits);
      previous[i & windowMask] = heads[hash]!;
      heads[hash] = i + offset;
    }
  }

  /** The longest match with the place or those chained behind it, as its length << 16 plus its distance, or 0 if there is none. */
  protected longestMatch(index: number, place: number): number {
    const { view, previous, offset } = this;
    const most = Math.min(mostLength, this.end - index);
    const nice = Math.min(most, this.nice);
    const oldest = index - windowSize;
    const least = Math.max(oldest, 0);
    let length = shortestMatch - 1;
    let distance = 0;
    // What is longer has the same bytes up to where the longest so far ends.
    let tail = view.getInt32(index + length - 3, true);
    let candidate = place;
    for (let tries = this.tries; ; ) {
      if (view.getInt32(candidate + length - 3, true) === tail) {
        let same = 0;
        while (same < most) {
          const difference = view.getInt32(candidate + same, true) ^ view.getInt32(index + same, true);
          if (difference !== 0) {
            same += (31 - Math.clz32(difference & -difference)) >>> 3;
            break;
          }
          same += 4;
        }
        if (same > most) same = most;
        if (same > length && (same > shortestMatch || index - candidate <= farForShort)) {
          length = same;
          distance = index - candidate;
          if (same >= nice) break;
          tail = view.getInt32(index + length - 3, true);
        }
      }
      if (--tries === 0 || candidate === oldest) break;
      candidate = previous[candidate & windowMask]! - offset;
      if (candidate < least) break;
    }
    return distance === 0 ? 0 : (length << 16) | distance;
  }

  /** Adds a token; when a block is full of them it is written. It holds the bytes before `end`. */
  protected addToken(token: number, end: number): void {
    this.tokens[this.tokenCount++] = token;
    if (this.tokenCount === mostTokens) this.endBlock(end);
  }

  /** Writes all that was not written yet. */
  private endBytes(): void {
    this.scan(this.end);
    this.endBlock(this.index);
  }

  private endBlock(end: number): void {
    if (this.tokenCount === 0) return;
    this.source.start = this.blockStart;
    this.source.end = end;
    this.writer.writeShortest(this.tokens, this.tokenCount, this.blockStart <= end ? this.source : undefined);
    this.blockStart = end;
    this.tokenCount = 0;
  }

  private slide(): void {
    this.window.copyWithin(0, windowSize, bufferSize);
    this.index -= windowSize;
    this.end -= windowSize;
    this.blockStart = this.blockStart >= windowSize ? this.blockStart - windowSize : noStart;
    this.offset += windowSize;
    if (this.offset <= rebaseAt) return;
    const gone = this.offset - 1;
    this.offset = 1;
    for (const table of [this.heads, this.previous])
      for (let i = 0; i < table.length; i++) table[i] = Math.max(0, table[i]! - gone);
  }
}
