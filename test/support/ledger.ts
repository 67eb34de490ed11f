import type { Digest } from "../../src/oci/digest.ts";

/** A blob that anyone can make again from its name. */
export interface KnownBlob {
  name: string;
  size: number;
  digest: Digest;
}

/** An image that was pushed. */
export interface KnownImage {
  repository: string;
  digest: Digest;
  /** The manifest's. */
  bytes: Buffer;
  /** Config and layers. */
  blobs: KnownBlob[];
  /** The image that this one says something about. */
  subject?: Digest;
  /** `there`: its push was acknowledged. `unknown`: a push or delete was cut off, so both is right. `gone`: its delete was acknowledged. */
  state: "there" | "unknown" | "gone";
}

/** An upload that a client began and did not end. */
interface KnownUpload {
  repository: string;
  blob: KnownBlob;
  /** The bytes that were acknowledged. */
  acknowledged: number;
  /** Its end was asked for: then it may be a blob by now. */
  ending: boolean;
  /** When a request for it was sent last, in milliseconds. */
  used: number;
}

/** What clients were told by a registry, and what they asked for without hearing the answer. */
export interface Ledger {
  /** By `repository@digest`. */
  images: Map<string, KnownImage>;
  /** What a tag may name, by `repository:tag`; undefined stands for "there is no such tag". */
  tags: Map<string, Set<Digest | undefined>>;
  /** By location. */
  uploads: Map<string, KnownUpload>;
  /** Layers that images share, and where they were seen. */
  pool: { blob: KnownBlob; repository: string }[];
  counts: {
    pushes: number;
    deletes: number;
    mounts: number;
    /** Answers that ask a client to send something again, which it had sent too long ago. */
    refusals: number;
    /** Requests that were answered 5xx or not at all. */
    failures: number;
  };
}

/** A ledger with nothing in it. */
export function newLedger(): Ledger {
  return {
    images: new Map(),
    tags: new Map(),
    uploads: new Map(),
    pool: [],
    counts: { pushes: 0, deletes: 0, mounts: 0, refusals: 0, failures: 0 },
  };
}

/** The key of an image. */
export function imageKey(image: { repository: string; digest: Digest }): string {
  return `${image.repository}@${image.digest}`;
}

/** A tag is about to name something else: from now on both is right. */
export function mayName(ledger: Ledger, repository: string, tag: string, digest: Digest | undefined): void {
  const key = `${repository}:${tag}`;
  const names = ledger.tags.get(key) ?? new Set([undefined]);
  ledger.tags.set(key, names.add(digest));
}

/** A tag names that, and nothing else; of a tag that several clients set at once nobody knows. */
export function nowNames(ledger: Ledger, repository: string, tag: string, digest: Digest | undefined): void {
  if (!isContested(repository)) ledger.tags.set(`${repository}:${tag}`, new Set([digest]));
}

/** Several clients set the tags of one repository. */
export const contested = "shared/app";

function isContested(repository: string): boolean {
  return repository === contested;
}
