import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { diskError, syncFolder } from "../util/disk.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";

/**
 * Puts `after` in the place of a file's bytes `before`: readers see the one or the other, also after a loss of power. Mode and, where the user
 * may give files away, owner stay. Throws `FILE_CHANGED` where the file has other bytes by now, `DISK_FULL`.
 */
export async function replaceFile(path: string, before: Buffer, after: Buffer): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.ddiff`);
  try {
    const about = await stat(path);
    const file = await open(aside, "wx", 0o600);
    try {
      await file.writeFile(after);
      await file.chown(about.uid, about.gid).catch((error: unknown) => {
        if (systemErrorCode(error) !== "EPERM") throw error;
      });
      // After the owner: changing that takes bits away.
      await file.chmod(about.mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await readFile(path)).equals(before)) {
      throw new DdiffError("FILE_CHANGED", `${path} was changed by somebody else meanwhile`, {
        hint: "Run the command again.",
      });
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw diskError(error, path);
  }
  await syncFolder(dirname(path));
}
