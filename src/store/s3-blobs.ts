import { Readable } from "node:stream";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { algorithmOf, type Digest, Digester, digestOf, hexOf, isDigest } from "../oci/digest.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { type Cell, deleteCell, readCell, statCell, touchCell, writeCell } from "./s3-cells.ts";
import { type Bucket, explainFailure } from "./s3-client.ts";
import { listKeys } from "./s3-objects.ts";
import { readContent, removeObject, sizeOf } from "./s3-content.ts";
import { statePath } from "./s3-upload-state.ts";
import type { BlobStore, ByteRange, ObjectInfo } from "./store.ts";

/*
 * A blob is a record under its digest, `blobs/sha256/ab/ab12…`: a cell, so that pushes, touches and deletes of several servers at once
 * are told apart. The record holds a small blob itself, and of others names the object `data/<upload>` that has the bytes. Such an object
 * is written once, under a name of its own: so an upload becomes a blob without being copied, however large it is, and a delete
 * that is under way can never hit the bytes of a push that came after it.
 *
 * Deletes first leave a note `trash/<upload>`, so that the bytes go even where the server dies between record and bytes. As long as the
 * upload's state stands, somebody may be about to name the bytes in a record (again): they stay until a collection that comes later.
 */

/** Blobs up to this many bytes lie in their record: manifests and configs, in one request each. */
export const mostInline = 64 * 1024;
/** Data objects whose names are remembered. */
const mostRemembered = 10_000;
/** Milliseconds after which a note of a delete is thought to be left by a server that died. */
const trashAge = 10 * 60_000;

/** What a record says. */
interface BlobRecord extends ObjectInfo {
  /** The upload whose object has the bytes; undefined where they are `inline`. */
  data: string | undefined;
  inline: Buffer | undefined;
}

/** The blobs of a bucket, and what uploads need of them. */
export interface S3Blobs {
  /** What all see. */
  readonly store: Omit<BlobStore, "createUpload" | "openUpload" | "staleUploads">;
  /** Makes bytes in memory a blob. */
  addInline(digest: Digest, bytes: Buffer): Promise<void>;
  /** Makes an object `data/<upload>` a blob. Where there is one already that stays, and the object is deleted. */
  addData(digest: Digest, upload: string, size: number): Promise<void>;
  /** Whether the blob's bytes are those of this upload. */
  isData(digest: Digest, upload: string): Promise<boolean>;
  /** Leaves the bytes of an upload that was given up while it became this blob to a later collection, which looks whether it did. */
  leaveData(digest: Digest, upload: string): Promise<void>;
  /** Goes on with deletes of servers that died, and with what was left. */
  emptyTrash(): Promise<void>;
}

/** Where an upload's bytes lie, and stay when they are a blob. */
export function dataPath(upload: string): string {
  return `data/${upload}`;
}

/** The blobs of a bucket. */
export function s3Blobs(bucket: Bucket): S3Blobs {
  // Which object has a digest's bytes. A hint only: that it is still there is asked of the service each time.
  const remembered = new Map<Digest, { data: string; size: number }>();

  async function read(digest: Digest): Promise<BlobRecord | undefined> {
    const cell = await readCell(bucket, recordPath(digest));
    const record = cell && parseRecord(digest, cell);
    remembered.delete(digest);
    if (record?.data !== undefined) {
      if (remembered.size >= mostRemembered) remembered.delete(remembered.keys().next().value ?? digest);
      remembered.set(digest, { data: record.data, size: record.size });
    }
    return record;
  }

  async function open(digest: Digest, range?: ByteRange): Promise<Readable> {
    const known = remembered.get(digest);
    const stream = known && (await readContent(bucket, dataPath(known.data), known.size, range));
    if (stream !== undefined) return stream;
    const record = await read(digest);
    if (record?.inline !== undefined) {
      const bytes = range === undefined ? record.inline : record.inline.subarray(range.start, range.end);
      return Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false });
    }
    const found = record?.data && (await readContent(bucket, dataPath(record.data), record.size, range));
    if (found) return found;
    throw new DdiffError("BLOB_MISSING", `the store has no blob ${digest}`);
  }

  async function isData(digest: Digest, upload: string): Promise<boolean> {
    return (await read(digest))?.data === upload;
  }

  async function add(
    digest: Digest,
    head: { size: number; data?: string },
    inline: Buffer,
  ): Promise<boolean> {
    const path = recordPath(digest);
    const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), inline]);
    for (;;) {
      try {
        await writeCell(bucket, path, bytes, { absent: true });
        return true;
      } catch (error) {
        if (!isDdiffError(error, "STORE_CONFLICT")) throw error;
      }
      const cell = await readCell(bucket, path);
      if (cell === undefined) continue;
      // A blob whose bytes were lost is mended by whoever pushes it again.
      const whole = await isWhole(cell);
      try {
        await writeCell(bucket, path, whole ? cell.bytes : bytes, { version: cell.version });
        return !whole;
      } catch (error) {
        if (!isDdiffError(error, "STORE_CONFLICT")) throw error;
      }
    }

    async function isWhole(cell: Cell): Promise<boolean> {
      try {
        const { data, inline, size } = parseRecord(digest, cell);
        if (inline !== undefined) return digestOf(inline, algorithmOf(digest)) === digest;
        return data === head.data || (await sizeOf(bucket, dataPath(data ?? ""))) === size;
      } catch (error) {
        if (isDdiffError(error, "STORE_DAMAGED")) return false;
        throw error;
      }
    }
  }

  async function isIntact(digest: Digest): Promise<boolean> {
    try {
      const digester = new Digester(algorithmOf(digest));
      for await (const chunk of await open(digest)) digester.update(chunk as Buffer);
      return digester.digest() === digest;
    } catch (error) {
      if (isDdiffError(error, "STORE_DAMAGED") || isDdiffError(error, "BLOB_MISSING")) return false;
      throw error;
    }
  }

  /** Notes that the bytes of an upload are to be deleted, unless they are the blob's. */
  async function noteTrash(digest: Digest, upload: string): Promise<void> {
    await writeCell(bucket, trashPath(upload), Buffer.from(digest));
  }

  /** Deletes bytes that no record names and none will, and the note of them. */
  async function emptyOut(digest: Digest, upload: string): Promise<void> {
    // In this order: who finishes the upload writes the record before the state goes.
    if ((await statCell(bucket, statePath(upload))) !== undefined) return;
    if (!(await isData(digest, upload))) await removeObject(bucket, dataPath(upload));
    await removeObject(bucket, trashPath(upload));
  }

  const store: S3Blobs["store"] = {
    async statBlob(digest) {
      const record = await read(digest);
      return record && { size: record.size, modified: record.modified };
    },
    openBlob: open,
    async touchBlob(digest) {
      return await touchCell(bucket, recordPath(digest));
    },
    async deleteBlob(digest, unlessSince) {
      const path = recordPath(digest);
      const cell = await readCell(bucket, path);
      if (cell === undefined || cell.modified >= unlessSince) return false;
      const { data } = parseRecord(digest, cell);
      if (data !== undefined) await noteTrash(digest, data);
      let gone = false;
      try {
        gone = await deleteCell(bucket, path, { version: cell.version });
      } catch (error) {
        if (!isDdiffError(error, "STORE_CONFLICT")) throw error;
      }
      remembered.delete(digest);
      if (data !== undefined) await emptyOut(digest, data);
      return gone;
    },
    async setAsideBlob(digest) {
      const path = recordPath(digest);
      const cell = await readCell(bucket, path);
      if (cell === undefined || (await isIntact(digest))) return false;
      await writeCell(bucket, `damaged/${path}`, cell.bytes);
      try {
        return await deleteCell(bucket, path, { version: cell.version });
      } catch (error) {
        if (isDdiffError(error, "STORE_CONFLICT")) return false;
        throw error;
      }
    },
    async listBlobs({ after, limit }) {
      const digests: Digest[] = [];
      if (limit <= 0) return digests;
      const start = after && recordPath(after);
      for await (const { key, size } of listKeys(bucket, "blobs/", start)) {
        const [, algorithm, , hex] = key.split("/");
        const digest = `${algorithm}:${hex}`;
        if (size > 0 && isDigest(digest) && digests.push(digest) === limit) break;
      }
      return digests;
    },
    async blobUrl(digest, seconds) {
      const data = (await read(digest))?.data;
      if (data === undefined) return undefined;
      const Key = bucket.prefix + dataPath(data);
      try {
        return await getSignedUrl(bucket.client, new GetObjectCommand({ Bucket: bucket.name, Key }), {
          expiresIn: seconds,
        });
      } catch (error) {
        throw explainFailure(bucket, error);
      }
    },
  };

  return {
    store,
    async addInline(digest, bytes) {
      await add(digest, { size: bytes.length }, bytes);
    },
    async addData(digest, upload, size) {
      const ours = await add(digest, { size, data: upload }, Buffer.alloc(0));
      if (!ours && !(await isData(digest, upload))) await removeObject(bucket, dataPath(upload));
    },
    isData,
    async leaveData(digest, upload) {
      if (!(await isData(digest, upload))) await noteTrash(digest, upload);
    },
    async emptyTrash() {
      for await (const { key, modified, size } of listKeys(bucket, trashPath(""))) {
        if (size === 0 || modified > Date.now() - trashAge) continue;
        const digest = (await readCell(bucket, key))?.bytes.toString();
        if (isDigest(digest)) await emptyOut(digest, key.slice(trashPath("").length));
        else await removeObject(bucket, key);
      }
    },
  };
}

/** Where the note stands that an upload's bytes are to be deleted. */
function trashPath(upload: string): string {
  return `trash/${upload}`;
}

function recordPath(digest: Digest): string {
  const hex = hexOf(digest);
  return `blobs/${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
}

function parseRecord(digest: Digest, { bytes, modified }: Cell): BlobRecord {
  const end = bytes.indexOf("\n");
  let head: unknown;
  try {
    head = JSON.parse(bytes.toString("utf8", 0, end));
  } catch {
    head = undefined;
  }
  const { size, data } = (head ?? {}) as { size?: unknown; data?: unknown };
  const inline = data === undefined ? bytes.subarray(end + 1) : undefined;
  if (
    end < 0 ||
    !Number.isSafeInteger(size) ||
    (inline === undefined ? typeof data !== "string" : inline.length !== size)
  ) {
    throw new DdiffError("STORE_DAMAGED", `The record of blob ${digest} cannot be read.`, {
      hint: "Push the blob again.",
    });
  }
  return { size: size as number, modified, data: data as string | undefined, inline };
}
