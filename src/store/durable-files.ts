import { rmdirSync } from "node:fs";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "../util/disk.ts";
import { systemErrorCode } from "../util/errors.ts";

/** How often a folder may vanish under a rename before that is an error. */
const renameAttempts = 100;
/** Folders that are known to be durable; forgetting them costs a sync. */
const rememberedFolders = 20_000;

/** Writes below one folder that survive the loss of power when they resolve. Only one process may write there. */
export interface DurableFiles {
  /** Makes `path` a file of these bytes: readers see the old one or the new one. Its folders are made. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Renames a file, whose bytes are synced, to `path`. Its folders are made. */
  move(from: string, path: string): Promise<void>;
  /** Syncs a file's bytes. */
  syncFile(file: FileHandle): Promise<void>;
  /** Syncs the entries of a folder, and those of its parents that lead to it. */
  syncEntries(folder: string): Promise<void>;
  /** The same, unless this process has synced them before: a process that was killed may have named something a moment before its sync. */
  settleEntries(folder: string): Promise<void>;
  /**
   * After something in `folder` was deleted: makes that durable, and removes it and its parents below `top` as far as they are empty;
   * `removed` hears of each at the moment it is gone.
   */
  tidy(folder: string, top: string, removed: (folder: string) => void): Promise<void>;
}

/** `root` exists; `temporary` is a folder in the same file system that is empty and nobody else's. */
export function makeDurableFiles(root: string, temporary: string): DurableFiles {
  const durable = new Set<string>();
  /** Folders that this process has synced, and where no sync has failed since. */
  const settled = new Set<string>();
  const gate = makeGate(concurrentSyncs());
  const syncOnce = joinCalls(async (folder: string) => {
    try {
      await gate(() => syncFolder(folder));
    } catch (error) {
      settled.delete(folder);
      throw error;
    }
    if (settled.size >= rememberedFolders) settled.clear();
    settled.add(folder);
  });
  let counter = 0;
  /** Counts folders that were removed: a rename that ran meanwhile may have gone into a new folder of the same name. */
  let removals = 0;

  function remember(folder: string): void {
    if (durable.size >= rememberedFolders) durable.clear();
    durable.add(folder);
  }

  function forget(folder: string): void {
    for (let at = folder; at.length > root.length; at = dirname(at)) durable.delete(at);
  }

  /**
   * Makes a folder and its parents, and the entries that lead to it durable. The first time in a process it syncs also what is there:
   * a process that was killed may have made it a moment before its sync.
   */
  async function ensure(folder: string): Promise<void> {
    if (folder.length <= root.length || durable.has(folder)) return;
    const parent = dirname(folder);
    await ensure(parent);
    await mkdir(folder).catch((error: unknown) => {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    });
    await syncOnce(parent);
    remember(folder);
  }

  async function move(from: string, path: string): Promise<void> {
    const folder = dirname(path);
    for (let attempt = 0; ; attempt++) {
      const seen = removals;
      try {
        await ensure(folder);
        await rename(from, path);
      } catch (error) {
        // The folder was empty and has just been tidied away, or a parent of it.
        if (systemErrorCode(error) !== "ENOENT" || attempt === renameAttempts) throw error;
        forget(folder);
        continue;
      }
      if (seen !== removals) {
        forget(folder);
        await ensure(folder);
      }
      await syncOnce(folder);
      return;
    }
  }

  async function syncFile(file: FileHandle): Promise<void> {
    await gate(() => file.datasync());
  }

  async function syncEntries(folder: string): Promise<void> {
    await ensure(folder);
    await syncOnce(folder);
  }

  return {
    move,
    syncFile,
    syncEntries,
    async settleEntries(folder) {
      if (!settled.has(folder)) await syncEntries(folder);
    },
    async write(path, bytes) {
      const name = join(temporary, String(counter++));
      try {
        const file = await open(name, "wx");
        try {
          await file.writeFile(bytes);
          await syncFile(file);
        } finally {
          await file.close();
        }
        await move(name, path);
      } catch (error) {
        await rm(name, { force: true });
        throw error;
      }
    },
    async tidy(folder, top, removed) {
      let at = folder;
      for (; at.length > top.length; at = dirname(at)) {
        // In one turn with telling of it: nobody can make the folder anew and be told of before.
        if (!removeEmpty(at)) break;
        removals++;
        durable.delete(at);
        removed(at);
      }
      for (;;) {
        try {
          await syncOnce(at);
          return;
        } catch (error) {
          if (systemErrorCode(error) !== "ENOENT" || at.length <= root.length) throw error;
          at = dirname(at);
        }
      }
    },
  };
}

/** Removes a folder if it is empty. Whether it is gone by this call. */
function removeEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOENT" || code === "EBUSY") return false;
    throw error;
  }
}

/** Syncs block threads of Node's pool, which all other file work needs too: half of them at most. */
function concurrentSyncs(): number {
  const size = Number(process.env["UV_THREADPOOL_SIZE"] ?? 4);
  return Math.max(1, Math.floor((Number.isFinite(size) ? size : 4) / 2));
}

/** Runs at most `limit` works at a time. */
function makeGate(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

/**
 * Calls with the same argument that come while one runs share the next one: what was done before a call was made is covered by
 * the work that begins after it.
 */
function joinCalls(work: (argument: string) => Promise<void>): (argument: string) => Promise<void> {
  const calls = new Map<string, { now: Promise<void>; next?: Promise<void> }>();
  function start(argument: string): Promise<void> {
    const call: { now: Promise<void>; next?: Promise<void> } = { now: Promise.resolve() };
    call.now = work(argument).finally(() => {
      if (calls.get(argument) === call) calls.delete(argument);
    });
    calls.set(argument, call);
    return call.now;
  }
  return (argument) => {
    const call = calls.get(argument);
    if (call === undefined) return start(argument);
    const again = (): Promise<void> => start(argument);
    call.next ??= call.now.then(again, again);
    return call.next;
  };
}
