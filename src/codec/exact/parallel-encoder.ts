import { BlockCutter } from "./block-cutter.ts";
import { blockPool, type PackedBlock } from "./block-pool.ts";
import type { BlockFormat } from "./encoder.ts";

/** An encoder of blocks that are packed beside each other, in threads. */
export class ParallelEncoder {
  private readonly emit: (bytes: Uint8Array) => void;
  private readonly cutter: BlockCutter;
  private readonly underWay: Promise<PackedBlock>[] = [];

  /** `encoder` is the id of one that has these blocks. */
  constructor(encoder: string, blocks: BlockFormat, emit: (bytes: Uint8Array) => void) {
    this.emit = emit;
    this.cutter = new BlockCutter(blocks, (block, tail, isLast) => {
      const packed = blockPool.pack(encoder, block, tail, isLast);
      // Whoever waits for it hears of an error; until then nobody does.
      packed.catch(() => {});
      this.underWay.push(packed);
    });
  }

  /** Resolves when more should be written. */
  async write(input: Uint8Array): Promise<void> {
    this.cutter.write(input);
    await this.handOn(blockPool.room);
  }

  async finish(): Promise<void> {
    this.cutter.finish();
    await this.handOn(0);
  }

  /** Hands on packed blocks until so many are left. */
  private async handOn(left: number): Promise<void> {
    while (this.underWay.length > left) {
      const packed = await this.underWay.shift()!;
      this.emit(packed.bytes);
      packed.release();
    }
  }
}
