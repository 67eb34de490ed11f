import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { syncFolder } from "../util/disk.ts";
import { DdiffError } from "../util/errors.ts";
import { diskBlobs } from "./disk-blobs.ts";
import { explainStoreError, ifPresent, makeDiskFolder } from "./disk-folder.ts";
import { diskObjects } from "./disk-objects.ts";
import { diskUploads } from "./disk-uploads.ts";
import { lockFolder } from "./folder-lock.ts";
import type { Store } from "./store.ts";

const formatName = "ddiff-store.json";
const formatVersion = 1;
const temporary = "temporary";

/**
 * A store in a local folder, which is made if it is not there:
 *
 *   objects/<key>             small objects
 *   blobs/sha256/ab/abcd…     content by its digest
 *   uploads/<id>/             blobs on their way in
 *   temporary/                small objects on their way in
 *   damaged/                  blobs that a scrub has set aside
 *   lock/                     says which process has the store
 *
 * One process at a time: throws `STORE_LOCKED` while another has it. Throws `STORE_FORMAT` for the store of a newer ddiff,
 * `NOT_WRITABLE` and `DISK_FULL`. Opening costs the same however much is stored.
 */
export async function openDiskStore(path: string): Promise<Store> {
  const root = resolve(path);
  try {
    await makeRoot(root);
    const lock = await lockFolder(root);
    try {
      // The lock is ours: whatever is there was left by a process that was killed.
      await rm(join(root, temporary), { recursive: true, force: true });
      for (const name of [temporary, "objects", "blobs", "uploads"]) {
        await mkdir(join(root, name), { recursive: true });
      }
      const folder = makeDiskFolder(root, temporary, lock);
      await checkFormat(root, (bytes) => folder.files.write(join(root, formatName), bytes));
      return {
        label: path,
        shared: false,
        close: () => lock.release(),
        ...diskObjects(folder, "objects"),
        ...diskBlobs(folder),
        ...diskUploads(folder),
      };
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw explainStoreError(error, path);
  }
}

/** Makes the folder and its parents, durably. */
async function makeRoot(root: string): Promise<void> {
  const first = await mkdir(root, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let at = root; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at));
}

async function checkFormat(root: string, write: (bytes: Buffer) => Promise<void>): Promise<void> {
  const text = await ifPresent(readFile(join(root, formatName), "utf8"));
  if (text === undefined) {
    await write(Buffer.from(`${JSON.stringify({ version: formatVersion })}\n`));
    return;
  }
  const version: unknown = (JSON.parse(text) as { version?: unknown }).version;
  if (version === formatVersion) return;
  throw new DdiffError("STORE_FORMAT", `${root} is a store of another version: ${String(version)}`, {
    hint: "Open it with the ddiff that made it, or a newer one.",
  });
}
