import type { Digest } from "../../oci/digest.ts";
import { isDdiffError } from "../../util/errors.ts";
import type { OutgoingBlob } from "../place.ts";
import { type Call, type Connection, scopeOf, shortName } from "./connection.ts";
import { type Answer, discard, header } from "./http.ts";

/** An upload that a registry has opened (distribution-spec, "Pushing blobs"). */
export interface UploadSession {
  /** Where the next request goes; each answer may change it. */
  location: URL;
  /** The smallest piece that the registry takes (`OCI-Chunk-Min-Length`), 0 where it says nothing. */
  minimum: number;
}

/** What belongs to every request of one upload. */
export interface UploadContext {
  connection: Connection;
  repository: string;
  digest: Digest;
  signal: AbortSignal | undefined;
}

/** A call of this upload; `rest` says what is special about it. */
export function uploadCall(
  context: UploadContext,
  rest: Pick<Call, "method" | "target" | "accept"> & Partial<Call>,
): Call {
  const { repository, digest, signal } = context;
  return {
    repository,
    scopes: [scopeOf(repository, "pull,push")],
    what: `blob ${shortName(repository, digest)}`,
    signal,
    ...rest,
  };
}

/**
 * Opens an upload. With `mountFrom` the registry may take the blob from another of its repositories instead: then there
 * is nothing to upload and the answer is undefined.
 */
export async function openUpload(
  context: UploadContext,
  mountFrom?: OutgoingBlob["mountFrom"],
): Promise<UploadSession | undefined> {
  const { connection, repository, digest } = context;
  const from = mountFrom?.registry === connection.domain ? mountFrom.repository : undefined;
  const mounting = from !== undefined && from !== repository;
  const start = `${repository}/blobs/uploads/`;
  const call = uploadCall(context, {
    method: "POST",
    what: `repository ${repository}`,
    target: mounting
      ? `${start}?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`
      : start,
    accept: mounting ? [201, 202, 400, 401, 403, 404, 405] : [202],
    headers: { "content-length": "0" },
  });
  if (mounting) call.scopes.push(scopeOf(from, "pull"));
  const answer = await connection.call(call).catch((error: unknown) => {
    // A token server may refuse the pair of repositories as a whole.
    if (mounting && (isDdiffError(error, "AUTH_REFUSED") || isDdiffError(error, "AUTH_REQUIRED")))
      return undefined;
    throw error;
  });
  if (answer !== undefined) discard(answer);
  if (answer?.status === 201) return undefined;
  // Not allowed to read the other repository, or no mounts at all: then the bytes have to travel.
  if (answer?.status !== 202) return openUpload(context);
  const session = { location: answer.url, minimum: minimumOf(answer) };
  moveOn(connection, session, answer);
  return session;
}

/** Follows the `Location` of an answer, relative or absolute; one without keeps the old place. */
export function moveOn(connection: Connection, session: UploadSession, answer: Answer): void {
  const location = header(answer, "location");
  if (location !== undefined) session.location = connection.resolve(location, answer.url);
}

/** How many bytes the registry says it has, from a `Range: 0-N` header; undefined where it says nothing. */
export function bytesHeld(answer: Pick<Answer, "headers">): number | undefined {
  const match = /^(?:bytes[= ])?0-(\d{1,16})$/.exec(header(answer, "range") ?? "");
  if (match === null) return undefined;
  const last = Number(match[1]);
  // `0-0` is what registries write for "nothing yet"; the one byte it may also mean is sent again at no cost.
  return last === 0 ? 0 : last + 1;
}

/** The upload's address with the digest that closes it. The registry's own query is kept to the letter. */
export function closingAddress(session: UploadSession, digest: Digest): URL {
  const url = new URL(session.location);
  url.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}

/** Gives an upload up, so that the registry can forget it at once. Never fails: it would end by itself some day. */
export async function cancelUpload(context: UploadContext, session: UploadSession): Promise<void> {
  try {
    const call = uploadCall(context, {
      method: "DELETE",
      target: session.location,
      accept: [200, 202, 204, 404],
      repeat: false,
      idleMs: 5000,
      // Also when it is the user who stopped the transfer.
      signal: AbortSignal.timeout(5000),
    });
    discard(await context.connection.call(call));
  } catch {
    // The registry cleans up by itself, later.
  }
}

function minimumOf(answer: Answer): number {
  const value = header(answer, "oci-chunk-min-length") ?? "";
  return /^\d{1,12}$/.test(value) ? Number(value) : 0;
}
