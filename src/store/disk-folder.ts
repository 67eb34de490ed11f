import { join } from "node:path";
import { diskError } from "../util/disk.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { type DurableFiles, makeDurableFiles } from "./durable-files.ts";
import type { FolderLock } from "./folder-lock.ts";
import { type KeyLocks, makeKeyLocks } from "./key-locks.ts";

/** What the parts of a disk store share. */
export interface DiskFolder {
  path: string;
  files: DurableFiles;
  locks: KeyLocks;
  /**
   * Runs what writes. Throws `STORE_LOCKED` when the folder is not ours any more, `DISK_FULL` for a full disk or a used-up quota,
   * `NOT_WRITABLE` for a disk that takes no writes; other errors as they are.
   */
  writing<T>(work: () => Promise<T>): Promise<T>;
}

/** A folder whose lock this process has, with an empty folder `temporary` in it. */
export function makeDiskFolder(path: string, temporary: string, lock: FolderLock): DiskFolder {
  return {
    path,
    files: makeDurableFiles(path, join(path, temporary)),
    locks: makeKeyLocks(),
    async writing(work) {
      lock.check();
      try {
        return await work();
      } catch (error) {
        throw explainStoreError(error, path);
      }
    },
  };
}

/** Says a full disk and missing rights as a person would; any other error comes back as it is. */
export function explainStoreError(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") return diskError(error, path);
  return new DdiffError("NOT_WRITABLE", `the store ${path} cannot be written`, {
    hint: "Check the owner and the rights of that folder, and whether its disk is mounted for reading only.",
    cause: error,
  });
}

/** True for the errors of a path that is not there: also where a file stands in the place of one of its folders. */
function isAbsent(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** `work`'s answer, undefined where what it asks for is not there. */
export async function ifPresent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
