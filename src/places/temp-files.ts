import type { FileHandle } from "node:fs/promises";
import { mkdir, open, readdir, rm, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { diskError } from "../util/disk.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { isAbandoned, processMark } from "../util/process-mark.ts";

/** Removes what killed processes left in `folder`: entries called `prefix` + mark (+ `suffix`). */
export async function sweepAbandoned(folder: string, prefix: string, suffix = ""): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) continue;
    const path = join(folder, name);
    if (await isAbandoned(name.slice(prefix.length, name.length - suffix.length), path)) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/**
 * A temporary file that has no name any more when this returns: whatever becomes of the process later, nothing is left.
 * The caller closes it. Removes what a process left that was killed just here.
 */
export async function openUnnamed(folder: string): Promise<FileHandle> {
  await sweepAbandoned(folder, "ddiff-", ".tmp");
  const path = join(folder, `ddiff-${processMark()}.tmp`);
  const file = await open(path, "wx+", 0o600);
  await unlink(path).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  return file;
}

/** Writes a whole small file and syncs it. */
export async function writeSynced(path: string, bytes: Uint8Array | string): Promise<void> {
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Many small chunks are gathered into one write of about this many bytes. */
const gatherSize = 1024 * 1024;

/** Writes a stream to the end of a file; `advance` hears of every piece. Does not close the file. */
export async function writeAll(
  stream: Readable,
  file: FileHandle,
  advance: (bytes: number) => void = () => {},
): Promise<void> {
  let chunks: Buffer[] = [];
  let size = 0;
  const flush = async () => {
    let rest = Buffer.concat(chunks, size);
    chunks = [];
    size = 0;
    while (rest.length > 0) {
      const { bytesWritten } = await file.write(rest);
      rest = rest.subarray(bytesWritten);
    }
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= gatherSize) await flush();
    advance(chunk.length);
  }
  if (size > 0) await flush();
}

/** Makes `folder` with its parents; answers how to take away again what was made, as far as it is empty. */
export async function makeFolder(folder: string): Promise<() => Promise<void>> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return async () => {};
  return async () => {
    for (let at = folder; at.length >= first.length; at = dirname(at)) {
      try {
        await rmdir(at);
      } catch {
        return;
      }
    }
  };
}

/** Turns a full disk (`DISK_FULL`) or a missing right (`NOT_WRITABLE`) into a sentence; any other error comes back as it is. */
export function explainWriteError(error: unknown, path: string): unknown {
  switch (systemErrorCode(error)) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new DdiffError("NOT_WRITABLE", `${path} cannot be written`, {
        hint: "Check the owner and the rights of that folder.",
        cause: error,
      });
    case "ENOTDIR":
    case "EISDIR":
      return new DdiffError(
        "NOT_WRITABLE",
        `${path} cannot be written: a file and a folder are in each other's place`,
        {
          hint: "Choose another path.",
          cause: error,
        },
      );
    default:
      return diskError(error, path);
  }
}
