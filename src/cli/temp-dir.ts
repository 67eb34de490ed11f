import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DdiffError, messageOf, systemErrorCode } from "../util/errors.ts";

/**
 * A folder for one run's temporary files. Its name tells who owns it: machine, boot with its process numbering, process and the
 * process's start. So a later run can tell that the owner is dead (killed, or the machine went down) and clear up after it,
 * while folders of living runs, of other machines on a shared disk and of other containers are left alone.
 */
export interface RunDirectory {
  path: string;
  /** Removes the folder and all in it. May be called twice. */
  remove(): void;
}

const namePattern = /^ddiff-([0-9a-f]{8})-([0-9a-f]{8})-(\d{1,10})-(\d{1,20})-\w{6}$/;

/** Makes the run's folder under `root`, readable by this user only, after clearing up after dead runs there. Throws `TEMPDIR_UNUSABLE`. */
export function makeRunDirectory(root: string): RunDirectory {
  try {
    mkdirSync(root, { recursive: true });
    removeStale(root);
    const path = mkdtempSync(
      join(root, `ddiff-${machine()}-${boot()}-${process.pid}-${startOf(process.pid) ?? "0"}-`),
    );
    return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
  } catch (cause) {
    throw new DdiffError(
      "TEMPDIR_UNUSABLE",
      `no temporary files can be made in ${root}: ${messageOf(cause)}`,
      {
        hint: "Name another folder with --tempdir or DDIFF_TMPDIR.",
        cause,
      },
    );
  }
}

function removeStale(root: string): void {
  for (const name of readdirSync(root)) {
    const match = namePattern.exec(name);
    if (match === null || match[1] !== machine() || !isStale(match)) continue;
    const path = join(root, name);
    try {
      const stat = lstatSync(path);
      if (stat.isDirectory() && stat.uid === process.getuid?.())
        rmSync(path, { recursive: true, force: true });
    } catch {
      // Someone else cleared it away first, or it is not ours to clear: either way this run does not need it.
    }
  }
}

function isStale(match: RegExpExecArray): boolean {
  if (match[2] !== boot()) return true;
  const pid = Number(match[3]);
  const start = startOf(pid);
  // The number may have gone to a new process; only the same start time is the same process.
  return start === undefined ? !isAlive(pid) : start !== match[4];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== "ESRCH";
  }
}

/** Start of a process in clock ticks since boot (proc_pid_stat(5), field 22), or undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  // The second field is the command's name in parentheses, which may hold anything.
  return /\) (?:\S+ ){19}(\d+) /.exec(readOr(`/proc/${pid}/stat`) ?? "")?.[1];
}

/** The machine and, for containers, the process numbering: pid 7 in one container says nothing about pid 7 in another. */
function machine(): string {
  return shortHash(hostname(), readOr("/etc/machine-id") ?? "", linkOr("/proc/self/ns/pid"));
}

function boot(): string {
  return shortHash(readOr("/proc/sys/kernel/random/boot_id") ?? "");
}

function shortHash(...parts: string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 8);
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
