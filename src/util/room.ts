import { statfs } from "node:fs/promises";
import { formatBytes } from "./bytes.ts";
import { DdiffError } from "./errors.ts";

/**
 * Refuses, before anything is written, what the temporary folder has no room for. `work` begins the sentence: "unpacking
 * the archive". Throws `DISK_SPACE`.
 */
export async function checkRoom(tempDir: string, needed: number, work: string): Promise<void> {
  const { bavail, bsize } = await statfs(tempDir);
  const free = bavail * bsize;
  if (needed <= free) return;
  throw new DdiffError(
    "DISK_SPACE",
    `${work} needs ${formatBytes(needed)} in ${tempDir}, which has ${formatBytes(free)} free`,
    { hint: "Free some space, or name a folder with more room with --tempdir or DDIFF_TMPDIR." },
  );
}
