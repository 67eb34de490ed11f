import { readSync } from "node:fs";

import { DdiffError } from "../../util/errors.ts";

/** Random access to a run of bytes that need not be in memory. */
export interface Bytes {
  /** In bytes. */
  readonly length: number;
  /**
   * Exactly `length` bytes from `offset`. The result may be a view of shared memory: it is not to be written
   * to, and is good only until the next `read`.
   */
  read(offset: number, length: number): Uint8Array;
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
    read(offset, count) {
      checkRange(offset, count, length);
      const bytes = Buffer.allocUnsafe(count);
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
    read(offset, count) {
      checkRange(offset, count, length);
      let at = 0;
      while (at + 1 < parts.length && (starts[at + 1] ?? 0) <= offset) at++;
      const first = parts[at];
      const inside = offset - (starts[at] ?? 0);
      if (first !== undefined && inside + count <= first.length) return first.read(inside, count);
      const bytes = Buffer.allocUnsafe(count);
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

/** The same bytes with a cache of 2.5 MiB, for many reads of at most 16 KiB; longer reads go through. */
export function cachedBytes(bytes: Bytes): Bytes {
  const blocks: (Uint8Array | undefined)[] = [];
  const numbers = new Float64Array(cacheSlots).fill(-1);
  return {
    length: bytes.length,
    read(offset, length) {
      if (length > cacheOverlap) return bytes.read(offset, length);
      checkRange(offset, length, bytes.length);
      const number = Math.floor(offset / cacheBlock);
      const slot = number % cacheSlots;
      let block = blocks[slot];
      const start = number * cacheBlock;
      if (block === undefined || numbers[slot] !== number) {
        const some = Math.min(cacheBlock + cacheOverlap, bytes.length - start);
        block ??= new Uint8Array(cacheBlock + cacheOverlap);
        block.set(bytes.read(start, some));
        blocks[slot] = block;
        numbers[slot] = number;
      }
      return block.subarray(offset - start, offset - start + length);
    },
  };
}

function checkRange(offset: number, length: number, total: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= total)) {
    throw new DdiffError(
      "READ_FAILED",
      `Bytes ${offset} to ${offset + length} were asked of something that has ${total}.`,
    );
  }
}
