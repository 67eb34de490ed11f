import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  type Stats,
} from "node:fs";
import { systemErrorCode } from "../../util/errors.ts";
import { makeBreath } from "../../util/breath.ts";

/** An inode with several names: what it costs, and its name on this machine. */
export interface LinkedFile {
  inode: string;
  disk: number;
  content: number;
}

/** What a folder with all below it costs, in bytes; a file with several names in it counts once. */
export interface Measured {
  /** Allocated, folders and links included. */
  disk: number;
  /** Sizes of the regular files. */
  content: number;
  /** Files that have more names than one, here or elsewhere. They are in the sums. */
  linked: LinkedFile[];
}

/** A folder that is not read yet. */
interface Folder {
  path: Buffer;
  /** Whether what lies in it is content. */
  isContent: boolean;
}

/** Longer paths are shortened: systems take 4096 bytes, and containers can make folders that lie deeper. */
const longestPath = 3000;
/** `st_blocks` is in these units, whatever the file system's own are (inode(7)). */
const blockSize = 512;
const separator = Buffer.from("/");

/**
 * Measures a folder or a file without opening files or following links, and without leaving its file system: a running container's root is
 * mounted inside its folder. Only what lies below `contentIn` is content. What vanishes on the way does not count; undefined where there is
 * nothing at all. Throws `EACCES`.
 */
export async function measureFolder(
  path: string,
  { contentIn = path, signal }: { contentIn?: string; signal?: AbortSignal | undefined } = {},
): Promise<Measured | undefined> {
  const measured: Measured = { disk: 0, content: 0, linked: [] };
  const root = Buffer.from(path);
  const inner = Buffer.from(contentIn);
  const top = stateOf(root);
  if (top === undefined) return undefined;
  const seen = new Set<string>();
  // Numbers are open folders: all that lies in them stands above.
  const left: (Folder | number)[] = [];
  const breath = makeBreath(signal);
  const add = (at: Buffer, state: Stats, isContent: boolean): void => {
    if (state.dev !== top.dev) return;
    if (state.isDirectory()) left.push({ path: at, isContent });
    const disk = state.blocks * blockSize;
    const content = state.isFile() && isContent ? state.size : 0;
    if (state.nlink > 1 && !state.isDirectory()) {
      const inode = inodeOf(at);
      if (inode === undefined || seen.has(inode)) return;
      seen.add(inode);
      measured.linked.push({ inode, disk, content });
    }
    measured.disk += disk;
    measured.content += content;
  };
  add(root, top, root.equals(inner));
  try {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (typeof next === "number") {
        closeSync(next);
        continue;
      }
      const { isContent } = next;
      const folder = next.path.length > longestPath ? shortened(next.path, left) : next.path;
      for (const name of folder === undefined ? [] : namesIn(folder)) {
        const at = Buffer.concat([folder ?? root, separator, name]);
        const state = stateOf(at);
        if (state !== undefined) add(at, state, isContent || at.equals(inner));
      }
      await breath();
    }
  } finally {
    for (const one of left) if (typeof one === "number") closeSync(one);
  }
  return measured;
}

/** A short name for a folder, which holds while it is open (proc_pid_fd(5)); undefined where it has vanished. */
function shortened(path: Buffer, open: (Folder | number)[]): Buffer | undefined {
  const handle = ifThere(() =>
    openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW),
  );
  if (handle === undefined) return undefined;
  open.push(handle);
  return Buffer.from(`/proc/self/fd/${handle}`);
}

function namesIn(folder: Buffer): Buffer[] {
  return ifThere(() => readdirSync(folder, { encoding: "buffer" })) ?? [];
}

function stateOf(path: Buffer): Stats | undefined {
  return ifThere(() => lstatSync(path));
}

/** Numbers of inodes may be larger than a `number` tells apart. */
function inodeOf(path: Buffer): string | undefined {
  const state = ifThere((): BigIntStats => lstatSync(path, { bigint: true }));
  return state === undefined ? undefined : `${state.dev}:${state.ino}`;
}

function ifThere<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}
