import type { BlockFormat } from "./encoder.ts";

/** Cuts what is written into blocks and hands each on with the end of the one before, both good only during the call. */
export class BlockCutter {
  private readonly hand: (block: Uint8Array, tail: Uint8Array, isLast: boolean) => void;
  private readonly tailSize: number;
  /** The end of the block before, and behind it the block. */
  private readonly bytes: Uint8Array;
  private tail: number;
  private filled: number;

  constructor(format: BlockFormat, hand: (block: Uint8Array, tail: Uint8Array, isLast: boolean) => void) {
    this.hand = hand;
    this.tailSize = format.tailSize;
    this.bytes = new Uint8Array(format.tailSize + format.size);
    this.tail = format.tailSize;
    this.filled = format.tailSize;
  }

  write(input: Uint8Array): void {
    for (let at = 0; at < input.length; ) {
      const some = input.subarray(at, at + this.bytes.length - this.filled);
      this.bytes.set(some, this.filled);
      this.filled += some.length;
      at += some.length;
      if (this.filled === this.bytes.length) this.cut(false);
    }
  }

  /** Hands on the last block, which may be empty. */
  finish(): void {
    this.cut(true);
  }

  private cut(isLast: boolean): void {
    const { bytes, tailSize, tail, filled } = this;
    this.hand(bytes.subarray(tailSize, filled), bytes.subarray(tail, tailSize), isLast);
    bytes.copyWithin(0, filled - tailSize, filled);
    this.tail = 0;
    this.filled = tailSize;
  }
}
