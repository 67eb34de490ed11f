import type { DeflateEncoder } from "../encoder.ts";
import { type BlockSource, GoBlockWriter, mostStored } from "./block-writer.ts";

/** How far back matches may be. */
const reach = 1 << 15;
const blocksHeld = 8;
const bufferSize = reach + blocksHeld * mostStored;

/**
 * What the levels 0, 1 and "Huffman only" of Go's compress/flate have in common: blocks of 65,535 bytes, the last one shorter. The
 * 32 KiB before a block stay where they can be read.
 */
export abstract class BlockEncoder implements DeflateEncoder {
  /** What came before, the block, and some more that may be read without harm. */
  protected readonly bytes = new Uint8Array(bufferSize + 8);
  protected readonly writer: GoBlockWriter;
  private readonly block: BlockSource = { bytes: this.bytes, start: reach, end: reach };

  constructor(emit: (bytes: Uint8Array) => void) {
    this.writer = new GoBlockWriter(emit);
  }

  write(input: Uint8Array): void {
    const { block } = this;
    for (let from = 0; from < input.length; ) {
      if (block.end - block.start === mostStored) this.next();
      const size = Math.min(mostStored - (block.end - block.start), input.length - from);
      this.bytes.set(input.subarray(from, from + size), block.end);
      block.end += size;
      from += size;
    }
  }

  flush(): void {
    if (this.block.end > this.block.start) this.next();
    this.writer.flush();
  }

  finish(): void {
    if (this.block.end > this.block.start) this.encode(this.block);
    this.writer.finish();
  }

  /** Writes a block: a full one, or the last. */
  protected abstract encode(block: BlockSource): void;

  /** All bytes moved towards the beginning by so many. */
  protected abstract moved(by: number): void;

  private next(): void {
    const { block } = this;
    this.encode(block);
    block.start = block.end;
    if (block.end + mostStored <= bufferSize) return;
    const by = block.end - reach;
    this.bytes.copyWithin(0, by, block.end);
    block.start = reach;
    block.end = reach;
    this.moved(by);
  }
}
