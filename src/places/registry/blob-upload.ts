import type { Readable } from "node:stream";
import { DdiffError, messageOf } from "../../util/errors.ts";
import { readableOf } from "../../util/readable.ts";
import type { OutgoingBlob } from "../place.ts";
import { hasBlob } from "./blob-download.ts";
import { type BlobPieces, blobPieces } from "./blob-pieces.ts";
import type { Connection } from "./connection.ts";
import { type Answer, type Body, discard } from "./http.ts";
import { pause, TransientFailure } from "./retry.ts";
import {
  bytesHeld,
  cancelUpload,
  closingAddress,
  moveOn,
  openUpload,
  uploadCall,
  type UploadContext,
  type UploadSession,
} from "./upload-session.ts";

/** One blob on its way up. */
interface Upload extends UploadContext {
  blob: OutgoingBlob;
  size: number;
  pieces: BlobPieces;
  /** Tells the progress how far we are; going back counts nothing twice. */
  seen: (position: number) => void;
}

/** How a session ended: `refused` means that the registry takes no pieces and wants the blob in one request. */
type Outcome = "stored" | "refused";

const refusals = [400, 404, 405, 411, 413, 415, 416, 501];
const stored = [200, 201, 202, 204];
/** Pieces are not made smaller than this when a proxy calls them too large. */
const smallestChunk = 1 << 20;

/**
 * Brings one blob into a repository: nothing where it is already there, a mount where another repository of the same
 * registry has it, else an upload in pieces that goes on where it broke. `advance` hears of bytes as they leave.
 * Answers how many bytes were sent. Throws `SIZE_MISMATCH`, `REGISTRY_REFUSED` and what `failure.ts` says; the upload
 * is then cancelled.
 */
export async function uploadBlob(
  connection: Connection,
  repository: string,
  blob: OutgoingBlob,
  options: { advance(bytes: number): void; signal?: AbortSignal | undefined },
): Promise<number> {
  const { digest, size } = blob.descriptor;
  const { signal } = options;
  if (await isThere(connection, repository, blob, signal)) return 0;
  let reported = 0;
  const seen = (position: number): void => {
    if (position <= reported) return;
    options.advance(position - reported);
    reported = position;
  };
  const pieces = blobPieces(blob);
  try {
    return await transfer({ connection, repository, digest, signal, blob, size, pieces, seen });
  } finally {
    pieces.close();
  }
}

/** Opens sessions until one ends well. */
async function transfer(upload: Upload): Promise<number> {
  const { connection, size, blob } = upload;
  let whole = size <= connection.tuning.wholeBytes;
  for (let failures = 0; ; ) {
    const session = await openUpload(upload, failures === 0 ? blob.mountFrom : undefined);
    if (session === undefined) return 0;
    try {
      const outcome = whole ? await sendWhole(upload, session) : await sendPieces(upload, session);
      if (outcome === "stored") return size;
      whole = true;
      await cancelUpload(upload, session);
    } catch (error) {
      await cancelUpload(upload, session);
      if (!(error instanceof TransientFailure)) throw error;
      if (failures >= connection.tuning.retries) throw error.failure;
      await pause(connection.tuning, failures, error.retryAfterMs, upload.signal);
      failures++;
      if (await isThere(connection, upload.repository, blob, upload.signal)) return size;
    }
  }
}

/** `POST` then `PUT`: the whole blob in one request. */
async function sendWhole(upload: Upload, session: UploadSession): Promise<Outcome> {
  const call = uploadCall(upload, {
    method: "PUT",
    target: closingAddress(session, upload.digest),
    accept: stored,
    headers: { "content-type": "application/octet-stream" },
    body: bodyOf(upload, 0, upload.size),
    answerMs: upload.connection.tuning.commitMs,
    repeat: false,
  });
  discard(await upload.connection.call(call));
  return "stored";
}

/** `PATCH` by piece, then `PUT` to close. After a break the registry is asked how much it has. */
async function sendPieces(upload: Upload, session: UploadSession): Promise<Outcome> {
  const { connection, size } = upload;
  let chunk = Math.max(connection.tuning.chunkBytes, session.minimum);
  let offset = 0;
  let best = 0;
  let failures = 0;
  let last = lost(upload).failure;
  for (;;) {
    try {
      if (offset === size) {
        if (await closeUpload(upload, session)) return "stored";
        throw lost(upload);
      }
      const length = Math.min(chunk, size - offset);
      const answer = await sendPiece(upload, session, offset, length);
      if (answer.status === 413 && chunk > Math.max(smallestChunk, session.minimum)) {
        chunk = Math.max(smallestChunk, session.minimum, Math.floor(chunk / 4));
        offset = await askOffset(upload, session);
      } else if (stored.includes(answer.status)) {
        offset = Math.min(bytesHeld(answer) ?? offset + length, offset + length);
      } else {
        return "refused";
      }
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      last = error.failure;
      await pause(connection.tuning, failures, error.retryAfterMs, upload.signal);
      offset = await askOffset(upload, session);
    }
    failures = offset > best ? 0 : failures + 1;
    best = Math.max(best, offset);
    if (failures > connection.tuning.retries) throw last;
  }
}

async function sendPiece(
  upload: Upload,
  session: UploadSession,
  offset: number,
  length: number,
): Promise<Answer> {
  const call = uploadCall(upload, {
    method: "PATCH",
    target: session.location,
    accept: [...stored, ...refusals],
    headers: {
      "content-type": "application/octet-stream",
      "content-range": `${offset}-${offset + length - 1}`,
    },
    body: bodyOf(upload, offset, length),
    answerMs: upload.connection.tuning.commitMs,
    repeat: false,
  });
  const answer = await upload.connection.call(call);
  discard(answer);
  if (stored.includes(answer.status)) moveOn(upload.connection, session, answer);
  return answer;
}

/** Closes an upload whose bytes are all there. False where the registry no longer knows it and has no blob either. */
async function closeUpload(upload: Upload, session: UploadSession): Promise<boolean> {
  const { connection, repository, blob, signal } = upload;
  const call = uploadCall(upload, {
    method: "PUT",
    target: closingAddress(session, upload.digest),
    accept: [...stored, 404],
    body: Buffer.alloc(0),
    answerMs: connection.tuning.commitMs,
    repeat: false,
  });
  try {
    const answer = await connection.call(call);
    discard(answer);
    return answer.status !== 404 || (await isThere(connection, repository, blob, signal));
  } catch (error) {
    // The answer may have been lost after the registry had done its work.
    const passing = error instanceof TransientFailure;
    if (passing && (await isThere(connection, repository, blob, signal))) return true;
    throw error;
  }
}

/** How many bytes the registry holds. Throws `TransientFailure` where it has forgotten the upload: a new one may work. */
async function askOffset(upload: Upload, session: UploadSession): Promise<number> {
  const { connection, size } = upload;
  const call = uploadCall(upload, {
    method: "GET",
    target: session.location,
    accept: [200, 202, 204, ...refusals],
  });
  const answer = await connection.call(call);
  discard(answer);
  const held = bytesHeld(answer);
  if (answer.status >= 300 || held === undefined || held > size) throw lost(upload);
  moveOn(connection, session, answer);
  return held;
}

function isThere(
  connection: Connection,
  repository: string,
  { descriptor }: OutgoingBlob,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return hasBlob(connection, repository, descriptor, { signal, pushing: true });
}

function lost(upload: Upload): TransientFailure {
  const { domain } = upload.connection;
  return new TransientFailure(
    new DdiffError("REGISTRY_REFUSED", `${domain} loses the upload of ${upload.digest} again and again`, {
      hint: "Behind a load balancer all members must share storage and the same http.secret.",
    }),
  );
}

function bodyOf(upload: Upload, offset: number, length: number): Body {
  if (length === 0) return Buffer.alloc(0);
  return {
    length,
    async open() {
      try {
        const bytes = await upload.pieces.take(offset, length);
        return readableOf(counted(bytes, offset, upload), () => bytes.destroy());
      } catch (error) {
        throw sourceFailure(upload, error);
      }
    },
  };
}

async function* counted(bytes: Readable, offset: number, upload: Upload): AsyncGenerator<Buffer, void, void> {
  let position = offset;
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      position += chunk.length;
      upload.seen(position);
      yield chunk;
    }
  } catch (error) {
    throw sourceFailure(upload, error);
  }
}

/** A failure to read is none of the network: repeating would not help, and the registry is not to blame. */
function sourceFailure(upload: Upload, error: unknown): DdiffError {
  if (error instanceof DdiffError) return error;
  return new DdiffError("SOURCE_FAILED", `${upload.digest} cannot be read: ${messageOf(error)}`, {
    cause: error,
  });
}
