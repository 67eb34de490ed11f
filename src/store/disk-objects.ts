import { readdir, readFile, stat, unlink, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { digestOf, hexOf } from "../oci/digest.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { type DiskFolder, ifPresent } from "./disk-folder.ts";
import { makeByteCache } from "./byte-cache.ts";
import { makeNameLists } from "./name-lists.ts";
import { keySegments } from "./store-key.ts";
import type { Condition, ObjectInfo, ReadStore, Stored, WriteStore } from "./store.ts";

const maxObjectBytes = 8 * 1024 * 1024;
/** Small objects are read over and over (tags), and only this process changes them. */
const cacheBytes = 16 * 1024 * 1024;

/** Small objects as files: `tags/app/1` is the file `tags/app/1` below `top`. */
export function diskObjects(folder: DiskFolder, top: string): ReadStore & WriteStore {
  const root = join(folder.path, top);
  const lists = makeNameLists();
  const cache = makeByteCache(cacheBytes);

  const pathOf = (key: string): string => join(root, ...keySegments(key));
  const locked = <T>(path: string, work: () => Promise<T>): Promise<T> => folder.locks(path, work);

  /** Reads under the lock, so that a write cannot slip between the reading and the remembering. */
  async function read(path: string): Promise<Stored | undefined> {
    const known = cache.get(path);
    if (known !== undefined) return known;
    const bytes = await ifPresent(readFile(path)).catch((error: unknown) => {
      // A folder: other keys begin with this one.
      if (systemErrorCode(error) === "EISDIR") return undefined;
      throw error;
    });
    return bytes === undefined ? undefined : cache.set(path, { bytes, version: versionOf(bytes) });
  }

  /** What changes an object: alone on its key, and what was remembered of it is forgotten where the outcome is unknown. */
  function change<T>(path: string, work: () => Promise<T>): Promise<T> {
    return folder.writing(() =>
      locked(path, async () => {
        try {
          return await work();
        } catch (error) {
          if (!(error instanceof DdiffError)) await forget(path);
          throw error;
        }
      }),
    );
  }

  async function check(path: string, key: string, condition: Condition | undefined): Promise<void> {
    if (condition === undefined) return;
    const current = await read(path);
    const holds = "absent" in condition ? current === undefined : current?.version === condition.version;
    if (holds) return;
    throw new DdiffError("STORE_CONFLICT", `${key} has been changed by another`, {
      hint: "Read it again and repeat the change.",
    });
  }

  /** Tells the lists of every folder on the way that its entry is there. */
  function announce(path: string): void {
    for (let at = path; at.length > root.length; at = dirname(at)) {
      lists.change(dirname(at), basename(at), true);
    }
  }

  function denounce(path: string): void {
    lists.change(dirname(path), basename(path), false);
  }

  /** After a failure nobody knows what is on the disk; folders that were made for nothing go. */
  async function forget(path: string): Promise<void> {
    cache.delete(path);
    for (let at = dirname(path); at.length >= root.length; at = dirname(at)) lists.forget(at);
    await folder.files.tidy(dirname(path), root, denounce).catch(() => {});
  }

  async function remove(path: string): Promise<boolean> {
    if ((await info(path)) === undefined) return false;
    await unlink(path);
    cache.delete(path);
    denounce(path);
    await folder.files.tidy(dirname(path), root, denounce);
    return true;
  }

  async function write(path: string, key: string, bytes: Buffer): Promise<string> {
    const current = await read(path);
    const now = new Date();
    if (current?.bytes.equals(bytes) === true) {
      await utimes(path, now, now);
      // A process that was killed may have written it a moment before its sync.
      await folder.files.syncEntries(dirname(path));
      return current.version;
    }
    await folder.files.write(path, bytes).catch((error: unknown) => {
      const code = systemErrorCode(error);
      if (code !== "EISDIR" && code !== "ENOTDIR") throw error;
      throw new DdiffError("STORE_KEY_INVALID", `${key} would be an object and a prefix of others`, {
        cause: error,
      });
    });
    announce(path);
    const copy = Buffer.from(bytes);
    return cache.set(path, { bytes: copy, version: versionOf(copy) }).version;
  }

  return {
    async get(key) {
      const path = pathOf(key);
      return cache.get(path) ?? (await locked(path, () => read(path)));
    },
    async stat(key) {
      return await info(pathOf(key));
    },
    async list(prefix, options = {}) {
      const path = pathOf(prefix);
      const names = async (): Promise<string[]> => (await ifPresent(readdir(path))) ?? [];
      return await lists.page(path, names, options);
    },
    async put(key, bytes, condition) {
      const path = pathOf(key);
      if (bytes.length > maxObjectBytes) {
        throw new DdiffError(
          "STORE_OBJECT_TOO_LARGE",
          `${key} has ${bytes.length} bytes, more than the ${maxObjectBytes} of a small object`,
        );
      }
      return await change(path, async () => {
        await check(path, key, condition);
        return await write(path, key, bytes);
      });
    },
    async touch(key) {
      const path = pathOf(key);
      return await change(path, async () => {
        if ((await info(path)) === undefined) return false;
        const now = new Date();
        await utimes(path, now, now);
        await folder.files.settleEntries(dirname(path));
        return true;
      });
    },
    async delete(key, condition) {
      const path = pathOf(key);
      return await change(path, async () => {
        await check(path, key, condition);
        return await remove(path);
      });
    },
    async deleteIdle(key, unlessSince) {
      const path = pathOf(key);
      return await change(path, async () => {
        const found = await info(path);
        return found !== undefined && found.modified < unlessSince && (await remove(path));
      });
    },
  };
}

async function info(path: string): Promise<ObjectInfo | undefined> {
  const state = await ifPresent(stat(path));
  return state?.isFile() === true ? { size: state.size, modified: Math.floor(state.mtimeMs) } : undefined;
}

/** The content stands for itself: a version is one of its bytes, whoever wrote them. */
function versionOf(bytes: Uint8Array): string {
  return hexOf(digestOf(bytes)).slice(0, 32);
}
