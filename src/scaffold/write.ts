import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, readFile, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { diskError, syncFolder } from "../util/disk.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { hashOf } from "./answers-file.ts";
import type { OutputFile } from "./answers.ts";

/**
 * How a file stands: `new` is not there; `same` has the text already; `ours` is as ddiff wrote it, and the text is another now; `changed` was
 * written by ddiff and somebody changed it; `foreign` was never written by ddiff; `yours` is left alone by ddiff.yaml.
 */
export type FileState = "new" | "same" | "ours" | "changed" | "foreign" | "yours";

/** A file that is to be written, and what is there. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
  readonly executable: boolean;
  readonly state: FileState;
  /** What is there; undefined where nothing is, or where it is no plain file. */
  readonly before: Buffer | undefined;
}

/** Compares what is to be written with what is in `folder`. `files` and `yours` are of ddiff.yaml. Throws `OUTSIDE_PROJECT`. */
export async function planFiles(
  folder: string,
  outputs: readonly OutputFile[],
  files: ReadonlyMap<string, string>,
  yours: readonly string[],
): Promise<PlannedFile[]> {
  const planned: PlannedFile[] = [];
  for (const { path, text, executable } of outputs) {
    await checkInside(folder, path);
    const there = await readPlain(join(folder, path));
    planned.push({
      path,
      text,
      executable: executable === true,
      before: there === "other" ? undefined : there,
      state: yours.includes(path) ? "yours" : stateOf(there, text, files.get(path)),
    });
  }
  return planned;
}

/** Writes a planned file whole or not at all. Throws `FILE_CHANGED` where somebody else wrote it since the plan, `DISK_FULL`. */
export async function writePlanned(folder: string, file: PlannedFile): Promise<void> {
  const path = join(folder, file.path);
  const parent = dirname(path);
  const aside = join(parent, `.${basename(path)}.${randomBytes(6).toString("hex")}.ddiff`);
  try {
    await mkdir(parent, { recursive: true });
    await checkInside(folder, file.path);
    const mode = await modeFor(path, file.executable);
    const handle = await open(aside, "wx", 0o600);
    try {
      await handle.writeFile(file.text);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await checkUnchanged(path, file);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw diskError(error, path);
  }
  await syncFolder(parent);
}

function stateOf(there: Buffer | "other" | undefined, text: string, written: string | undefined): FileState {
  if (there === undefined) return "new";
  if (there === "other") return "foreign";
  if (there.equals(Buffer.from(text))) return "same";
  if (written === undefined) return "foreign";
  return hashOf(there) === written ? "ours" : "changed";
}

/** A symbolic link or a folder in the place of a file is nobody's text. */
async function readPlain(path: string): Promise<Buffer | "other" | undefined> {
  try {
    return (await lstat(path)).isFile() ? await readFile(path) : "other";
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT") return undefined;
    if (code === "ENOTDIR") throw notAFolder(path);
    throw error;
  }
}

async function modeFor(path: string, executable: boolean): Promise<number> {
  try {
    const about = await lstat(path);
    if (about.isFile()) return (about.mode & 0o777) | (executable ? 0o111 : 0);
    if (about.isDirectory()) throw notAFolder(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
  return (executable ? 0o777 : 0o666) & ~process.umask();
}

async function checkUnchanged(path: string, file: PlannedFile): Promise<void> {
  const there = await readPlain(path);
  const same =
    there === undefined || there === "other"
      ? file.before === undefined
      : file.before !== undefined && there.equals(file.before);
  if (same) return;
  throw new DdiffError("FILE_CHANGED", `${file.path} was changed by somebody else meanwhile`, {
    hint: "Run the command again.",
  });
}

/** A folder of the project may be a link to somewhere else; nothing is written there. */
async function checkInside(folder: string, path: string): Promise<void> {
  const root = await realpath(folder);
  let parent = dirname(resolve(folder, path));
  for (;;) {
    try {
      parent = await realpath(parent);
      break;
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT")
        throw systemErrorCode(error) === "ENOTDIR" ? notAFolder(path) : error;
      if (dirname(parent) === parent) break;
      parent = dirname(parent);
    }
  }
  const away = relative(root, parent);
  if (away !== ".." && !away.startsWith(`..${sep}`)) return;
  throw new DdiffError("OUTSIDE_PROJECT", `${path} would be written outside of the project, to ${parent}`, {
    hint: "A folder on the way is a symbolic link: make it a folder, or leave the file out with --only.",
  });
}

function notAFolder(path: string): DdiffError {
  return new DdiffError(
    "NOT_A_FOLDER",
    `${path} cannot be written: a file and a folder of the same name are in each other's way`,
    {
      hint: "Move one of them away, or leave the file out with --only.",
    },
  );
}
