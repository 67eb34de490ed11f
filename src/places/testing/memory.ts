import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { readAll } from "../../codec/read-all.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf, type Digest } from "../../oci/digest.ts";
import { parseDocument, type Index, type Manifest } from "../../oci/manifest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { encodeDocument } from "../../oci/rewrite.ts";
import { DdiffError } from "../../util/errors.ts";
import type { OutgoingImage, Sink, Source } from "../place.ts";

/** A place in memory, for tests: what it holds, what was asked of it, and images made by hand. */
export class MemoryStore {
  readonly blobs = new Map<Digest, Buffer>();
  /** Digests that were opened or read, in order. */
  readonly asked: Digest[] = [];

  /** Stores bytes and names them. */
  blob(mediaType: string, content: string | Buffer, extra: Partial<Descriptor> = {}): Descriptor {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...extra };
  }

  /** Stores a manifest or index and names it. */
  document(document: Manifest | Index, extra: Partial<Descriptor> = {}): Descriptor {
    const { descriptor, bytes } = encodeDocument(document);
    this.blobs.set(descriptor.digest, bytes);
    return { ...descriptor, ...extra };
  }

  manifest(config: Descriptor, layers: Descriptor[], extra: Partial<Manifest> = {}): Descriptor {
    return this.document({ kind: "manifest", mediaType: mediaTypes.ociManifest, config, layers, ...extra });
  }

  index(manifests: Descriptor[], extra: Partial<Index> = {}): Descriptor {
    return this.document({ kind: "index", mediaType: mediaTypes.ociIndex, manifests, ...extra });
  }

  /** A runnable image with one gzip layer for each text; the descriptor carries the platform as an index would. */
  image(platform: string, layers: string[], extra: Partial<Manifest> = {}): Descriptor {
    const { os, architecture, variant } = parsePlatform(platform);
    const config = {
      architecture,
      os,
      ...(variant === undefined ? {} : { variant }),
      rootfs: { type: "layers", diff_ids: layers.map((text) => digestOf(Buffer.from(text))) },
    };
    const manifest = this.manifest(
      this.blob(mediaTypes.ociConfig, JSON.stringify(config)),
      layers.map((text) => this.blob(mediaTypes.ociLayerGzip, gzipSync(text))),
      extra,
    );
    return { ...manifest, platform: parsePlatform(platform) };
  }

  /** What BuildKit adds to an index for a manifest: a manifest that looks like an image, but is none. */
  attestation(of: Descriptor, statement: string): Descriptor {
    const layer = this.blob("application/vnd.in-toto+json", statement);
    const config = {
      architecture: "unknown",
      os: "unknown",
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    };
    const manifest = this.manifest(this.blob(mediaTypes.ociConfig, JSON.stringify(config)), [layer]);
    return {
      ...manifest,
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": of.digest,
      },
    };
  }

  /** A manifest that refers to another: a signature, an SBOM. */
  referrer(subject: Descriptor, content: string): Descriptor {
    const { mediaType, digest, size } = subject;
    const empty = this.blob(mediaTypes.ociEmpty, "{}");
    const layer = this.blob("application/vnd.example.signature", content);
    return this.manifest(empty, [layer], {
      subject: { mediaType, digest, size },
      artifactType: "application/vnd.example.signature",
    });
  }

  source(root: Descriptor, more: Partial<Source> = {}): Source {
    const read = (descriptor: Descriptor): Buffer => {
      this.asked.push(descriptor.digest);
      const bytes = this.blobs.get(descriptor.digest);
      if (bytes === undefined) throw new DdiffError("BLOB_MISSING", `${descriptor.digest} is not in memory`);
      return bytes;
    };
    return {
      label: "memory:image",
      name: "image",
      root: async () => ({ descriptor: root, bytes: read(root) }),
      readDocument: async (descriptor) => ({ descriptor, bytes: read(descriptor) }),
      hasBlob: async (descriptor) => this.blobs.has(descriptor.digest),
      openBlob: async (descriptor) => Readable.from([read(descriptor)]),
      openLayer: () => Promise.reject(new Error("not asked for here")),
      referrers: async (subject) => this.#referrers(subject),
      close: async () => {},
      ...more,
    };
  }

  /** Takes what an image brings and this store lacks. `written` is the last image that arrived whole. */
  sink(): Sink & { written?: OutgoingImage } {
    const sink: Sink & { written?: OutgoingImage } = {
      label: "memory:copy",
      has: async ({ descriptor }) => this.blobs.has(descriptor.digest),
      write: async (image) => {
        let bytes = 0;
        for (const blob of image.blobs) {
          if (this.blobs.has(blob.descriptor.digest)) continue;
          this.blobs.set(
            blob.descriptor.digest,
            await readAll(await blob.open(), blob.descriptor.size, "a blob"),
          );
          bytes += blob.descriptor.size;
        }
        for (const [digest, document] of image.documents) this.blobs.set(digest, document.bytes);
        sink.written = image;
        return { label: sink.label, digest: image.root.digest, bytes };
      },
      close: async () => {},
    };
    return sink;
  }

  #referrers(subject: Digest): Descriptor[] {
    return [...this.blobs].flatMap(([digest, bytes]) => {
      if (!bytes.includes('"subject":')) return [];
      const document = parseDocument(bytes);
      return document.subject?.digest === subject
        ? [{ mediaType: document.mediaType, digest, size: bytes.length }]
        : [];
    });
  }
}
