import { createHash } from "node:crypto";
import { open, readdir, stat, unlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { algorithmOf, type Digest, hexOf, isDigest } from "../oci/digest.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { type DiskFolder, ifPresent } from "./disk-folder.ts";
import type { BlobStore, ByteRange, ObjectInfo } from "./store.ts";

/** Up to this many bytes are read at once, with no stream over an open file. */
const wholeBytes = 256 * 1024;
/**
 * Larger reads cost the loop less per byte, up to this; with a MiB sixteen pulls at once cost 50 to 80 MB more memory and were no faster.
 */
const chunkBytes = 256 * 1024;
/** What is lent to a writer, two of them for each pull. */
const pieceBytes = 512 * 1024;
const algorithms = ["sha256", "sha512"] as const;

type Blobs = Pick<
  BlobStore,
  "statBlob" | "openBlob" | "readBlob" | "touchBlob" | "deleteBlob" | "listBlobs" | "setAsideBlob"
>;

/** Where a blob lies: `blobs/sha256/ab/abcd…`. */
export function blobPath(folder: DiskFolder, digest: Digest): string {
  const hex = hexOf(digest);
  return join(folder.path, "blobs", algorithmOf(digest), hex.slice(0, 2), hex);
}

/** The blobs of a disk store, but for their uploads. */
export function diskBlobs(folder: DiskFolder): Blobs {
  async function info(digest: Digest): Promise<ObjectInfo | undefined> {
    const state = await ifPresent(stat(blobPath(folder, digest)));
    return state === undefined ? undefined : { size: state.size, modified: Math.floor(state.mtimeMs) };
  }

  /** Alone on this blob: uploads that finish take the same lock. */
  function change<T>(digest: Digest, work: (path: string) => Promise<T>): Promise<T> {
    const path = blobPath(folder, digest);
    return folder.writing(() => folder.locks(path, () => work(path)));
  }

  return {
    statBlob: info,
    async openBlob(digest, range) {
      return await openRange(blobPath(folder, digest), digest, range);
    },
    readBlob: (digest, range) => readPieces(blobPath(folder, digest), digest, range),
    async touchBlob(digest) {
      return await change(digest, async (path) => {
        const now = new Date();
        const touched = (await ifPresent(utimes(path, now, now).then(() => true))) ?? false;
        if (touched) await folder.files.settleEntries(dirname(path));
        return touched;
      });
    },
    async deleteBlob(digest, unlessSince) {
      return await change(digest, async (path) => {
        const found = await info(digest);
        if (found === undefined || found.modified >= unlessSince) return false;
        await unlink(path);
        await folder.files.syncEntries(dirname(path));
        return true;
      });
    },
    async setAsideBlob(digest) {
      return await change(digest, async (path) => {
        const found = await info(digest);
        if (found === undefined || (await isSound(path, digest))) return false;
        await folder.files.move(path, join(folder.path, "damaged", digest.replace(":", "-")));
        await folder.files.syncEntries(dirname(path));
        return true;
      });
    },
    listBlobs: blobLister(folder),
  };
}

async function openFile(path: string, digest: Digest): Promise<OpenFile> {
  return await open(path).catch((error: unknown) => {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    throw new DdiffError("BLOB_MISSING", `the store has no blob ${digest}`, { cause: error });
  });
}

/** Pieces of a file in two memories by turns: fresh memory for each would cost more than reading it. */
async function* readPieces(
  path: string,
  digest: Digest,
  { start, end }: ByteRange,
): AsyncGenerator<Buffer, void, void> {
  const file = await openFile(path, digest);
  try {
    const length = Math.min(pieceBytes, end - start);
    let memory = Buffer.allocUnsafe(length);
    let other = end - start > length ? Buffer.allocUnsafe(length) : memory;
    for (let at = start; at < end; ) {
      const { bytesRead } = await file.read(memory, 0, Math.min(length, end - at), at);
      if (bytesRead === 0) throw new DdiffError("BLOB_MISSING", `the blob ${digest} became shorter`);
      yield memory.subarray(0, bytesRead);
      at += bytesRead;
      [memory, other] = [other, memory];
    }
  } finally {
    await file.close();
  }
}

async function openRange(path: string, digest: Digest, range: ByteRange | undefined): Promise<Readable> {
  const file = await openFile(path, digest);
  try {
    const { size } = await file.stat();
    const start = Math.min(range?.start ?? 0, size);
    const end = Math.min(range?.end ?? size, size);
    if (end - start > wholeBytes) {
      return file.createReadStream({ start, end: end - 1, highWaterMark: chunkBytes });
    }
    const bytes = await readPart(file, start, end - start);
    await file.close();
    return readableOfOne(bytes);
  } catch (error) {
    await file.close();
    throw error;
  }
}

type OpenFile = Awaited<ReturnType<typeof open>>;

async function readPart(file: OpenFile, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function readableOfOne(bytes: Buffer): Readable {
  return new Readable({
    read() {
      if (bytes.length > 0) this.push(bytes);
      this.push(null);
    },
  });
}

/** Whether a file's bytes are what the digest names. */
async function isSound(path: string, digest: Digest): Promise<boolean> {
  const hash = createHash(algorithmOf(digest));
  const file = await open(path);
  for await (const chunk of file.createReadStream({ highWaterMark: chunkBytes })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex") === hexOf(digest);
}

/** Pages of digests; the names of the one folder (of 256) that was read last are kept for the next page. */
function blobLister(folder: DiskFolder): BlobStore["listBlobs"] {
  let last: { shard: string; digests: Digest[] } | undefined;

  async function digestsOf(algorithm: string, shard: string, fresh: boolean): Promise<Digest[]> {
    const key = `${algorithm}/${shard}`;
    if (!fresh && last?.shard === key) return last.digests;
    const names = (await ifPresent(readdir(join(folder.path, "blobs", algorithm, shard)))) ?? [];
    const digests = names
      .sort()
      .map((name) => `${algorithm}:${name}`)
      .filter(isDigest);
    last = { shard: key, digests };
    return digests;
  }

  return async ({ after, limit }) => {
    const page: Digest[] = [];
    for (const algorithm of algorithms) {
      if (after !== undefined && algorithmOf(after) > algorithm) continue;
      const within = after !== undefined && algorithmOf(after) === algorithm ? after : undefined;
      const first = within === undefined ? "" : hexOf(within).slice(0, 2);
      const shards = (await ifPresent(readdir(join(folder.path, "blobs", algorithm)))) ?? [];
      for (const shard of shards.sort()) {
        if (shard < first) continue;
        const digests = await digestsOf(algorithm, shard, shard !== first);
        for (const digest of digests) {
          if (within !== undefined && digest <= within) continue;
          page.push(digest);
          if (page.length === limit) return page;
        }
      }
    }
    return page;
  };
}
