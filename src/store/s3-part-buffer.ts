import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { mostInMemory } from "./s3-part-plan.ts";

/** The bytes of a part while it fills: in memory, or in a file of the temporary folder where it is to be large. */
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

/** An empty buffer for `capacity` bytes. */
export async function openPartBuffer(capacity: number): Promise<PartBuffer> {
  return capacity <= mostInMemory ? memoryBuffer(capacity) : await fileBuffer(capacity);
}

function memoryBuffer(capacity: number): PartBuffer {
  let bytes = Buffer.alloc(0);
  let size = 0;
  return {
    get size() {
      return size;
    },
    get room() {
      return capacity - size;
    },
    streams: false,
    async write(chunk) {
      if (size + chunk.length > bytes.length) {
        // Grows by doubling: most blobs are far smaller than a part.
        const grown = Buffer.allocUnsafeSlow(
          Math.min(capacity, Math.max(size + chunk.length, 2 * bytes.length, 64 * 1024)),
        );
        bytes.copy(grown, 0, 0, size);
        bytes = grown;
      }
      chunk.copy(bytes, size);
      size += chunk.length;
    },
    body: () => bytes.subarray(0, size),
    async dispose() {
      bytes = Buffer.alloc(0);
    },
  };
}

async function fileBuffer(capacity: number): Promise<PartBuffer> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-s3-"));
  const path = join(folder, "part");
  let file: FileHandle;
  try {
    file = await open(path, "wx", 0o600);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  let size = 0;
  return {
    get size() {
      return size;
    },
    get room() {
      return capacity - size;
    },
    streams: true,
    async write(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const { bytesWritten } = await file.write(chunk, at, chunk.length - at, size);
        at += bytesWritten;
        size += bytesWritten;
      }
    },
    body: () => createReadStream(path, { highWaterMark: 1024 * 1024 }),
    async dispose() {
      await file.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
