import { mkdir, readdir, rename, rm, rmdir, unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { isAbandoned, processMark } from "../util/process-mark.ts";

const lockName = ".ddiff-lock";

/** A holder on another host shows that it lives by touching its file; this long without means that it is gone. */
const foreignHolderLives = 60_000;

/**
 * Runs `work` while no other process does so on the same folder. Waits up to `patience` milliseconds for others,
 * then throws `PLACE_BUSY`. A killed holder does not block anybody.
 *
 * The lock is a folder `.ddiff-lock` with one file in it, named by its holder. It is taken by renaming a prepared
 * folder onto it, which succeeds only where none or an empty one is there. A stale lock is broken by removing the
 * file of exactly that dead holder, so that two breakers can never remove the lock of a third who was quicker.
 */
export async function withLock<T>(folder: string, work: () => Promise<T>, patience = 600_000): Promise<T> {
  const mark = processMark();
  const lock = join(folder, lockName);
  const prepared = join(folder, `.ddiff-ingest-${mark}`);
  const holder = join(lock, mark);
  await mkdir(prepared);
  try {
    await writeFile(join(prepared, mark), "");
    const until = Date.now() + patience;
    while (!(await taken(prepared, lock))) {
      await breakStale(lock);
      if (Date.now() > until) {
        throw new DdiffError("PLACE_BUSY", `another ddiff is writing to ${folder}`, {
          hint: `Wait for it to finish; if none runs, remove ${lock}.`,
        });
      }
      await sleep(20 + Math.random() * 60);
    }
  } catch (error) {
    await rm(prepared, { recursive: true, force: true });
    throw error;
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(holder, now, now).catch(() => {});
  }, 5_000);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await unlink(holder).catch(() => {});
    // Somebody else may have taken the emptied folder already: then it is theirs.
    await rmdir(lock).catch(() => {});
  }
}

async function taken(prepared: string, lock: string): Promise<boolean> {
  try {
    await rename(prepared, lock);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    // Windows says it this way.
    if (code === "EPERM" && process.platform === "win32") return false;
    throw error;
  }
}

async function breakStale(lock: string): Promise<void> {
  const holders = await readdir(lock).catch(() => []);
  for (const mark of holders) {
    const path = join(lock, mark);
    if (await isAbandoned(mark, path, foreignHolderLives)) await unlink(path).catch(() => {});
  }
}
