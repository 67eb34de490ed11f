import { lstat, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { addAbortSignal, type Readable } from "node:stream";
import { syncFolder } from "../util/disk.ts";
import { DdiffError } from "../util/errors.ts";
import { processMark } from "../util/process-mark.ts";
import type { Progress } from "../util/progress.ts";
import { explainWriteError, makeFolder, sweepAbandoned, writeAll } from "./temp-files.ts";

/**
 * Writes an archive beside its target under a temporary name and renames it when it is whole and on the disk; an
 * older file of that name stays until then. Answers the archive's size in bytes.
 * Throws `NOT_WRITABLE`, `DISK_FULL`, and what `archive` throws.
 */
export async function writeArchive(
  path: string,
  archive: () => Readable,
  options: { label: string; total: number; progress: Progress; signal?: AbortSignal | undefined },
): Promise<number> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.ddiff-`;
  const temporary = join(folder, `${prefix}${processMark()}.tmp`);
  let unmake: (() => Promise<void>) | undefined;
  let written = 0;
  let done = false;
  const task = options.progress.task(options.label, options.total);
  try {
    options.signal?.throwIfAborted();
    await refuseSpecial(path);
    unmake = await makeFolder(folder);
    await sweepAbandoned(folder, prefix, ".tmp");
    const file = await open(temporary, "wx");
    try {
      const stream = archive();
      if (options.signal !== undefined) addAbortSignal(options.signal, stream);
      await writeAll(stream, file, (bytes) => {
        written += bytes;
        task.advance(bytes);
      });
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    done = true;
    await syncFolder(folder);
    return written;
  } catch (error) {
    throw explainWriteError(error, path);
  } finally {
    task.end();
    if (!done) {
      await rm(temporary, { force: true });
      await unmake?.();
    }
  }
}

/** A folder or a device is not to be replaced by a file. */
async function refuseSpecial(path: string): Promise<void> {
  const state = await lstat(path).catch(() => undefined);
  if (state === undefined || state.isFile() || state.isSymbolicLink()) return;
  throw new DdiffError("NOT_WRITABLE", `${path} exists and is not a file`, {
    hint: "Name a file for the archive; a layout in a folder is written with oci:PATH.",
  });
}
