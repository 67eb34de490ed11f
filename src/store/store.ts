import type { Readable } from "node:stream";
import type { Digest } from "../oci/digest.ts";

/**
 * Where the registry keeps everything: objects under keys such as `tags/library~debian/12`. A key is made of one to six
 * segments of `A-Za-z0-9._+=~-`, each at most 255 bytes and neither `.` nor `..`, with `/` between them. What a store does is
 * durable when its promise resolves: it survives the loss of power.
 */
export interface Store extends ReadStore, WriteStore, BlobStore {
  /** As a person would write it: a folder, `s3://bucket/prefix`. */
  readonly label: string;
  /** Whether other processes write here too, so that nothing but content named by its digest may be remembered. */
  readonly shared: boolean;
  close(): Promise<void>;
}

/** A small object and the version of it that was read. */
export interface Stored {
  bytes: Buffer;
  /** Opaque: changes when the object's bytes do, or whenever it is written. */
  version: string;
}

/** What is known of an object without reading it. */
export interface ObjectInfo {
  /** Bytes. */
  size: number;
  /** When it was last written or touched, in milliseconds since 1970, by the store's clock. */
  modified: number;
}

/** Reading. */
export interface ReadStore {
  /** A small object (at most 8 MiB), whole; undefined where there is none. */
  get(key: string): Promise<Stored | undefined>;
  stat(key: string): Promise<ObjectInfo | undefined>;
  /**
   * The segments directly below `prefix` (`tags/library~debian`), in byte order, at most `limit`, those greater than `after`.
   * Costs what it answers, not what the store holds. A prefix that is not there has none.
   */
  list(prefix: string, options?: { after?: string; limit?: number }): Promise<string[]>;
}

/** A write that happens only where the object is as the writer believes. */
export type Condition = { absent: true } | { version: string };

/** Writing of small objects. Readers see the old object or the new one, never a part. */
export interface WriteStore {
  /** Writes an object and answers its version. Throws `STORE_CONFLICT` where the condition does not hold. */
  put(key: string, bytes: Buffer, condition?: Condition): Promise<string>;
  /** Makes the object's `modified` the present, and the object durable where it was not; false where there is none. */
  touch(key: string): Promise<boolean>;
  /** Whether there was one to delete. Throws `STORE_CONFLICT` as `put` does. */
  delete(key: string, condition?: Condition): Promise<boolean>;
  /**
   * Deletes the object unless it was written or touched at or after `unlessSince` (milliseconds). Whether it did. Against `put` and
   * `touch` it is atomic, also those of other servers: what was touched in time is not deleted by a look that was taken before.
   */
  deleteIdle(key: string, unlessSince: number): Promise<boolean>;
}

/** Bytes `start` to `end` (exclusive) of a blob. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Large content, each under its digest, once however many repositories hold it. */
export interface BlobStore {
  statBlob(digest: Digest): Promise<ObjectInfo | undefined>;
  /** The bytes; destroying the stream frees what it holds. Throws `BLOB_MISSING`. */
  openBlob(digest: Digest, range?: ByteRange): Promise<Readable>;
  /**
   * The same in pieces whose memory is used again: each is good until the piece after the next is asked for. For who writes one
   * while the next is read; twice as fast as a stream on a disk, where a store has it.
   */
  readBlob?(digest: Digest, range: ByteRange): AsyncIterable<Buffer>;
  /** Makes the blob's `modified` the present, so that a collection that is under way leaves it; false where there is none. */
  touchBlob(digest: Digest): Promise<boolean>;
  /**
   * Deletes the blob unless it was written or touched at or after `unlessSince` (milliseconds). Whether it did. Atomic against
   * `touchBlob` and `finish`, also those of other servers: a blob that they found or made is not deleted by a look taken before.
   */
  deleteBlob(digest: Digest, unlessSince: number): Promise<boolean>;
  /**
   * Moves the blob out of sight, to where an operator can look at it, if its bytes are not what the digest names; then a push can
   * bring it anew. Whether it did. It reads the bytes itself, so that a good blob is never moved.
   */
  setAsideBlob?(digest: Digest): Promise<boolean>;
  /** Digests in byte order, a page at a time; an empty page is the end. For collection and scrub; costs the pages that are read. */
  listBlobs(options: { after?: Digest; limit: number }): Promise<Digest[]>;
  /** An address at which a client may fetch the blob itself for a while, where the store has such; undefined for a blob that has none. */
  blobUrl?(digest: Digest, seconds: number): Promise<string | undefined>;
  /** Begins an upload. `digestAlgorithm` may be `sha512`. */
  createUpload(options: { repository: string; digestAlgorithm: "sha256" | "sha512" }): Promise<Upload>;
  /** An upload that is under way, also one of a process that is gone; undefined for ids that are not (any text). */
  openUpload(id: string): Promise<Upload | undefined>;
  /** Ids of uploads that nobody has written to since `before` (milliseconds). */
  staleUploads(before: number): Promise<string[]>;
}

/** A blob on its way in. One call at a time: a second one while the first runs throws `UPLOAD_BUSY`. */
export interface Upload {
  /** Unguessable, 22 or more characters of base64url. */
  readonly id: string;
  /** The repository that it was begun in. */
  readonly repository: string;
  /** Bytes that are here: they survive the process, and from 1 MiB on the loss of power. */
  readonly size: number;
  /**
   * Appends what comes, and answers the new size. What came before a source failed stays (up to a whole block), and the source's
   * error is thrown. Throws `UPLOAD_TOO_LARGE` beyond `limit` bytes in all.
   */
  append(source: AsyncIterable<Buffer>, limit?: number): Promise<number>;
  /**
   * Makes the bytes the blob `digest`, durably; the upload is gone then. Throws `DIGEST_MISMATCH` (the upload is gone too).
   * A blob that is there already is left as it is and touched.
   */
  finish(digest: Digest): Promise<void>;
  /** Forgets it and its bytes. */
  cancel(): Promise<void>;
}
