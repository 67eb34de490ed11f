import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { lstat, mkdir, open, readdir, rm, rmdir, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { diskError } from "../util/disk.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";

/**
 * Temporary names carry the mark of the process that made them, so that the next run can tell what a killed
 * process left behind from what a living one still writes: pid, start time of that pid, the pid namespace on
 * its host, and a random part. A pid alone would not do: pids are used again.
 */
export function processMark(): string {
  return `${process.pid}-${startTime(process.pid) ?? "0"}-${space()}-${randomBytes(6).toString("hex")}`;
}

/** A mark of another pid namespace or host cannot be asked for its process; it counts as abandoned by age. */
const foreignMarkLives = 24 * 3600 * 1000;

/**
 * Whether the process of this mark is gone. `path` is the file or folder that carries the mark: its age decides
 * where the process is out of sight (`foreignLives`, in milliseconds).
 */
export async function isAbandoned(
  mark: string,
  path: string,
  foreignLives = foreignMarkLives,
): Promise<boolean> {
  const parts = /^(\d+)-(\d+)-([0-9a-z]+)-[0-9a-f]+$/.exec(mark);
  if (parts?.[3] === space()) {
    const started = startTime(Number(parts[1]));
    return started === undefined || started !== parts[2];
  }
  const state = await lstat(path).catch(() => undefined);
  return state !== undefined && Date.now() - state.mtimeMs > foreignLives;
}

/** Removes what killed processes left in `folder`: entries called `prefix` + mark (+ `suffix`). */
export async function sweepAbandoned(folder: string, prefix: string, suffix = ""): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) continue;
    const path = join(folder, name);
    if (await isAbandoned(name.slice(prefix.length, name.length - suffix.length), path)) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/**
 * A temporary file that has no name any more when this returns: whatever becomes of the process later, nothing is left.
 * The caller closes it. Removes what a process left that was killed just here.
 */
export async function openUnnamed(folder: string): Promise<FileHandle> {
  await sweepAbandoned(folder, "ddiff-", ".tmp");
  const path = join(folder, `ddiff-${processMark()}.tmp`);
  const file = await open(path, "wx+", 0o600);
  await unlink(path).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  return file;
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

/** Writes a whole small file and syncs it. */
export async function writeSynced(path: string, bytes: Uint8Array | string): Promise<void> {
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Many small chunks are gathered into one write of about this many bytes. */
const gatherSize = 1024 * 1024;

/** Writes a stream to the end of a file; `advance` hears of every piece. Does not close the file. */
export async function writeAll(
  stream: Readable,
  file: FileHandle,
  advance: (bytes: number) => void = () => {},
): Promise<void> {
  let chunks: Buffer[] = [];
  let size = 0;
  const flush = async () => {
    let rest = Buffer.concat(chunks, size);
    chunks = [];
    size = 0;
    while (rest.length > 0) {
      const { bytesWritten } = await file.write(rest);
      rest = rest.subarray(bytesWritten);
    }
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= gatherSize) await flush();
    advance(chunk.length);
  }
  if (size > 0) await flush();
}

/** Makes `folder` with its parents; answers how to take away again what was made, as far as it is empty. */
export async function makeFolder(folder: string): Promise<() => Promise<void>> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return async () => {};
  return async () => {
    for (let at = folder; at.length >= first.length; at = dirname(at)) {
      try {
        await rmdir(at);
      } catch {
        return;
      }
    }
  };
}

/** Turns a full disk (`DISK_FULL`) or a missing right (`NOT_WRITABLE`) into a sentence; any other error comes back as it is. */
export function explainWriteError(error: unknown, path: string): unknown {
  switch (systemErrorCode(error)) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new DdiffError("NOT_WRITABLE", `${path} cannot be written`, {
        hint: "Check the owner and the rights of that folder.",
        cause: error,
      });
    case "ENOTDIR":
    case "EISDIR":
      return new DdiffError(
        "NOT_WRITABLE",
        `${path} cannot be written: a file and a folder are in each other's place`,
        {
          hint: "Choose another path.",
          cause: error,
        },
      );
    default:
      return diskError(error, path);
  }
}

/** When the process began, in clock ticks since boot, or undefined where there is no such process. */
function startTime(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command's name is in parentheses and may hold anything, so the fields are counted from its end.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    // No /proc on this system: then only whether the process lives is known.
    if (procExists()) return undefined;
    try {
      process.kill(pid, 0);
      return "0";
    } catch (error) {
      return systemErrorCode(error) === "EPERM" ? "0" : undefined;
    }
  }
}

function procExists(): boolean {
  try {
    readFileSync("/proc/self/stat");
    return true;
  } catch {
    return false;
  }
}

/** The pid namespace and boot of this host, as one word: pids mean the same only within it. */
function space(): string {
  const namespace = quietly(() => readlinkSync("/proc/self/ns/pid").replace(/\D/g, ""));
  const boot = quietly(() =>
    readFileSync("/proc/sys/kernel/random/boot_id", "latin1").replace(/[^0-9a-f]/g, ""),
  );
  if (boot !== "") return `${boot.slice(0, 12)}n${namespace}`;
  return hostname()
    .toLowerCase()
    .replace(/[^0-9a-z]/g, "x");
}

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
