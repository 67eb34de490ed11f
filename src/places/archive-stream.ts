import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { decompressed } from "../codec/compression.ts";
import { verified } from "../codec/verify.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, hexOf } from "../oci/digest.ts";
import { parseDocument } from "../oci/manifest.ts";
import { compressionOfType, isIndexType, isManifestType, mediaTypes } from "../oci/media-types.ts";
import { formatPlatform, pickPlatform } from "../oci/platform.ts";
import { familiarName, formatReference, parseReference, withDefaultTag } from "../oci/reference.ts";
import { packTar, type TarMember } from "../tar/writer.ts";
import { DdiffError } from "../util/errors.ts";
import { readRange } from "./archive-members.ts";
import { layoutFile, withoutNames } from "./oci-layout-index.ts";
import { containerdName, refName } from "./oci-layout-names.ts";
import { blobName } from "./oci-layout-source.ts";
import type { Layer, OutgoingBlob, OutgoingImage, PlatformImage } from "./place.ts";
import { explainWriteError, openUnnamed, writeAll } from "./temp-files.ts";

/** Whether the receiver lacks a blob; what it has is left out of the archive. */
export type Lacks = (blob: OutgoingBlob) => boolean | Promise<boolean>;

/** How `dockerArchive` packs. */
export interface DockerArchiveOptions {
  /** Where a layer whose size must first be found out is unpacked, one at a time; the system's folder when not said. */
  tempDir?: string;
  /** Unpacks every layer, as `docker save` writes them. When not set, gzip layers go as they are: engines read both. */
  unpackLayers?: boolean;
}

/**
 * What `docker load` reads: manifest.json, the config verbatim, and layers as `<diffID>/layer.tar`. Holds one platform
 * (see `platformImage`). A layer that the receiver does not lack is listed, but its file is left out: Docker's classic
 * store takes that when it has the layer with all below it. The same image gives the same bytes.
 * The stream fails with `PLATFORM_MISSING`, `BLOB_MISSING`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `DISK_FULL`,
 * `REFERENCE_INVALID`.
 */
export function dockerArchive(
  image: OutgoingImage,
  names: string[],
  lacks: Lacks,
  options: DockerArchiveOptions = {},
): Readable {
  return packTar(dockerMembers(image, names, lacks, options));
}

async function* dockerMembers(
  image: OutgoingImage,
  names: string[],
  lacks: Lacks,
  options: DockerArchiveOptions,
): AsyncGenerator<TarMember, void, void> {
  const chosen = platformImage(image);
  const config = image.documents.get(chosen.configDescriptor.digest);
  if (config === undefined) throw absent(chosen.configDescriptor);
  const configName = `${hexOf(config.descriptor.digest)}.json`;
  const manifest = [
    {
      Config: configName,
      RepoTags: names.map((name) => familiarName(withDefaultTag(parseReference(name)))),
      Layers: chosen.layers.map(layerName),
    },
  ];
  yield fileMember("manifest.json", Buffer.from(JSON.stringify(manifest)));
  yield fileMember(configName, config.bytes);
  const written = new Set<Digest>();
  for (const layer of chosen.layers) {
    if (written.has(layer.diffId)) continue;
    written.add(layer.diffId);
    const blob = image.blobs.find((one) => one.descriptor.digest === layer.descriptor.digest);
    if (blob === undefined || !(await lacks(blob))) continue;
    yield { path: `${hexOf(layer.diffId)}/`, size: 0, type: "directory" };
    if (goesVerbatim(layer, options)) yield blobMember(layerName(layer), blob);
    else yield* unpackedMember(layerName(layer), layer, blob, options.tempDir ?? tmpdir());
  }
}

function layerName(layer: Layer): string {
  return `${hexOf(layer.diffId)}/layer.tar`;
}

/** Docker before version 23 cannot read zstd, so such layers are always unpacked. */
function goesVerbatim(layer: Layer, options: DockerArchiveOptions): boolean {
  if (layer.descriptor.digest === layer.diffId) return true;
  return options.unpackLayers !== true && compressionOfType(layer.descriptor.mediaType) === "gzip";
}

/** A tar states a member's size before its bytes, so the layer is unpacked to a file first. */
async function* unpackedMember(
  path: string,
  layer: Layer,
  blob: OutgoingBlob,
  tempDir: string,
): AsyncGenerator<TarMember, void, void> {
  const what = `layer ${layer.diffId}`;
  const file = await openUnnamed(tempDir);
  try {
    const packed = verified(await blob.open(), blob.descriptor, `blob ${blob.descriptor.digest}`);
    let size = 0;
    try {
      await writeAll(
        verified(decompressed(packed, { what }), { digest: layer.diffId }, what),
        file,
        (bytes) => {
          size += bytes;
        },
      );
    } catch (error) {
      throw explainWriteError(error, tempDir);
    }
    yield { path, size, open: () => readRange(file, 0, size, what) };
  } finally {
    await file.close();
  }
}

/** How `ociArchive` packs. */
export interface OciArchiveOptions {
  /** Takes referrers (signatures, SBOMs) along. Engines cannot keep them, and some refuse an archive with unnamed entries. */
  referrers?: boolean;
  /** The annotations of each name's entry; those that engines want when not said. */
  annotations?: (name: string) => Record<string, string>;
}

/**
 * An OCI layout in a tar, as `podman load` and `ctr image import` read it: an entry of index.json for each name, with
 * OCI's annotation (the tag) and containerd's (the full name), or one without a name when there are none. Blobs that the
 * receiver does not lack are left out. The same image gives the same bytes.
 * The stream fails with `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `REFERENCE_INVALID`.
 */
export function ociArchive(
  image: OutgoingImage,
  names: string[],
  lacks: Lacks,
  options: OciArchiveOptions = {},
): Readable {
  return packTar(ociMembers(image, names, lacks, options));
}

async function* ociMembers(
  image: OutgoingImage,
  names: string[],
  lacks: Lacks,
  options: OciArchiveOptions,
): AsyncGenerator<TarMember, void, void> {
  const { mediaType, digest, size } = image.root;
  const annotate = options.annotations ?? engineAnnotations;
  const entries: Descriptor[] = names.map((name) => ({
    mediaType,
    digest,
    size,
    annotations: annotate(name),
  }));
  if (entries.length === 0) entries.push({ mediaType, digest, size });
  const listed = options.referrers === true ? image.referrers : [];
  entries.push(...listed.map(withoutNames));
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries };
  yield fileMember("oci-layout", Buffer.from(layoutFile));
  yield fileMember("index.json", Buffer.from(JSON.stringify(index)));
  const wanted = reachable(image, [image.root, ...listed]);
  const folders = new Set<string>();
  const folderOf = function* (name: string): Generator<TarMember> {
    for (const folder of ["blobs/", name.slice(0, name.lastIndexOf("/") + 1)]) {
      if (!folders.has(folder)) yield { path: folder, size: 0, type: "directory" };
      folders.add(folder);
    }
  };
  for (const document of image.documents.values()) {
    const name = blobName(document.descriptor.digest);
    if (!wanted.has(document.descriptor.digest)) continue;
    yield* folderOf(name);
    yield fileMember(name, document.bytes);
  }
  for (const blob of image.blobs) {
    const name = blobName(blob.descriptor.digest);
    if (!wanted.has(blob.descriptor.digest) || image.documents.has(blob.descriptor.digest)) continue;
    if (!(await lacks(blob))) continue;
    yield* folderOf(name);
    yield blobMember(name, blob);
  }
}

/** The digests of all that the given manifests and indexes lead to, themselves included. */
export function reachable(image: OutgoingImage, from: readonly Descriptor[]): Set<Digest> {
  const seen = new Set<Digest>();
  const queue = [...from];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next.digest)) continue;
    seen.add(next.digest);
    const document = image.documents.get(next.digest);
    const type = document?.descriptor.mediaType ?? "";
    if (document === undefined || !(isIndexType(type) || isManifestType(type))) continue;
    const parsed = parseDocument(document.bytes, type);
    queue.push(...(parsed.kind === "index" ? parsed.manifests : [parsed.config, ...parsed.layers]));
  }
  return seen;
}

/**
 * The image for a place that holds one platform: this machine's, or the only one.
 * Throws `PLATFORM_MISSING` where neither is there.
 */
export function platformImage(image: OutgoingImage): PlatformImage {
  const chosen = pickPlatform(image.images) ?? (image.images.length === 1 ? image.images[0] : undefined);
  if (chosen !== undefined) return chosen;
  const there = image.images.map((one) => formatPlatform(one.platform)).join(", ");
  throw new DdiffError(
    "PLATFORM_MISSING",
    there === ""
      ? "there is no runnable image to write"
      : `the image has no variant for this machine, only ${there}`,
    {
      hint: "Choose one with --platform, or write to a place that holds all (oci:, oci-archive:, a registry).",
    },
  );
}

/** containerd reads the full name, Podman and others the tag. */
function engineAnnotations(name: string): Record<string, string> {
  const reference = withDefaultTag(parseReference(name));
  return {
    [containerdName]: formatReference(reference),
    ...(reference.tag === undefined ? {} : { [refName]: reference.tag }),
  };
}

function fileMember(path: string, bytes: Buffer): TarMember {
  return { path, size: bytes.length, bytes };
}

function blobMember(path: string, blob: OutgoingBlob): TarMember {
  const { descriptor } = blob;
  return {
    path,
    size: descriptor.size,
    open: async () => {
      // A file of our own was checked when it was written.
      if (blob.file !== undefined) return createReadStream(blob.file, { highWaterMark: 1 << 20 });
      const stream = await blob.open();
      return blob.isChecked === true ? stream : verified(stream, descriptor, `blob ${descriptor.digest}`);
    },
  };
}

function absent(descriptor: Descriptor): DdiffError {
  return new DdiffError("BLOB_MISSING", `the image's config ${descriptor.digest} is not at hand`);
}
