import type { BlockPacker } from "./encoder.ts";
import { encoders } from "./encoders.ts";

/** A block to pack. What it says goes to a thread; its bytes lie in memory that all threads see. */
export interface BlockJob {
  encoder: string;
  /** The end of the block before, behind it the block, behind that room for the packed block. */
  memory: SharedArrayBuffer;
  tailSize: number;
  blockSize: number;
  isLast: boolean;
}

/** The memory that a block needs: whatever it holds, it is packed to little more than itself. */
export function memoryFor(tailSize: number, blockSize: number): number {
  return tailSize + 2 * blockSize + (blockSize >> 8) + 1024;
}

let packerId: string | undefined;
let packer: BlockPacker | undefined;
let target: Uint8Array = new Uint8Array(0);
let size = 0;

/** Packs a block and returns the size of what stands behind it then. Throws an Error if the encoder is none with blocks. */
export function packBlock({ encoder, memory, tailSize, blockSize, isLast }: BlockJob): number {
  if (packerId !== encoder) {
    const format = encoders.find(({ id }) => id === encoder)?.blocks;
    // It is kept for the next block, which is likely to be of the same stream.
    packer = format?.makePacker((bytes) => {
      target.set(bytes, size);
      size += bytes.length;
    });
    packerId = encoder;
  }
  if (packer === undefined) throw new Error(`${encoder} has no blocks`);
  const end = tailSize + blockSize;
  target = new Uint8Array(memory, end);
  size = 0;
  packer.pack(new Uint8Array(memory, tailSize, blockSize), new Uint8Array(memory, 0, tailSize), isLast);
  return size;
}
