import { randomUUID } from "node:crypto";
import { mkdir, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { ByteRange } from "../../store/store.ts";

/** A temporary file without a name that one writes to and many read while it grows. */
export interface GrowingFile {
  /** Appends; what was appended can be read. */
  append(bytes: Buffer): Promise<void>;
  /** Whether it can be appended to. */
  readonly isOpen: boolean;
  /** All is there and right: readers get the last byte, too. */
  finish(): void;
  /** No more will come; readers get this error. */
  fail(error: Error): void;
  /**
   * The bytes of a range as they come, up to 1 MiB at a time. The last byte of the file is held back until `finish`: nobody gets the whole
   * of something that turns out to be wrong. Throws what `fail` was told.
   */
  read(range: ByteRange): AsyncGenerator<Buffer, void, void>;
}

const pieceSize = 1 << 20;

/** Makes the file; its room is given back when it is finished or failed and nobody reads it any more. `size` is what it will have. */
export async function makeGrowingFile(folder: string, size: number): Promise<GrowingFile> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `mirror-${randomUUID()}`);
  const file = await open(path, "wx+", 0o600);
  await unlink(path);
  let written = 0;
  let readers = 0;
  let ended: "finished" | Error | undefined;
  let waiting: (() => void)[] = [];

  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const one of woken) one();
  };
  const release = (): void => {
    if (ended !== undefined && readers === 0) void file.close().catch(() => undefined);
  };
  const end = (how: "finished" | Error): void => {
    if (ended !== undefined) return;
    ended = how;
    wake();
    release();
  };

  return {
    get isOpen() {
      return ended === undefined;
    },
    async append(bytes) {
      if (ended !== undefined) return;
      let at = 0;
      while (at < bytes.length) {
        const { bytesWritten } = await file.write(bytes, at, bytes.length - at, written + at);
        at += bytesWritten;
      }
      written += bytes.length;
      wake();
    },
    finish: () => end("finished"),
    fail: end,
    async *read({ start, end: stop }) {
      // Who comes after the end finds the file closed.
      if (ended !== undefined && readers === 0) throw new Error("the download is over");
      readers++;
      try {
        let at = start;
        while (at < stop) {
          if (ended instanceof Error) throw ended;
          const there = Math.min(stop, ended === "finished" ? written : Math.min(written, size - 1));
          if (there > at) {
            const piece = Buffer.allocUnsafe(Math.min(pieceSize, there - at));
            const { bytesRead } = await file.read(piece, 0, piece.length, at);
            at += bytesRead;
            yield piece.subarray(0, bytesRead);
          } else {
            if (ended === "finished") throw new Error("the download ended too early");
            await new Promise<void>((resolve) => waiting.push(resolve));
          }
        }
      } finally {
        readers--;
        release();
      }
    },
  };
}
