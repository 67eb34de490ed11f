import { readFile } from "node:fs/promises";

/** Files that are open without any connection: the program's own, the folder's lock, the control socket, the metrics' address. */
const ownFiles = 64;
/** A connection's own descriptor, the file or the other server that its request works on, and a folder while a file gets its name. */
const filesOfConnection = 3;
/** Fewer make no server. */
const leastConnections = 8;

/**
 * How many connections a process that may have `openFiles` files open should take, where `wanted` are configured: the system gives
 * descriptors to whoever comes first, and connections come before the files that they ask for.
 */
export function connectionsWithin(openFiles: number, wanted: number): number {
  const possible = Math.max(leastConnections, Math.floor((openFiles - ownFiles) / filesOfConnection));
  return Math.min(wanted, possible);
}

/** The files that this process may have open at once; infinity where there is no limit, or the system does not tell. */
export async function readOpenFilesLimit(): Promise<number> {
  try {
    return parseOpenFilesLimit(await readFile("/proc/self/limits", "utf8"));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** The limit that is in force (the "soft" one) by the text of `/proc/PID/limits` (proc(5)). */
export function parseOpenFilesLimit(text: string): number {
  const limit = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}
