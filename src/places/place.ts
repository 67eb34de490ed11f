import type { Readable } from "node:stream";
import type { ImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Platform } from "../oci/platform.ts";
import type { Progress } from "../util/progress.ts";

/** An index, manifest or config held in memory, with the descriptor that names it. */
export interface Document {
  descriptor: Descriptor;
  bytes: Buffer;
}

/** A layer as an image lists it. Its identity is `diffId`; `descriptor` is how this place packs it. */
export interface Layer {
  descriptor: Descriptor;
  diffId: Digest;
}

/** One runnable image: a manifest with its config and its layers, bottom first. */
export interface PlatformImage {
  manifest: Descriptor;
  config: ImageConfig;
  configDescriptor: Descriptor;
  platform: Platform;
  layers: Layer[];
}

/**
 * The reading face of a place, for one image. Streams may be read more than once and in any order.
 * Places that keep no packed layers (Docker's classic store, containers-storage) answer a manifest of their
 * own making whose layers are uncompressed: there the layer's digest is its diffID.
 */
export interface Source {
  /** As a user would write it: `docker-daemon:torch-app:1`. */
  readonly label: string;
  /** The name that the image carries there (`torch-app:1`), where it has one. */
  readonly name: string | undefined;
  /** Set where the blobs lie in a registry: the same registry can mount them instead of taking them again. */
  readonly repository?: { registry: string; repository: string };
  /**
   * True where the place keeps no packed layers and the manifest is of our own making, so that packing its layers
   * in another way loses no digest that anyone knows.
   */
  readonly unpacked?: boolean;
  /** The index or manifest that the name stands for. */
  root(): Promise<Document>;
  /** An index, manifest or config, checked against its descriptor. Throws `BLOB_MISSING`, `DIGEST_MISMATCH`. */
  readDocument(descriptor: Descriptor): Promise<Document>;
  /** Whether `openBlob` can give these bytes (an index may list platforms that were never fetched). */
  hasBlob(descriptor: Descriptor): Promise<boolean>;
  /** A blob's bytes exactly as its descriptor says. Callers verify with `codec/verify.ts`. */
  openBlob(descriptor: Descriptor): Promise<Readable>;
  /** A layer as its uncompressed tar. Callers verify against the diffID. */
  openLayer(layer: Layer): Promise<Readable>;
  /**
   * A layer that lies here as files, for those who need parts of it in another order; undefined where it does not.
   * Places that keep no unpacked layers lack the method.
   */
  openUnpacked?(layer: Layer): Promise<UnpackedLayer | undefined>;
  /** Descriptors of the manifests whose `subject` is this digest (signatures, SBOMs, attestations). */
  referrers(subject: Digest): Promise<Descriptor[]>;
  close(): Promise<void>;
}

/**
 * A layer as the files that an engine unpacked. Nothing is checked but the sizes of files: who builds something of it checks
 * that, and reads the layer as a whole (`openLayer`) where it comes out wrong.
 */
export interface UnpackedLayer {
  /** The layer's tar, once, with zeros where the content of files stands. Throws `TAR_SPLIT_INVALID`. */
  frame(): AsyncIterable<Buffer>;
  /** The file whose content stands at this byte of the tar; each is given once, when `frame` has come that far. */
  takeFile(offset: number): UnpackedFile | undefined;
  /** Fills `into` with a part of a file. Synchronous. Throws `LAYER_CHANGED`. */
  read(file: UnpackedFile, offset: number, into: Uint8Array): void;
  /** To be called when no file is read any more. */
  close(): void;
}

/** One file of an unpacked layer, by its name in the place's own list. */
export interface UnpackedFile {
  name: Buffer;
  /** Bytes. */
  size: number;
}

/** A blob on its way into a sink. `open` is called only where the sink lacks it, and may be called again on a retry. */
export interface OutgoingBlob {
  descriptor: Descriptor;
  /** Set for image layers. */
  diffId?: Digest;
  open(): Promise<Readable>;
  /** A file of our own that holds exactly these bytes; a sink on the same file system may move it. */
  file?: string;
  /** True where the stream that `open` gives fails by itself unless its bytes are the descriptor's. */
  isChecked?: boolean;
  /** Where the bytes lie if the sink is that same registry: a repository to mount from. */
  mountFrom?: { registry: string; repository: string };
}

/** All that a sink needs to make one name stand for one image. */
export interface OutgoingImage {
  root: Descriptor;
  /** Every index, manifest and config by digest, referrers' included. */
  documents: Map<Digest, Document>;
  /** The runnable images; engines that hold one platform pick theirs from here. */
  images: PlatformImage[];
  /** Every layer and artifact blob, each once. */
  blobs: OutgoingBlob[];
  /** Manifests in `documents` that refer to the image by `subject`. */
  referrers: Descriptor[];
}

/** What a sink says it wrote. */
export interface Written {
  /** As a user would write it. */
  label: string;
  /** The digest of the root document there, or the image ID in an engine without manifests. */
  digest: Digest;
  /** Bytes that were sent: blobs that the place already had are not counted. */
  bytes: number;
}

/** The writing face of a place, for one name. */
export interface Sink {
  readonly label: string;
  /** True where the place keeps and sends on layers as it gets them: a registry. */
  readonly wantsPacked?: boolean;
  /** True where blobs go out in one stream, each opened once and in turn: what can be made while it is read needs no file before. */
  readonly takesStreams?: boolean;
  /** Whether the place already holds this blob, or (engines) this layer by diffID. */
  has(blob: { descriptor: Descriptor; diffId?: Digest }): Promise<boolean>;
  /**
   * Writes the image and makes it visible under the sink's name only when it is whole.
   * After a failure nothing of it is visible and temporary files are gone.
   */
  write(image: OutgoingImage, options: { progress: Progress; signal?: AbortSignal }): Promise<Written>;
  close(): Promise<void>;
}

/** An image that a place holds, as `ddiff have` lists it and `load` looks for its base. */
export interface HeldImage {
  names: string[];
  /** The config digest: what engines call the image ID. */
  id: Digest;
  platform: Platform;
  /** DiffIDs, bottom first. */
  layers: Digest[];
  open(): Promise<Source>;
}

/** Transports spelled as in containers-transports(5); `containerd:` is ours. */
export type Transport =
  | "docker"
  | "docker-daemon"
  | "containers-storage"
  | "containerd"
  | "oci"
  | "oci-archive"
  | "docker-archive"
  | "dir";

/** A place and, where one was written, the name of an image in it. Opening it costs nothing until a face is asked for. */
export interface Place {
  readonly transport: Transport;
  readonly label: string;
  source(): Promise<Source>;
  sink(): Promise<Sink>;
  /** Every image here. A registry cannot be listed this way and answers the one image named. */
  inventory(): Promise<HeldImage[]>;
  /**
   * Has the place itself make the image of a bundle, from what it holds, with the digest that it had where the bundle was made. Undefined
   * where it does not do such things; throws where it does them but not this one. `bases` are names that the base may go by there.
   */
  rebuild?(bundle: OutgoingBlob, bases: readonly string[]): Promise<Written | undefined>;
}

/** What places need from the outside; made once by the CLI, by hand in tests. */
export interface PlaceContext {
  env: Record<string, string | undefined>;
  progress: Progress;
  /** Where large temporary files go; it exists. */
  tempDir: string;
  /** Registry options. `insecure` allows plain HTTP and unknown certificates. */
  insecure: boolean;
  /**
   * For servers that fetch for others: a registry's login goes to no other host, and where the registry sends us is looked at first
   * (registry/egress.ts).
   */
  guarded?: boolean;
  /** PEM file with extra certificate authorities. */
  caFile?: string;
  /** containerd's namespace; `default` when not said, `k8s.io` on Kubernetes nodes. */
  containerdNamespace?: string;
  signal?: AbortSignal;
}
