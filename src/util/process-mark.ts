import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { hostname } from "node:os";
import { systemErrorCode } from "./errors.ts";

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
