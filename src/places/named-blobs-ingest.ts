import { link, lstat, mkdir, open, rename, rm, rmdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { addAbortSignal } from "node:stream";
import { verified } from "../codec/verify.ts";
import { syncFolder } from "../util/disk.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { processMark } from "../util/process-mark.ts";
import { mapLimited } from "../util/map-limited.ts";
import type { Progress } from "../util/progress.ts";
import { folderBlobs, insidePath } from "./named-blobs.ts";
import type { OutgoingBlob } from "./place.ts";
import { explainWriteError, makeFolder, sweepAbandoned, writeAll, writeSynced } from "./temp-files.ts";
import { withLock } from "./temp-files-lock.ts";

/** Files of a private folder beside the blobs begin so; what dead processes left under it is removed. */
const ingestPrefix = ".ddiff-ingest-";

/** Blobs that are fetched at the same time: hides the waiting of registries, as docker does. */
const atOnce = 4;

/** What is to be written into a folder of blobs, and how it becomes visible. */
export interface Ingest {
  folder: string;
  /** Every file of the image by its name in the folder; those already there with the right size are not opened. */
  items: { name: string; blob: OutgoingBlob }[];
  /** Files that make an empty folder a valid place of its kind, written first where they are missing, in order. */
  frame: { name: string; bytes: string }[];
  /** Called under the folder's lock: the files that make the image visible, replaced in this order. */
  finish(): Promise<{ name: string; bytes: Uint8Array | string }[]>;
  /** Called under the lock after the image has become visible. */
  tidy?(): Promise<void>;
}

/**
 * Writes an image into a folder so that a kill at any moment leaves the folder as it was or with the image whole:
 * all blobs are written under a private folder, verified and synced; then, under the lock, renamed into place; then
 * the naming files are replaced. Answers how many bytes were written.
 * Throws `DISK_FULL`, `NOT_WRITABLE`, `LINK_OUTSIDE`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `PLACE_BUSY`.
 */
export async function ingest(
  job: Ingest,
  options: { label: string; progress: Progress; signal?: AbortSignal | undefined },
): Promise<number> {
  const { folder } = job;
  const staging = join(folder, ingestPrefix + processMark());
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const staged = new Map<string, string>();
  let bytes = 0;
  let unmake: (() => Promise<void>) | undefined;
  let done = false;
  try {
    signal.throwIfAborted();
    unmake = await makeFolder(folder);
    await sweepAbandoned(folder, ingestPrefix);
    await mkdir(staging);
    while (!done) {
      // Another writer that failed may have taken back a blob that was there before, hence the loop.
      const missing = (await absent(job)).filter((item) => !staged.has(item.name));
      const total = missing.reduce((sum, item) => sum + item.blob.descriptor.size, 0);
      const task = options.progress.task(options.label, total);
      try {
        await mapLimited(missing, atOnce, async (item) => {
          const path = join(staging, String(staged.size));
          staged.set(item.name, path);
          try {
            await stage(item.blob, path, signal, (n) => task.advance(n));
          } catch (error) {
            // The other blobs under way are of no use any more.
            stop.abort(error);
            throw error;
          }
          bytes += item.blob.descriptor.size;
        });
      } finally {
        task.end();
      }
      await syncFolder(staging);
      signal.throwIfAborted();
      done = await withLock(folder, async () => {
        if ((await absent(job)).some((item) => !staged.has(item.name))) return false;
        await commit(job, staging, staged);
        return true;
      });
    }
    return bytes;
  } catch (error) {
    throw explainWriteError(error, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
    if (!done) await unmake?.();
  }
}

/** The items that the folder does not hold yet. */
async function absent(job: Ingest): Promise<Ingest["items"]> {
  const files = folderBlobs(job.folder);
  const found: Ingest["items"] = [];
  const seen = new Set<string>();
  for (const item of job.items) {
    if (seen.has(item.name)) continue;
    seen.add(item.name);
    if ((await files.size(item.name)) !== item.blob.descriptor.size) found.push(item);
  }
  return found;
}

/** Writes one blob under a private name, checks and syncs it. */
async function stage(
  blob: OutgoingBlob,
  path: string,
  signal: AbortSignal,
  advance: (bytes: number) => void,
): Promise<void> {
  if (blob.file !== undefined && (await linked(blob.file, path))) {
    await stageFile(blob, path);
    advance(blob.descriptor.size);
    return;
  }
  const handle = await open(path, "wx", 0o644);
  try {
    const bytes = await blob.open();
    // Read at once: where another blob fails, this stream does too, and somebody has to hear it.
    const checked = addAbortSignal(
      signal,
      verified(bytes, blob.descriptor, `blob ${blob.descriptor.digest}`),
    );
    await writeAll(checked, handle, advance);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file of our own was hashed when it was written, and nobody else knows its name: its bytes are not read again. */
async function stageFile({ descriptor }: OutgoingBlob, path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    if (size !== descriptor.size) {
      throw new DdiffError(
        "SIZE_MISMATCH",
        `blob ${descriptor.digest} has ${size} bytes, not ${descriptor.size}`,
      );
    }
    await handle.chmod(0o644);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives a file of ours a second name on the same file system; false where that cannot be. */
async function linked(file: string, path: string): Promise<boolean> {
  try {
    if (!(await lstat(file)).isFile()) return false;
    await link(file, path);
    return true;
  } catch {
    return false;
  }
}

/** Moves everything into place. After an error the blobs that were moved here are taken back. */
async function commit(job: Ingest, staging: string, staged: Map<string, string>): Promise<void> {
  const { folder } = job;
  const made: string[] = [];
  try {
    for (const { name, bytes } of job.frame) {
      if ((await stat(join(folder, name)).catch(() => undefined)) !== undefined) continue;
      await replace(folder, staging, name, bytes);
      made.push(name);
    }
    // Written before the blobs move: it is the last thing that can fail for want of room.
    const naming: { name: string; path: string }[] = [];
    for (const { name, bytes } of await job.finish()) {
      const path = join(staging, `naming-${naming.length}`);
      await writeSynced(path, bytes);
      naming.push({ name, path });
    }
    const folders = new Set<string>();
    for (const [name, path] of staged) {
      const parent = dirname(name);
      if (!folders.has(parent)) await makeInside(folder, parent, made);
      folders.add(parent);
      const place = join(folder, name);
      const known = await lstat(place).catch(() => undefined);
      await rename(path, place);
      if (known === undefined) made.push(name);
    }
    for (const parent of folders) await syncFolder(join(folder, parent));
    for (const { name, path } of naming) {
      await rename(path, join(folder, name));
      // From here on a name may stand on what was moved: nothing is taken back any more.
      made.length = 0;
    }
    await syncFolder(folder);
  } catch (error) {
    for (const name of made.reverse()) await removeQuietly(join(folder, name));
    throw error;
  }
  await job.tidy?.();
}

async function replace(folder: string, staging: string, name: string, bytes: string): Promise<void> {
  const path = join(staging, `frame-${basename(name)}`);
  await writeSynced(path, bytes);
  await rename(path, join(folder, name));
}

/** Makes the folders of a relative path one by one, never through a link that leads out. */
async function makeInside(folder: string, path: string, made: string[]): Promise<void> {
  if (path === ".") return;
  await makeInside(folder, dirname(path), made);
  if ((await insidePath(folder, path)) !== undefined) return;
  try {
    await mkdir(join(folder, path));
    made.push(path);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    throw new DdiffError("LINK_OUTSIDE", `${join(folder, path)} is a symbolic link to nothing`, {
      cause: error,
    });
  }
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch {
    await rmdir(path).catch(() => {});
  }
}
