import type { Digest, DigestAlgorithm } from "../oci/digest.ts";
import { isDigest } from "../oci/digest.ts";

/**
 * What stands in `uploads/<id>`, so that any server can go on: one line of JSON, then the bytes that do not make a part yet (the tail).
 * The parts themselves are asked of the service: those that it holds beyond `parts` came after this was written, and contain the tail.
 */
export interface UploadState {
  repository: string;
  algorithm: DigestAlgorithm;
  /** The service's id of the multipart upload of `data/<id>`, once a part was full. */
  multipart?: string;
  /** Parts that came before the tail. */
  parts: number;
  /** Bytes of the tail. One too large for this object is the object `tails/<id>`. */
  tail: number;
  /** The bytes are complete under `data/<id>` and are becoming this blob; nothing is to be appended. */
  finishing?: { digest: Digest; size: number };
  /** Given up: whoever finds this deletes what is left. */
  cancelled?: true;
}

/** Tails up to this many bytes stand in the state itself. */
export const mostTailInline = 8 * 1024 * 1024;

/** Where an upload's state stands. */
export function statePath(id: string): string {
  return `uploads/${id}`;
}

/** The pieces of what stands in `uploads/<id>`. */
export function formatState(state: UploadState, tail: Buffer): Buffer[] {
  return [Buffer.from(`${JSON.stringify(state)}\n`), tail];
}

/** The state, and the tail where it stands in it. Undefined for what cannot be read. */
export function parseState(bytes: Buffer): { state: UploadState; tail: Buffer } | undefined {
  const end = bytes.indexOf("\n");
  if (end < 0) return undefined;
  try {
    const state = JSON.parse(bytes.toString("utf8", 0, end)) as Partial<UploadState>;
    if (typeof state.repository !== "string") return undefined;
    if (state.algorithm !== "sha256" && state.algorithm !== "sha512") return undefined;
    if (!Number.isSafeInteger(state.parts) || !Number.isSafeInteger(state.tail)) return undefined;
    if (state.finishing !== undefined && !isDigest(state.finishing.digest)) return undefined;
    return { state: state as UploadState, tail: bytes.subarray(end + 1) };
  } catch {
    return undefined;
  }
}
