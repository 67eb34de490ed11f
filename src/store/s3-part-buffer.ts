import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { firstPart } from "./s3-part-plan.ts";

/** The bytes of a part while it fills: in memory, or in a file of the temporary folder where it is large or memory is short. */
export interface PartBuffer {
  readonly size: number;
  /** Bytes that still fit. */
  readonly room: number;
  write(bytes: Buffer): Promise<void>;
  /** What was written, to be sent (again and again). Nothing may be written while it is read. */
  body(): Buffer | Readable;
  /** Whether `body` is a stream, which the SDK cannot send a second time by itself. */
  readonly streams: boolean;
  dispose(): Promise<void>;
}

/** Bytes up to which a buffer has memory of its own. */
const mostSmall = 256 * 1024;
/** Blocks of 8 MiB for the others, of all uploads of this process: beyond them parts go through files, so that memory is bounded. */
const mostBlocks = 2;
const freeBlocks: Buffer[] = [];
let lentBlocks = 0;

/** An empty buffer for `capacity` bytes. */
export function openPartBuffer(capacity: number): PartBuffer {
  let memory: Buffer = Buffer.alloc(0);
  let file: { folder: string; path: string; handle: FileHandle } | undefined;
  let isBlock = false;
  let size = 0;

  /** Makes place for `bytes` in all. */
  async function grow(bytes: number): Promise<void> {
    if (file !== undefined || bytes <= memory.length) return;
    const small = memory;
    if (bytes <= mostSmall) {
      memory = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(mostSmall, 2 * small.length)));
    } else if (capacity <= firstPart && lentBlocks < mostBlocks) {
      lentBlocks++;
      isBlock = true;
      memory = freeBlocks.pop() ?? Buffer.allocUnsafeSlow(firstPart);
    } else {
      file = await openFile();
      await writeAll(file.handle, small.subarray(0, size), 0);
      memory = Buffer.alloc(0);
      return;
    }
    small.copy(memory, 0, 0, size);
  }

  return {
    get size() {
      return size;
    },
    get room() {
      return capacity - size;
    },
    get streams() {
      return file !== undefined;
    },
    async write(chunk) {
      await grow(size + chunk.length);
      if (file === undefined) chunk.copy(memory, size);
      else await writeAll(file.handle, chunk, size);
      size += chunk.length;
    },
    body() {
      return file === undefined
        ? memory.subarray(0, size)
        : createReadStream(file.path, { highWaterMark: 256 * 1024 });
    },
    async dispose() {
      const [block, gone] = [isBlock ? memory : undefined, file];
      isBlock = false;
      file = undefined;
      memory = Buffer.alloc(0);
      size = 0;
      if (block !== undefined) {
        lentBlocks--;
        freeBlocks.push(block);
      }
      if (gone !== undefined) {
        await gone.handle.close();
        await rm(gone.folder, { recursive: true, force: true });
      }
    },
  };
}

async function openFile(): Promise<{ folder: string; path: string; handle: FileHandle }> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-s3-"));
  const path = join(folder, "part");
  try {
    return { folder, path, handle: await open(path, "wx", 0o600) };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
