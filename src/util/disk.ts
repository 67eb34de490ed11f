import { open } from "node:fs/promises";
import { DdiffError, systemErrorCode } from "./errors.ts";

/**
 * Turns a full disk or a used-up quota, as the system reports them (ENOSPC, EDQUOT), into `DISK_FULL` with a sentence and
 * what to do; any other error comes back as it is. `path` is the file or folder that was written to; when not said, the one that the
 * system names, if it does.
 */
export function diskError(error: unknown, path?: string): unknown {
  const full = whatIsFull(systemErrorCode(error));
  if (full === undefined) return error;
  return new DdiffError(
    "DISK_FULL",
    `${full}: ${path ?? namedPath(error) ?? "a file"} could not be written`,
    {
      hint: "Free some space there, or use another disk; --tempdir or DDIFF_TMPDIR name one for temporary files.",
      cause: error,
    },
  );
}

/** Makes what was created or renamed in `folder` survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems cannot sync a folder; they order such changes themselves.
    if (systemErrorCode(error) !== "EINVAL") throw error;
  } finally {
    await handle.close();
  }
}

function whatIsFull(code: string | undefined): string | undefined {
  if (code === "ENOSPC") return "the disk is full";
  return code === "EDQUOT" ? "your quota on the disk is used up" : undefined;
}

function namedPath(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("path" in error)) return undefined;
  return typeof error.path === "string" ? error.path : undefined;
}
