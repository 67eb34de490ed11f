import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { algorithmOf, type Digest, type DigestAlgorithm, hexOf } from "../oci/digest.ts";
import { DdiffError } from "../util/errors.ts";
import { blobPath } from "./disk-blobs.ts";
import { type DiskFolder, ifPresent } from "./disk-folder.ts";

/** What comes is gathered into writes of this many bytes: fewer cost more calls, more fall out of the processor's cache before they are written. */
const blockBytes = 256 * 1024;
/** So many pieces go into one write at most: the system takes 1024. */
const blockPieces = 512;
/** While more comes, what was written is sent to the disk each so many bytes, so that the end need not wait for all of it. */
const syncBytes = 32 * 1024 * 1024;
/** Below this many bytes an upload that is not finished is not worth the wait for the disk. */
const durableBytes = 1024 * 1024;

/** An upload under way, shared by all its handles. */
export interface UploadState {
  id: string;
  path: string;
  repository: string;
  /** The algorithm that `hash` runs with. */
  algorithm: DigestAlgorithm;
  /** Bytes in the data file. */
  size: number;
  /** Of exactly the bytes in the data file; undefined where they have to be read for it. */
  hash: Hash | undefined;
  busy: boolean;
  /** Whether its record and the entries that lead to it are on the disk. */
  anchored: boolean;
  /** Finished, given up, or not to be trusted any more: whoever holds it may only remove it. */
  gone: boolean;
}

/** Appends all that comes; see `Upload.append`. */
export async function appendTo(
  folder: DiskFolder,
  state: UploadState,
  source: AsyncIterable<Buffer>,
  limit = Number.POSITIVE_INFINITY,
): Promise<number> {
  const hash = await hashOf(state, state.algorithm);
  const file = await open(join(state.path, "data"), "a");
  try {
    const writer = makeWriter(folder, state, file, hash);
    try {
      for await (const chunk of source) {
        if (state.size + writer.pending() + chunk.length > limit) throw tooLarge(limit);
        await writer.add(chunk);
      }
    } finally {
      await writer.end();
    }
  } catch (error) {
    // What was written of the last block is not known.
    state.size = (await file.stat()).size;
    throw error;
  } finally {
    await file.close();
  }
  return state.size;
}

interface Writer {
  add(chunk: Buffer): Promise<void>;
  /** Bytes that are not yet part of the state's size. */
  pending(): number;
  end(): Promise<void>;
}

/** While one block is written, the next one is gathered and hashed. */
function makeWriter(folder: DiskFolder, state: UploadState, file: FileHandle, hash: Hash): Writer {
  let block: Buffer[] = [];
  let gathered = 0;
  let inFlight = 0;
  let writing = Promise.resolve();
  let unsynced = 0;
  let syncing = Promise.resolve();
  let syncRuns = false;

  async function flush(): Promise<void> {
    await writing;
    if (gathered === 0) return;
    const pieces = block;
    inFlight = gathered;
    block = [];
    gathered = 0;
    writing = writeBlock(file, pieces, inFlight).then(
      () => {
        state.size += inFlight;
        unsynced += inFlight;
        inFlight = 0;
      },
      (error: unknown) => {
        // It is ahead of the file.
        state.hash = undefined;
        throw error;
      },
    );
    // Whoever awaits it next hears of a failure.
    writing.catch(() => {});
    for (const piece of pieces) hash.update(piece);
    if (unsynced >= syncBytes && !syncRuns) startSync();
  }

  function startSync(): void {
    unsynced = 0;
    syncRuns = true;
    syncing = syncData(folder, state, file).finally(() => {
      syncRuns = false;
    });
    syncing.catch(() => {});
  }

  return {
    pending: () => gathered + inFlight,
    async add(chunk) {
      block.push(chunk);
      gathered += chunk.length;
      if (gathered >= blockBytes || block.length >= blockPieces) await flush();
    },
    async end() {
      try {
        await flush();
        await writing;
      } finally {
        await syncing;
      }
      if (state.size < durableBytes) return;
      await syncData(folder, state, file);
      await anchor(folder, state);
    },
  };
}

/** Syncs the data. After a failure the system may take the lost bytes for written: then nothing more can be built on them. */
async function syncData(folder: DiskFolder, state: UploadState, file: FileHandle): Promise<void> {
  try {
    await folder.files.syncFile(file);
  } catch (error) {
    state.gone = true;
    throw error;
  }
}

/** Makes the upload itself durable: its record and the entries that lead to it. */
async function anchor(folder: DiskFolder, state: UploadState): Promise<void> {
  if (state.anchored) return;
  const record = await open(join(state.path, "upload.json"));
  try {
    await folder.files.syncFile(record);
  } finally {
    await record.close();
  }
  await folder.files.syncEntries(state.path);
  state.anchored = true;
}

async function writeBlock(file: FileHandle, pieces: Buffer[], size: number): Promise<void> {
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten === size) return;
  // A short write: most likely the disk is full, and the next one says so.
  let rest = Buffer.concat(pieces, size).subarray(bytesWritten);
  while (rest.length > 0) {
    const more = await file.write(rest);
    rest = rest.subarray(more.bytesWritten);
  }
}

function tooLarge(limit: number): DdiffError {
  return new DdiffError("UPLOAD_TOO_LARGE", `the upload has more than the ${limit} bytes allowed`);
}

/** The hash of what is in the file: the running one, or by reading it again, after a restart or for another algorithm. */
async function hashOf(state: UploadState, algorithm: DigestAlgorithm): Promise<Hash> {
  if (state.hash !== undefined && state.algorithm === algorithm) return state.hash;
  const hash = createHash(algorithm);
  if (state.size > 0) {
    const file = await open(join(state.path, "data"));
    for await (const chunk of file.createReadStream({ end: state.size - 1, highWaterMark: blockBytes })) {
      hash.update(chunk as Buffer);
    }
  }
  state.hash = hash;
  state.algorithm = algorithm;
  return hash;
}

/** Makes the bytes the blob if they are what the digest names, and answers whether they are; see `Upload.finish`. */
export async function finishAs(folder: DiskFolder, state: UploadState, digest: Digest): Promise<boolean> {
  const hash = await hashOf(state, algorithmOf(digest));
  // A copy: the upload goes on if what follows fails.
  if (hash.copy().digest("hex") !== hexOf(digest)) return false;
  const data = join(state.path, "data");
  const file = await open(data, "a");
  try {
    await syncData(folder, state, file);
  } finally {
    await file.close();
  }
  const path = blobPath(folder, digest);
  await folder.locks(path, async () => {
    const now = new Date();
    const there = await ifPresent(stat(path));
    // One of another size is damaged, and healed by ours.
    if (there?.size === state.size) {
      await utimes(path, now, now);
      // A process that was killed may have renamed it a moment before its sync.
      await folder.files.syncEntries(dirname(path));
      return;
    }
    // The age of a blob counts from here, not from when its last byte came.
    await utimes(data, now, now);
    await folder.files.move(data, path);
  });
  return true;
}
