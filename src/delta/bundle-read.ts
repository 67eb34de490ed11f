import { closeSync, fstatSync, openSync } from "node:fs";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, Digester } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parseDocument } from "../oci/manifest.ts";
import { readTar, type TarEvent } from "../tar/reader.ts";
import { makeBreath } from "../util/breath.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { type BundleConfig, bundleTypes, carriedLayers, parseBundleConfig } from "./bundle-config.ts";
import { blobPath, layoutMarker } from "./bundle-write.ts";
import { type Bytes, fileBytes, joinBytes, part, piecesOf } from "../util/random-bytes.ts";
import { missingPart, partsOf } from "./split.ts";
import { Spool } from "../util/spool.ts";

const largestDocument = 64 << 20;

/** A bundle whose every blob has been checked against its digest. */
export interface Bundle {
  config: BundleConfig;
  /** Bytes of the bundle in all. */
  size: number;
  /** The bytes of a blob. Throws `BUNDLE_INVALID` where the bundle does not carry it. */
  blob(descriptor: Descriptor): Bytes;
}

/** A file that may be a bundle: its bytes, and from which file of several each comes. */
export interface OpenedFile {
  bytes: Bytes;
  /** The file that holds the byte at `offset`. */
  fileAt(offset: number): string;
  /** Of a split bundle: the part that would come after the last one. */
  nextPart?: string;
  close(): void;
}

/**
 * Opens a bundle's bytes: a file, all the parts of a split one, or (`-`) what comes on `standardInput`, which is kept
 * in a temporary file. Throws `BUNDLE_MISSING`, `PART_MISSING`, `DISK_FULL`.
 */
export async function openBundleFile(
  path: string,
  tempDir: string,
  standardInput: Readable,
): Promise<OpenedFile> {
  if (path === "-") {
    const spool = new Spool(tempDir);
    try {
      for await (const chunk of standardInput as AsyncIterable<Buffer>) spool.append(chunk);
    } catch (error) {
      spool.close();
      throw error;
    }
    return {
      bytes: spool.bytes(0, spool.length),
      fileAt: () => "standard input",
      close: () => spool.close(),
    };
  }
  const { files, nextPart } = await partsOf(path);
  const open = files.map((file) => openSync(file, "r"));
  const parts = open.map((fd) => fileBytes(fd, 0, fstatSync(fd).size));
  return {
    bytes: joinBytes(parts),
    ...(nextPart === undefined ? {} : { nextPart }),
    fileAt(offset) {
      let start = 0;
      const index = parts.findIndex(({ length }) => {
        start += length;
        return offset < start;
      });
      return files.at(index) ?? path;
    },
    close() {
      for (const fd of open) closeSync(fd);
    },
  };
}

/** Within what a bundle is read. */
export interface ReadLimits {
  /** Bytes of its config, unpacked. */
  configBytes?: number;
  /** Reading it ends with this one's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads a bundle from front to back and checks all of it: the order of its members, every digest, every size, its
 * config. Nothing of it is trusted before. Throws `BUNDLE_INVALID` (the sentence names the part), `BUNDLE_VERSION`, and
 * `PART_MISSING` where a split bundle ends too early.
 */
export async function readBundle(file: OpenedFile, limits: ReadLimits = {}): Promise<Bundle> {
  const reader = new BundleReader(file, limits);
  try {
    return await reader.read();
  } catch (error) {
    if (!isDdiffError(error)) throw error;
    if (reader.isCut && file.nextPart !== undefined) throw missingPart(file.nextPart);
    if (["BUNDLE_INVALID", "BUNDLE_VERSION", "READ_FAILED"].includes(error.code)) throw error;
    throw reader.invalid(error.message, error);
  }
}

class BundleReader {
  readonly #file: OpenedFile;
  readonly #limits: ReadLimits;
  readonly #blobs = new Map<Digest, Bytes>();
  #offset = 0;
  /** Where the member begins that is being read or checked. */
  #memberAt = 0;
  #isCut = false;

  constructor(file: OpenedFile, limits: ReadLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Whether the bytes ended before the bundle did. */
  get isCut(): boolean {
    return this.#isCut;
  }

  async read(): Promise<Bundle> {
    let expected: Descriptor[] | undefined;
    let config: BundleConfig | undefined;
    let count = 0;
    for await (const { path, bytes, digest } of this.#members()) {
      const position = count++;
      if (position === 0) {
        if (path !== "oci-layout" || !isLayoutMarker(bytes))
          throw this.invalid("it does not begin as a bundle does");
      } else if (position === 1) {
        expected = [this.#bundleManifest(path, bytes)];
      } else {
        const descriptor = expected?.[position - 2];
        if (descriptor === undefined) throw this.invalid(`${path} is more than it says it holds`);
        if (path !== blobPath(descriptor.digest))
          throw this.invalid(`${path} stands where ${blobPath(descriptor.digest)} should`);
        this.#check(descriptor, bytes, digest, config);
        if (position === 2) expected = this.#contents(descriptor, bytes);
        if (position === 3) config = parseBundleConfig(all(bytes), this.#limits.configBytes);
      }
    }
    if (expected === undefined || config === undefined || count - 2 !== expected.length) {
      this.#isCut = true;
      throw this.invalid(
        `it ends after ${count} of its ${expected === undefined ? "" : expected.length + 2} members`,
      );
    }
    this.#checkCarried(config, expected.slice(2));
    return { config, size: this.#file.bytes.length, blob: (descriptor) => this.#blob(descriptor) };
  }

  /** Names what is wrong, and in which file where the bundle is split. */
  invalid(problem: string, cause?: unknown): DdiffError {
    const first = this.#file.fileAt(this.#memberAt);
    const last = this.#file.fileAt(Math.max(0, this.#offset - 1));
    const where = first === last ? first : `${first} to ${basename(last)}`;
    return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${problem} (in ${where})`, {
      hint: "Copy the bundle again, or make it again with ddiff diff.",
      cause,
    });
  }

  /** The members of the tar, each hashed as it is read. */
  async *#members(): AsyncGenerator<{ path: string; bytes: Bytes; digest: Digest | undefined }> {
    let current: { path: string; size: number; at: number; digester: Digester | undefined } | undefined;
    const finished = () =>
      current && {
        path: current.path,
        bytes: part(this.#file.bytes, current.at, current.size),
        digest: current.digester?.digest(),
      };
    const breathe = makeBreath(this.#limits.signal);
    for await (const event of this.#events()) {
      await breathe();
      if (event.kind === "entry") {
        const done = finished();
        if (done !== undefined) yield done;
        this.#memberAt = this.#offset;
        this.#offset += event.header.length;
        const { path, type, size } = event.entry;
        if (type !== "file") throw this.invalid(`member ${path} is not a file`);
        const algorithm = path.startsWith("blobs/sha512/") ? "sha512" : "sha256";
        current = { path, size, at: this.#offset, digester: new Digester(algorithm) };
        continue;
      }
      this.#offset += event.bytes.length;
      if (event.kind === "data") current?.digester?.update(event.bytes);
      else if (event.bytes.some((byte) => byte !== 0))
        throw this.invalid("it has bytes where there should be none");
    }
    const done = finished();
    if (done !== undefined) yield done;
  }

  async *#events(): AsyncGenerator<TarEvent> {
    let ended = false;
    async function* pieces(bytes: Bytes): AsyncGenerator<Buffer, void, void> {
      yield* piecesOf(bytes);
      ended = true;
    }
    try {
      yield* readTar(pieces(this.#file.bytes));
    } catch (error) {
      this.#isCut = ended;
      throw error;
    }
  }

  #bundleManifest(path: string, bytes: Bytes): Descriptor {
    if (path !== "index.json") throw this.invalid(`${path} stands where index.json should`);
    const index = parseDocument(all(bytes));
    const [manifest, ...others] = index.kind === "index" ? index.manifests : [];
    if (manifest === undefined || others.length > 0 || manifest.artifactType !== bundleTypes.artifact) {
      throw new DdiffError("BUNDLE_INVALID", "this is an OCI layout, but no ddiff bundle", {
        hint: "Copy it with ddiff copy oci-archive:FILE PLACE.",
      });
    }
    return manifest;
  }

  /** The descriptors of all blobs in their order, from the bundle's manifest. */
  #contents(descriptor: Descriptor, bytes: Bytes): Descriptor[] {
    const manifest = parseDocument(all(bytes));
    if (manifest.kind !== "manifest" || manifest.config.mediaType !== bundleTypes.config) {
      throw this.invalid("its manifest is not that of a bundle");
    }
    const members = [descriptor, manifest.config, ...manifest.layers];
    if (manifest.layers.some(({ mediaType }) => mediaType === bundleTypes.config))
      throw this.invalid("it has two configs");
    const seen = new Set<Digest>();
    for (const { digest } of members) {
      if (seen.has(digest)) throw this.invalid(`its manifest names ${digest} twice`);
      seen.add(digest);
    }
    return members;
  }

  #check(
    descriptor: Descriptor,
    bytes: Bytes,
    found: Digest | undefined,
    config: BundleConfig | undefined,
  ): void {
    const what = partOf(config, descriptor);
    if (bytes.length !== descriptor.size)
      throw this.invalid(`${what} has ${bytes.length} bytes instead of ${descriptor.size}`);
    if (found !== descriptor.digest)
      throw this.invalid(`${what} does not match its digest ${descriptor.digest}`);
    this.#blobs.set(descriptor.digest, bytes);
  }

  /** Everything that the config says is carried must be there, and nothing else. */
  #checkCarried(config: BundleConfig, carried: readonly Descriptor[]): void {
    const named = new Set<Digest>();
    const layers = carriedLayers(config).map((layer) => (layer.from === "patch" ? layer.patch : layer.blob));
    for (const descriptor of [...config.blobs, ...layers]) {
      this.#blob(descriptor);
      named.add(descriptor.digest);
    }
    const stray = carried.find(({ digest }) => !named.has(digest));
    if (stray !== undefined) throw this.invalid(`it carries ${stray.digest}, which its config does not name`);
  }

  #blob(descriptor: Descriptor): Bytes {
    const found = this.#blobs.get(descriptor.digest);
    if (found === undefined || found.length !== descriptor.size) {
      throw this.invalid(`it does not hold ${descriptor.digest}, which its config names`);
    }
    return found;
  }
}

/** What a blob is, in words. */
function partOf(config: BundleConfig | undefined, { digest, mediaType }: Descriptor): string {
  if (mediaType === bundleTypes.config) return "its config";
  for (const layer of config?.layers ?? []) {
    if (layer.from === "patch" && layer.patch.digest === digest) return `the patch of layer ${layer.diffId}`;
    if (layer.from === "blob" && layer.blob.digest === digest) return `the layer ${layer.diffId}`;
  }
  return mediaType === mediaTypes.ociManifest ? "its manifest" : `the blob ${digest}`;
}

function isLayoutMarker(bytes: Bytes): boolean {
  return bytes.length === layoutMarker.length && layoutMarker.equals(bytes.read(0, bytes.length));
}

function all(bytes: Bytes): Buffer {
  if (bytes.length > largestDocument) {
    throw new DdiffError(
      "BUNDLE_INVALID",
      "the bundle is damaged: one of its documents is larger than any may be",
    );
  }
  return Buffer.from(bytes.read(0, bytes.length));
}
