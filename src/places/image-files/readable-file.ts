import { constants } from "node:fs";
import { access, open } from "node:fs/promises";
import { readAll } from "../../codec/read-all.ts";
import { systemErrorCode } from "../../util/errors.ts";

const notForUs: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP", "ENXIO"]);

/** Bytes; lists of a store with thousands of layers have some. */
const most = 64 << 20;

/**
 * A small file of an engine's store, or undefined where it is not there, not for us to read, or no file: a pipe or a device in its place may never
 * end. Throws `TOO_LARGE`.
 */
export async function readableFile(path: string): Promise<Buffer | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return await readAll(handle.createReadStream(), most, path);
    await handle.close();
    return undefined;
  } catch (error) {
    if (notForUs.has(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}

/** Whether a file or folder is there and for us to read. */
export async function canRead(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
