import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { systemErrorCode } from "../../util/errors.ts";

const notForUs: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM"]);

/** A small file of an engine's store, or undefined where it is not there or not for us to read. */
export async function readableFile(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
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
