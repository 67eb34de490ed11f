import { type Digest, type DigestAlgorithm, Digester } from "../oci/digest.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { dataPath, type S3Blobs } from "./s3-blobs.ts";
import { readCell, writeCell } from "./s3-cells.ts";
import type { Bucket } from "./s3-client.ts";
import { readContent, removeObject, sizeOf } from "./s3-content.ts";
import { abortMultipart, listParts, type Part, sendObject } from "./s3-multipart.ts";
import type { PartBuffer } from "./s3-part-buffer.ts";
import { leastPart } from "./s3-part-plan.ts";
import { formatState, mostTailInline, parseState, statePath, type UploadState } from "./s3-upload-state.ts";
import type { Condition } from "./store.ts";

/** What this process knows of an upload: all that is durable, and the running digest where it saw every byte. */
export interface LiveUpload {
  readonly id: string;
  readonly repository: string;
  readonly algorithm: DigestAlgorithm;
  /** Of the state's cell: whoever writes it next must have seen this one. Empty before it was written first. */
  version: string;
  multipart: string | undefined;
  parts: Part[];
  /** Bytes in `parts`. */
  partBytes: number;
  /** Bytes beyond the parts; `tail` has them where they are in memory. */
  tailSize: number;
  tail: Buffer | undefined;
  /** ETag of the object that holds the tail, where this process wrote it: what `digester` saw, and no other server's. */
  tailVersion: string | undefined;
  digester: Digester | undefined;
  /** The bytes are complete under `data/<id>`: nothing can be appended. */
  completed: boolean;
  finishing: Digest | undefined;
  busy: boolean;
  gone: boolean;
}

/** Where a tail that is too large for the state stands. */
function tailPath(id: string): string {
  return `tails/${id}`;
}

/** An upload that has no bytes yet. */
export function newLiveUpload(id: string, repository: string, algorithm: DigestAlgorithm): LiveUpload {
  return {
    id,
    repository,
    algorithm,
    version: "",
    multipart: undefined,
    parts: [],
    partBytes: 0,
    tailSize: 0,
    tail: Buffer.alloc(0),
    tailVersion: undefined,
    digester: new Digester(algorithm),
    completed: false,
    finishing: undefined,
    busy: false,
    gone: false,
  };
}

/** An upload as the bucket has it, undefined where there is none. What is left of one that was given up is deleted. */
export async function loadUpload(
  bucket: Bucket,
  blobs: S3Blobs,
  id: string,
): Promise<LiveUpload | undefined> {
  const cell = await readCell(bucket, statePath(id));
  const read = cell && parseState(cell.bytes);
  if (cell === undefined || read === undefined) return undefined;
  const { state, tail } = read;
  if (state.cancelled) {
    await removeUpload(bucket, blobs, id, state);
    return undefined;
  }
  const live = newLiveUpload(id, state.repository, state.algorithm);
  live.version = cell.version;
  live.digester = undefined;
  if (state.finishing !== undefined) {
    return Object.assign(live, {
      completed: true,
      partBytes: state.finishing.size,
      finishing: state.finishing.digest,
    });
  }
  const parts = state.multipart === undefined ? [] : await listParts(bucket, dataPath(id), state.multipart);
  if (parts === undefined) {
    // Put together already, by a server that died before it could say so; or thrown away by the service.
    const size = await sizeOf(bucket, dataPath(id));
    if (size !== undefined) return Object.assign(live, { completed: true, partBytes: size });
    // First so that another server that is putting it together right now does not go on.
    await saveUpload(bucket, live, undefined, { cancelled: true });
    await removeUpload(bucket, blobs, id, state);
    return undefined;
  }
  live.multipart = state.multipart;
  // A short part is the last one of an attempt to finish: the tail has its bytes too, and others may follow them.
  const short = parts.findIndex(({ size }) => size < leastPart);
  live.parts = short < 0 ? parts : parts.slice(0, short);
  live.partBytes = live.parts.reduce((sum, { size }) => sum + size, 0);
  if (live.parts.length < state.parts) {
    throw new DdiffError("STORE_DAMAGED", `Parts of upload ${id} are gone from the bucket.`, {
      hint: "Begin the upload again.",
    });
  }
  const holdsTail = live.parts.length === state.parts;
  live.tailSize = holdsTail ? state.tail : 0;
  live.tail = !holdsTail ? Buffer.alloc(0) : tail.length === state.tail ? Buffer.from(tail) : undefined;
  if (live.parts.length === 0 && live.tail !== undefined) {
    live.digester = new Digester(live.algorithm).update(live.tail);
  }
  return live;
}

/** Puts the tail's bytes into an empty buffer. */
export async function fillWithTail(bucket: Bucket, live: LiveUpload, buffer: PartBuffer): Promise<void> {
  if (live.tailSize === 0) return;
  if (live.tail !== undefined) return await buffer.write(live.tail);
  if (live.tailSize <= mostTailInline) {
    const cell = await readCell(bucket, statePath(live.id));
    const tail = cell?.version === live.version ? parseState(cell.bytes)?.tail : undefined;
    if (tail?.length !== live.tailSize) throw busy();
    return await buffer.write(tail);
  }
  const stream = await readContent(bucket, tailPath(live.id), live.tailSize, undefined, live.tailVersion);
  for await (const chunk of stream ?? []) await buffer.write(chunk as Buffer);
  if (buffer.size !== live.tailSize) {
    throw new DdiffError("STORE_DAMAGED", `The last bytes of upload ${live.id} are gone from the bucket.`, {
      hint: "Begin the upload again.",
    });
  }
}

/** Makes what the upload is now durable. Throws `UPLOAD_BUSY` where another server wrote it meanwhile. */
export async function saveUpload(
  bucket: Bucket,
  live: LiveUpload,
  buffer: PartBuffer | undefined,
  end: Pick<UploadState, "finishing" | "cancelled"> = {},
): Promise<void> {
  const tailSize = buffer?.size ?? 0;
  let tail: Buffer = Buffer.alloc(0);
  if (buffer !== undefined && tailSize <= mostTailInline) {
    const body = buffer.body();
    if (Buffer.isBuffer(body)) tail = body;
    else tail = Buffer.concat((await body.toArray()) as Buffer[]);
  } else if (buffer !== undefined) {
    live.tailVersion = await sendObject(bucket, tailPath(live.id), buffer);
  }
  const state: UploadState = {
    repository: live.repository,
    algorithm: live.algorithm,
    ...(live.multipart === undefined ? {} : { multipart: live.multipart }),
    parts: live.parts.length,
    tail: tailSize,
    ...end,
  };
  const condition: Condition = live.version === "" ? { absent: true } : { version: live.version };
  try {
    live.version = await writeCell(bucket, statePath(live.id), formatState(state, tail), condition);
  } catch (error) {
    throw isDdiffError(error, "STORE_CONFLICT") ? busy() : error;
  }
  live.tailSize = tailSize;
  live.tail = tail.length === tailSize ? Buffer.from(tail) : undefined;
}

/** Deletes an upload and what only it needs: not the bytes of a blob. */
export async function removeUpload(
  bucket: Bucket,
  blobs: S3Blobs,
  id: string,
  state: Pick<UploadState, "multipart" | "finishing">,
): Promise<void> {
  if (state.multipart !== undefined) await abortMultipart(bucket, dataPath(id), state.multipart);
  // A server that had come so far may be writing the blob's record at this moment.
  if (state.finishing !== undefined) await blobs.leaveData(state.finishing.digest, id);
  else await removeObject(bucket, dataPath(id));
  await forgetUpload(bucket, id);
}

/** Deletes the state of an upload whose bytes have become a blob. */
export async function forgetUpload(bucket: Bucket, id: string): Promise<void> {
  await removeObject(bucket, tailPath(id));
  await removeObject(bucket, statePath(id));
}

export function busy(): DdiffError {
  return new DdiffError("UPLOAD_BUSY", "The upload is being written to by another request.", {
    hint: "Wait for that request to end.",
  });
}
