import { createHash } from "node:crypto";
import { algorithmOf, type Digest, digestOf } from "../oci/digest.ts";
import { DdiffError } from "../util/errors.ts";
import { heavy, sendTail, type Slots } from "./s3-append.ts";
import { dataPath, mostInline, type S3Blobs } from "./s3-blobs.ts";
import type { Bucket } from "./s3-client.ts";
import { assureObject, readContent } from "./s3-content.ts";
import { fillWithTail, forgetUpload, type LiveUpload, removeUpload, saveUpload } from "./s3-live-upload.ts";
import { abortMultipart, completeMultipart, listParts, sendObject } from "./s3-multipart.ts";
import { openPartBuffer, type PartBuffer } from "./s3-part-buffer.ts";

/**
 * Makes an upload's bytes the blob `digest`. They are hashed as they came in where this process saw them all, else read back. Throws
 * `DIGEST_MISMATCH`, and the upload is gone then. After any other error the upload must be loaded anew; it can be finished again.
 */
export async function finishAs(
  bucket: Bucket,
  blobs: S3Blobs,
  slots: Slots,
  live: LiveUpload,
  digest: Digest,
): Promise<void> {
  if (!live.completed && live.parts.length === 0) {
    await heavy(slots, live.tailSize, () => finishSmall(bucket, blobs, live, digest));
  } else await finishLarge(bucket, blobs, slots, live, digest);
  live.gone = true;
  await forgetUpload(bucket, live.id);
}

/** Gives an upload up. Throws `UPLOAD_BUSY` where another server writes to it. */
export async function cancelUpload(bucket: Bucket, blobs: S3Blobs, live: LiveUpload): Promise<void> {
  const { finishing: digest } = live;
  const finishing = digest && { digest, size: live.partBytes };
  const end = finishing === undefined ? {} : { finishing };
  // First so that no server goes on with it, then so that one that dies in between leaves a note of what is to be deleted.
  await saveUpload(bucket, live, undefined, { ...end, cancelled: true });
  live.gone = true;
  await removeUpload(bucket, blobs, live.id, {
    ...end,
    ...(live.multipart === undefined ? {} : { multipart: live.multipart }),
  });
}

/** One that is all tail: a single object, or a part of the blob's record. */
async function finishSmall(bucket: Bucket, blobs: S3Blobs, live: LiveUpload, digest: Digest): Promise<void> {
  const size = live.tailSize;
  const buffer = openPartBuffer(Math.max(1, size));
  try {
    await fillWithTail(bucket, live, buffer);
    const bytes = await bytesOf(buffer);
    if (digestOf(bytes, algorithmOf(digest)) !== digest) await refuse(bucket, blobs, live, digest);
    if (live.multipart !== undefined) await abortMultipart(bucket, dataPath(live.id), live.multipart);
    if (size <= mostInline) return await blobs.addInline(digest, bytes);
    await sendObject(bucket, dataPath(live.id), buffer);
  } finally {
    await buffer.dispose();
  }
  await add(bucket, blobs, live, digest, size);
}

async function finishLarge(
  bucket: Bucket,
  blobs: S3Blobs,
  slots: Slots,
  live: LiveUpload,
  digest: Digest,
): Promise<void> {
  if (!live.completed) await complete(bucket, slots, live);
  const size = live.partBytes;
  const seen = live.completed ? undefined : live.digester;
  live.completed = true;
  const actual =
    seen !== undefined && live.algorithm === algorithmOf(digest)
      ? seen.digest()
      : await readBack(bucket, live, digest);
  if (actual === undefined) {
    // A server died after the blob was there already and the bytes of this upload had been deleted as superfluous.
    const isOther = live.finishing === digest && !(await blobs.isData(digest, live.id));
    if (isOther && (await blobs.store.touchBlob(digest))) return;
    throw new DdiffError("UPLOAD_UNKNOWN", "The bytes of the upload are gone from the bucket.", {
      hint: "Begin another one.",
    });
  }
  if (actual !== digest) await refuse(bucket, blobs, live, digest);
  await add(bucket, blobs, live, digest, size);
}

async function complete(bucket: Bucket, slots: Slots, live: LiveUpload): Promise<void> {
  const path = dataPath(live.id);
  const multipart = live.multipart ?? "";
  await sendTail(bucket, slots, live);
  const outcome = await completeMultipart(bucket, path, multipart, live.parts);
  if (outcome === "done") return;
  live.digester = undefined;
  if (outcome === "before") return;
  // Another server, or an earlier life of this one, has sent a part after us. What is there now decides, and is read back.
  const parts = (await listParts(bucket, path, multipart))?.slice(0, live.parts.length) ?? [];
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (size === live.partBytes && (await completeMultipart(bucket, path, multipart, parts)) !== "other")
    return;
  throw new DdiffError("UPLOAD_BUSY", "The upload is being written to by another request.", {
    hint: "Ask for its size and go on from there.",
  });
}

/** The record comes last: after a look at the bytes, and a note that keeps them from being deleted with a stale upload. */
async function add(
  bucket: Bucket,
  blobs: S3Blobs,
  live: LiveUpload,
  digest: Digest,
  size: number,
): Promise<void> {
  await assureObject(bucket, dataPath(live.id), size);
  live.multipart = undefined;
  await saveUpload(bucket, live, undefined, { finishing: { digest, size } });
  await blobs.addData(digest, live.id, size);
}

async function readBack(bucket: Bucket, live: LiveUpload, digest: Digest): Promise<Digest | undefined> {
  const stream = await readContent(bucket, dataPath(live.id), live.partBytes);
  if (stream === undefined) return undefined;
  const hash = createHash(algorithmOf(digest));
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return `${algorithmOf(digest)}:${hash.digest("hex")}`;
}

async function refuse(bucket: Bucket, blobs: S3Blobs, live: LiveUpload, digest: Digest): Promise<never> {
  await cancelUpload(bucket, blobs, live);
  throw new DdiffError("DIGEST_MISMATCH", `The uploaded bytes are not ${digest}.`, {
    hint: "Upload the blob again.",
  });
}

async function bytesOf(buffer: PartBuffer): Promise<Buffer> {
  const body = buffer.body();
  return Buffer.isBuffer(body) ? body : Buffer.concat((await body.toArray()) as Buffer[]);
}
