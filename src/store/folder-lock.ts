import { mkdir, readdir, rename, rm, rmdir, unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { isAbandoned, processMark } from "../util/process-mark.ts";

/** A holder on another host or in another container shows that it lives by touching its file; this long without means it is gone. */
const foreignHolderLives = 60_000;
const beatInterval = 5_000;
const attempts = 50;

/** A folder that this process alone writes to. */
export interface FolderLock {
  /** Throws `STORE_LOCKED` where another process took the lock because this one seemed dead to it (it was asleep). */
  check(): void;
  release(): Promise<void>;
}

/**
 * Takes the lock of `folder`, which must exist, at once or not at all: `STORE_LOCKED` names the process that has it. A dead one's is
 * taken over.
 *
 * It is a folder `lock` with one file in it, named by its holder, and taken by renaming a prepared folder onto it, which succeeds only
 * where none or an empty one is there. A stale lock is broken by removing the file of exactly that dead holder, so that two breakers
 * can never remove the lock of a third who was quicker.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const mark = processMark();
  const lock = join(folder, "lock");
  const prepared = join(folder, `.lock-${mark}`);
  const holder = join(lock, mark);
  await mkdir(prepared);
  try {
    await writeFile(join(prepared, mark), "");
    await take(folder, prepared, lock);
  } catch (error) {
    await rm(prepared, { recursive: true, force: true });
    throw error;
  }
  let lost = false;
  const beat = setInterval(() => {
    const now = new Date();
    utimes(holder, now, now).catch((error: unknown) => {
      if (systemErrorCode(error) === "ENOENT") lost = true;
    });
  }, beatInterval);
  beat.unref();
  await sweepPrepared(folder);
  return {
    check() {
      if (lost) throw locked(folder, "another process");
    },
    async release() {
      clearInterval(beat);
      await unlink(holder).catch(() => {});
      // Somebody else may have taken the emptied folder already: then it is theirs.
      await rmdir(lock).catch(() => {});
    },
  };
}

async function take(folder: string, prepared: string, lock: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(prepared, lock);
      return;
    } catch (error) {
      const code = systemErrorCode(error);
      if ((code !== "ENOTEMPTY" && code !== "EEXIST") || attempt === attempts) throw error;
    }
    for (const mark of await readdir(lock).catch(() => [])) {
      const path = join(lock, mark);
      if (!(await isAbandoned(mark, path, foreignHolderLives))) {
        throw locked(folder, `process ${mark.split("-", 1)[0]}`);
      }
      await unlink(path).catch(() => {});
    }
  }
}

/** What processes left that were killed while they took the lock. */
async function sweepPrepared(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(".lock-")) continue;
    const path = join(folder, name);
    if (await isAbandoned(name.slice(6), path)) await rm(path, { recursive: true, force: true });
  }
}

function locked(folder: string, holder: string): DdiffError {
  return new DdiffError("STORE_LOCKED", `${folder} is in use by ${holder}`, {
    hint: `Stop that server, or choose another folder; one that died in another container is forgotten after a minute.`,
  });
}
