import { readSync } from "node:fs";
import { Readable } from "node:stream";
import { DdiffError } from "./errors.ts";

/** Random access to a run of bytes that need not be in memory. */
export interface Bytes {
  /** In bytes. */
  readonly length: number;
  /**
   * Exactly `length` bytes from `offset`. The result may be a view of shared memory: it is not to be written
   * to, and is good only until the next `read`. Bytes that must be fetched go into `memory` where that is given and
   * large enough: a reader of many pieces lends its own, so that none of them waits for the garbage collector.
   */
  read(offset: number, length: number, memory?: Uint8Array): Uint8Array;
}

/** The bytes of a buffer, without a copy. */
export function bufferBytes(buffer: Uint8Array): Bytes {
  return {
    length: buffer.length,
    read(offset, length) {
      checkRange(offset, length, buffer.length);
      return buffer.subarray(offset, offset + length);
    },
  };
}

/** `length` bytes of the open file `fd` from `start`. Throws READ_FAILED where the file ends too early. */
export function fileBytes(fd: number, start: number, length: number): Bytes {
  return {
    length,
    read(offset, count, memory) {
      checkRange(offset, count, length);
      const bytes = room(count, memory);
      let done = 0;
      while (done < count) {
        const got = readSync(fd, bytes, done, count - done, start + offset + done);
        if (got === 0) {
          throw new DdiffError("READ_FAILED", "A file became shorter while it was read.", {
            hint: "Run the command again when nothing writes to the image.",
          });
        }
        done += got;
      }
      return bytes;
    },
  };
}

/** Several runs of bytes one behind the other, as one base for files that were split or merged. */
export function joinBytes(parts: readonly Bytes[]): Bytes {
  const starts: number[] = [];
  let length = 0;
  for (const part of parts) {
    starts.push(length);
    length += part.length;
  }
  return {
    length,
    read(offset, count, memory) {
      checkRange(offset, count, length);
      let at = 0;
      while (at + 1 < parts.length && (starts[at + 1] ?? 0) <= offset) at++;
      const first = parts[at];
      const inside = offset - (starts[at] ?? 0);
      if (first !== undefined && inside + count <= first.length) return first.read(inside, count, memory);
      const bytes = room(count, memory);
      let done = 0;
      for (; done < count; at++) {
        const part = parts[at];
        const from = offset + done - (starts[at] ?? 0);
        if (part === undefined) break;
        const some = Math.min(count - done, part.length - from);
        bytes.set(part.read(from, some), done);
        done += some;
      }
      return bytes;
    },
  };
}

const cacheBlock = 64 * 1024;
const cacheOverlap = 16 * 1024;
const cacheSlots = 32;

/** Memory for the cache of `cachedBytes`, to be used again and again, for one at a time. */
export type CacheMemory = (Uint8Array | undefined)[];

/** The same bytes with a cache of 2.5 MiB, for many reads of at most 16 KiB; longer reads go through. */
export function cachedBytes(bytes: Bytes, blocks: CacheMemory = []): Bytes {
  const numbers = new Float64Array(cacheSlots).fill(-1);
  return {
    length: bytes.length,
    read(offset, length, memory) {
      if (length > cacheOverlap) return bytes.read(offset, length, memory);
      checkRange(offset, length, bytes.length);
      const number = Math.floor(offset / cacheBlock);
      const slot = number % cacheSlots;
      let block = blocks[slot];
      const start = number * cacheBlock;
      if (block === undefined || numbers[slot] !== number) {
        const some = Math.min(cacheBlock + cacheOverlap, bytes.length - start);
        if (block === undefined || block.length < some) block = new Uint8Array(some);
        const fetched = bytes.read(start, some, block);
        if (fetched.buffer !== block.buffer) block.set(fetched);
        blocks[slot] = block;
        numbers[slot] = number;
      }
      return block.subarray(offset - start, offset - start + length);
    },
  };
}

/** A part of `bytes` as bytes of its own. */
export function part(bytes: Bytes, start: number, length: number): Bytes {
  return { length, read: (offset, count, memory) => bytes.read(start + offset, count, memory) };
}

const pieceSize = 1 << 20;

/** Bytes one piece after the other. All pieces share one memory: each is good only until the next is asked for. */
export async function* piecesOf(bytes: Bytes): AsyncGenerator<Buffer, void, void> {
  const memory = Buffer.allocUnsafe(Math.min(pieceSize, bytes.length));
  for (let at = 0; at < bytes.length; at += pieceSize) {
    const piece = bytes.read(at, Math.min(pieceSize, bytes.length - at), memory);
    yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
  }
}

/** Bytes as a stream of pieces of a mebibyte. */
export function streamOf(bytes: Bytes): Readable {
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceSize) {
      yield Buffer.from(bytes.read(at, Math.min(pieceSize, bytes.length - at)));
    }
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: pieceSize });
}

function room(length: number, memory: Uint8Array | undefined): Uint8Array {
  return memory !== undefined && memory.length >= length
    ? memory.subarray(0, length)
    : Buffer.allocUnsafe(length);
}

function checkRange(offset: number, length: number, total: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= total)) {
    throw new DdiffError(
      "READ_FAILED",
      `Bytes ${offset} to ${offset + length} were asked of something that has ${total}.`,
    );
  }
}
