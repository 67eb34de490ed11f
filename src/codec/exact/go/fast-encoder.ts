import { matchToken } from "../tokens.ts";
import { BlockEncoder } from "./block-encoder.ts";
import { type BlockSource, mostStored } from "./block-writer.ts";

const mostDistance = 1 << 15;
/** A match found by four bytes may go on for so many more. */
const mostMore = 258 - 4;
const tableBits = 14;
const hashFactor = 0x1e35a7bd;
/** So near the end of a block no match begins. */
const margin = 15;
/** A last block that is shorter is not searched. */
const leastSearched = 128;
const leastCoded = 17;
/** Positions are counted from the buffer's begin on again, lest they outgrow 32 bits. */
const rebaseAt = 1 << 24;
/** Added to positions, so that the empty table's are out of reach. */
const firstOrigin = 1 << 16;

/**
 * The level 1 of Go's compress/flate from Go 1.8 to 1.26 ("BestSpeed"), in the manner of Snappy: one place for each hash of four bytes, and steps
 * that grow while nothing is found.
 */
export class FastEncoder extends BlockEncoder {
  private readonly view = new DataView(this.bytes.buffer);
  private readonly tokens = new Int32Array(mostStored);
  /** The latest place of each hash, as its position in `bytes` + `origin`. */
  private readonly table = new Int32Array(1 << tableBits);
  private origin = firstOrigin;

  protected override encode(block: BlockSource): void {
    const size = block.end - block.start;
    if (size < leastCoded) {
      this.writer.writeStored(block);
      return;
    }
    const count = size < leastSearched ? size : this.search(block.start, block.end);
    // With hardly fewer tokens than bytes, matches are not worth it.
    if (size < leastSearched || count > size - (size >>> 4)) this.writer.writeLiterals(block);
    else this.writer.writeDynamic(this.tokens, count, block);
  }

  protected override moved(by: number): void {
    this.origin += by;
    if (this.origin < rebaseAt) return;
    const { table } = this;
    const gone = this.origin - firstOrigin;
    for (let i = 0; i < table.length; i++) table[i] = Math.max(0, table[i]! - gone);
    this.origin = firstOrigin;
  }

  /** Fills `tokens` with what stands for the bytes from `start` to `end` and returns how many there are. */
  private search(start: number, end: number): number {
    const { bytes, view, table, tokens, origin } = this;
    const limit = end - margin;
    let count = 0;
    /** Bytes from here on have no token yet. */
    let pending = start;
    let at = start;
    let word = view.getInt32(at, true);
    search: for (;;) {
      let skip = 32;
      let place = 0;
      for (let next = at; ; ) {
        at = next;
        const step = skip >>> 5;
        next += step;
        skip += step;
        if (next > limit) break search;
        const hash = Math.imul(word, hashFactor) >>> (32 - tableBits);
        place = table[hash]! - origin;
        table[hash] = at + origin;
        if (at - place <= mostDistance && view.getInt32(place, true) === word) break;
        word = view.getInt32(next, true);
      }
      while (pending < at) tokens[count++] = bytes[pending++]!;
      for (;;) {
        const distance = at - place;
        const most = Math.min(at + 4 + mostMore, end);
        at += 4;
        while (at < most) {
          const difference = view.getInt32(at - distance, true) ^ view.getInt32(at, true);
          if (difference !== 0) {
            at += (31 - Math.clz32(difference & -difference)) >>> 3;
            break;
          }
          at += 4;
        }
        if (at > most) at = most;
        tokens[count++] = matchToken(at - pending, distance);
        pending = at;
        if (at >= limit) break search;
        table[Math.imul(view.getInt32(at - 1, true), hashFactor) >>> (32 - tableBits)] = at - 1 + origin;
        const here = view.getInt32(at, true);
        const hash = Math.imul(here, hashFactor) >>> (32 - tableBits);
        place = table[hash]! - origin;
        table[hash] = at + origin;
        if (at - place > mostDistance || view.getInt32(place, true) !== here) {
          at++;
          word = view.getInt32(at, true);
          break;
        }
      }
    }
    while (pending < end) tokens[count++] = bytes[pending++]!;
    return count;
  }
}
