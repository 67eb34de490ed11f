import { Sequences } from "./sequences.ts";

/** What distinguishes a level's way to search. */
interface MatcherShape {
  /** Matches are nearer than this. */
  windowSize: number;
  /** The largest block. */
  blockSize: number;
  /** Blocks below this have literals only. */
  smallestBlock: number;
  /** Tables in which each place is followed by what stands there, or only places. */
  tables: readonly { entries: Int32Array; step: 1 | 2 }[];
}

/**
 * What the levels have in common: the bytes seen last, at whose end the block grows that is searched next, and tables of places by the hash of what
 * stands there. In tables a place has `origin` added, so that what is 0 is too far away to count.
 */
export abstract class Matcher {
  /** What was found in the last block: matches, and the literals before and between them and at its end. */
  readonly sequences = new Sequences();
  readonly literals: Uint8Array;
  literalCount = 0;
  readonly windowSize: number;
  readonly blockSize: number;
  /** Reads of 8 bytes may go beyond what is filled. */
  readonly bytes: Uint8Array;
  /** Where the block stands in `bytes`. */
  start = 0;
  end = 0;
  protected readonly view: DataView;
  protected origin: number;
  private readonly shape: MatcherShape;
  private readonly literalView: DataView;

  constructor(shape: MatcherShape) {
    const { windowSize, blockSize } = shape;
    this.shape = shape;
    this.windowSize = windowSize;
    this.blockSize = blockSize;
    this.origin = windowSize;
    this.bytes = new Uint8Array(windowSize + spare + 16);
    this.view = new DataView(this.bytes.buffer);
    this.literals = new Uint8Array(blockSize + 8);
    this.literalView = new DataView(this.literals.buffer);
  }

  /** How many bytes the block has so far. */
  get size(): number {
    return this.end - this.start;
  }

  /** Puts as much of `input` at the end of the block as has room there; returns how much that is. */
  append(input: Uint8Array): number {
    const size = Math.min(input.length, this.start + this.blockSize - this.end);
    this.bytes.set(size === input.length ? input : input.subarray(0, size), this.end);
    this.end += size;
    return size;
  }

  /** Searches the block. `isOnly` where nothing is before it and nothing follows. */
  find(isOnly: boolean): void {
    this.clear();
    const isSmall = this.size < this.shape.smallestBlock;
    const rest = isSmall ? this.start : this.scan(isOnly);
    this.putLiterals(rest, this.end);
  }

  /** Begins the next block, an empty one. */
  next(): void {
    this.start = this.end;
    if (this.end + this.blockSize > this.windowSize + spare) this.move();
  }

  /** Forgets all blocks: what the tables say of them is too far away. */
  restart(): void {
    this.origin += this.end + this.windowSize;
    this.start = 0;
    this.end = 0;
    if (this.origin >= highestOrigin) this.countAnew();
  }

  /** Finds the matches of the block and returns where the literals begin that are left at its end. */
  protected abstract scan(isOnly: boolean): number;

  /** Forgets what was found in the block before. */
  protected clear(): void {
    this.sequences.count = 0;
    this.literalCount = 0;
  }

  /**
   * Puts a match, which may grow backwards down to `emitted`, with the literals from there on before it; returns where it ends.
   */
  protected putMatch(at: number, offset: number, length: number, emitted: number): number {
    const { bytes } = this;
    const lowest = Math.max(emitted, Math.max(at - this.windowSize, 0) + offset);
    let first = at;
    while (first > lowest && bytes[first - offset - 1] === bytes[first - 1]) first--;
    this.putLiterals(emitted, first);
    this.sequences.add(first - emitted, length + at - first, offset + 3);
    return at + length;
  }

  /** How many bytes are the same at two places, the later of which ends at `end`. */
  protected common(later: number, earlier: number, end: number): number {
    const { view } = this;
    const most = end - later;
    for (let i = 0; i < most; i += 4) {
      const other = view.getInt32(later + i, true) ^ view.getInt32(earlier + i, true);
      if (other !== 0) return Math.min(most, i + ((31 - Math.clz32(other & -other)) >> 3));
    }
    return most;
  }

  protected putLiterals(start: number, end: number): void {
    const { view, literalView, literalCount } = this;
    this.literalCount = literalCount + end - start;
    if (end - start > 64) this.literals.set(this.bytes.subarray(start, end), literalCount);
    // Eight at a time, though there may be fewer: those that follow are written over the rest.
    else
      for (let at = start, to = literalCount; at < end; at += 8, to += 8) {
        literalView.setInt32(to, view.getInt32(at, true), true);
        literalView.setInt32(to + 4, view.getInt32(at + 4, true), true);
      }
  }

  /** Keeps the window only. */
  private move(): void {
    const { windowSize } = this;
    const moved = this.end - windowSize;
    this.bytes.copyWithin(0, moved, this.end);
    this.start = windowSize;
    this.end = windowSize;
    this.origin += moved;
    if (this.origin >= highestOrigin) this.countAnew();
  }

  /** Counts places from the first byte that is kept; what stood before it is too far away in any case. */
  private countAnew(): void {
    const back = this.origin - this.windowSize;
    for (const { entries, step } of this.shape.tables)
      for (let i = 0; i < entries.length; i += step) entries[i] = Math.max(0, entries[i]! - back);
    this.origin = this.windowSize;
  }
}

/** So much more than the window is kept before what is too old is dropped. */
const spare = 4 << 20;
/** From here on, places are counted anew lest they outgrow 32 bits. */
const highestOrigin = 2 ** 31 - (32 << 20);
