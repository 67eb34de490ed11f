import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Digest } from "../oci/digest.ts";
import type { ByteRange, Store } from "../store/store.ts";
import type { Access } from "./access/access.ts";
import type { Rebuilds } from "./rebuilds.ts";

/** What a manifest may refer to without the repository holding it: nothing, an index's manifests, or an image's blobs, too. */
export type Sparse = "none" | "indexes" | "all";

/** What a registry is made of. */
export interface RegistryOptions {
  store: Store;
  access: Access;
  limits: RegistryLimits;
  /** Whether deletes are answered at all. */
  deletes: boolean;
  /** Answer blob pulls with a redirect to the store's own address, where it has one. */
  redirects: boolean;
  /** What may be missing when a manifest is pushed; `indexes` when not said, for images of some platforms only. */
  sparse?: Sparse;
  /** Gives what the store lacks, from elsewhere. */
  mirror?: Mirror;
  /** Makes images of bundles; without it nobody is told that there is such a thing. */
  rebuilds?: Rebuilds;
  /** The address that a request comes from, where it is not the connection's. */
  addressOf?(request: IncomingMessage): string;
  /** Told of every answered request, for logs and metrics. */
  onAnswer?(answer: Answer): void;
}

/** Bounds on what one client may ask. */
export interface RegistryLimits {
  /** Bytes of a manifest; 4 MiB in the spec ("Pushing Manifests"). */
  manifestBytes: number;
  /** Bytes of a blob; undefined for no bound. */
  blobBytes?: number;
  /** Uploads under way at once, of all clients. */
  uploads: number;
  /** Milliseconds without a byte after which a body is given up. */
  idle: number;
}

/** One answered request. */
export interface Answer {
  method: string;
  /** The route's name, such as `blob` or `manifest`: few values, for metrics. */
  route: string;
  repository?: string;
  reference?: string;
  status: number;
  /** Bytes of the bodies. */
  received: number;
  sent: number;
  seconds: number;
  caller?: string;
  remote?: string;
  /** What went wrong, for the log only. */
  error?: unknown;
}

/** Pull-through of other registries. */
export interface Mirror {
  /**
   * Makes sure that the store holds what a pull asks for, as fresh as the upstream has it, and says in which of our repositories it
   * then stands. Undefined where no upstream is responsible. `allow` is told each of our repositories before an upstream is asked for
   * it, and throws where the caller may not pull there. Throws otherwise only where the store has nothing and the upstream failed.
   */
  manifest(
    repository: string,
    reference: string,
    namespace: string | undefined,
    allow?: (repository: string) => void,
  ): Promise<Mirrored | undefined>;
  /** The same for a blob. */
  blob(
    repository: string,
    digest: Digest,
    namespace: string | undefined,
    allow?: (repository: string) => void,
  ): Promise<Mirrored | undefined>;
}

/** Where the store holds what came from an upstream. */
export interface Mirrored {
  repository: string;
  /** The upstream's host, for `OCI-Namespace`. */
  namespace: string;
  /** The upstream could not be asked: this is what it had when it last could. */
  stale?: boolean;
  /** Set for a blob that is still on its way: the store does not have it yet. */
  arriving?: Arriving;
}

/** A blob that clients can read while it comes. */
export interface Arriving {
  /** Bytes. */
  size: number;
  /** The bytes as they come; the last of them only when the digest is right. */
  open(range?: ByteRange): Promise<Readable>;
}

/** Answers requests below `/v2/`. */
export type RegistryHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
