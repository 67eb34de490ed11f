import { decompressed, detectCompression } from "../codec/compression.ts";
import { verified } from "../codec/verify.ts";
import { type ImageConfig, parseConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { documentLimits, parseJson } from "../oci/json.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { encodeDocument } from "../oci/rewrite.ts";
import { DdiffError } from "../util/errors.ts";
import { missing, type NamedBlobs, readSmall } from "./named-blobs.ts";
import type { Document } from "./place.ts";

/** One image of a docker-archive's manifest.json. */
export interface ArchivedImage {
  /** As written: `torch-app:2`, or the full name. */
  tags: string[];
  config: ImageConfig;
  configDocument: Document;
  /** The members that hold the layers, bottom first; packed or not. */
  layerFiles: string[];
}

/** manifest.json lists the layers of every image of the archive. */
const manifestLimit = 64 * 1024 * 1024;

/**
 * Reads the manifest.json that `docker save` writes (moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem
 * Changeset Format"). Throws `ARCHIVE_INVALID`, `JSON_INVALID`, `CONFIG_INVALID`, `DIGEST_MISMATCH`, `BLOB_MISSING`.
 */
export async function readArchivedImages(files: NamedBlobs): Promise<ArchivedImage[]> {
  const bytes = await readSmall(files, "manifest.json", manifestLimit);
  if (bytes === undefined) {
    const sentence = `${files.where} is no archive of docker save: it has no manifest.json`;
    throw new DdiffError("ARCHIVE_INVALID", sentence, {
      hint: "An OCI layout in a tar is read with oci-archive:PATH; archives of Docker before 1.10 have to be loaded and saved again.",
    });
  }
  const what = `manifest.json in ${files.where}`;
  const list = parseJson(bytes, what, { maxBytes: manifestLimit, maxDepth: 64 });
  if (!Array.isArray(list)) throw invalid(`${what} is no list of images`);
  const images: ArchivedImage[] = [];
  for (const item of list as unknown[]) images.push(await readItem(files, item, what));
  return images;
}

async function readItem(files: NamedBlobs, item: unknown, what: string): Promise<ArchivedImage> {
  if (typeof item !== "object" || item === null) throw invalid(`${what} has an entry that is no image`);
  const { Config, RepoTags, Layers } = item as { [name: string]: unknown };
  const layerFiles = Layers ?? [];
  const tags = RepoTags ?? [];
  if (typeof Config !== "string" || !isTexts(layerFiles) || !isTexts(tags)) {
    throw invalid(`${what} has an entry without Config, RepoTags or Layers as docker save writes them`);
  }
  const configDocument = await readConfig(files, Config);
  const config = parseConfig(configDocument.bytes);
  if (config.diffIds.length !== layerFiles.length) {
    throw invalid(
      `${what} lists ${layerFiles.length} layers for ${Config}, which has ${config.diffIds.length} itself`,
    );
  }
  return { tags, config, configDocument, layerFiles };
}

/** The config is named by its digest in all archives but hand-made ones; a name that lies is refused. */
async function readConfig(files: NamedBlobs, name: string): Promise<Document> {
  const bytes = await readSmall(files, name, documentLimits.maxBytes);
  if (bytes === undefined) throw missing(files.where, name);
  const digest = digestOf(bytes);
  const named = /^(?:blobs\/sha256\/|sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  if (named !== undefined && digest !== `sha256:${named}`) {
    const sentence = `${name} in ${files.where} does not have the digest that it is named by`;
    throw new DdiffError("DIGEST_MISMATCH", sentence, { hint: "The archive is damaged: make it again." });
  }
  return { descriptor: { mediaType: mediaTypes.ociConfig, digest, size: bytes.length }, bytes };
}

/** A manifest of ddiff's own making and the archive's members by the digests that it states. */
export interface MadeManifest {
  document: Document;
  layers: Map<Digest, { file: string; descriptor: Descriptor }>;
}

/**
 * The manifest of an image whose layers have none: uncompressed, so that each layer's digest is its diffID, and of OCI's
 * types, because skopeo and Podman read no others in a layout. A layer that is packed inside the archive is unpacked once
 * here, to learn its size. Throws `BLOB_MISSING`, `DIGEST_MISMATCH`.
 */
export async function makeManifest(files: NamedBlobs, image: ArchivedImage): Promise<MadeManifest> {
  const layers: MadeManifest["layers"] = new Map();
  const listed: Descriptor[] = [];
  for (const [position, file] of image.layerFiles.entries()) {
    const digest = image.config.diffIds[position] as Digest;
    const known = layers.get(digest)?.descriptor;
    const size = known?.size ?? (await unpackedSize(files, file, digest));
    const descriptor = { mediaType: mediaTypes.ociLayer, digest, size };
    layers.set(digest, { file, descriptor });
    listed.push(descriptor);
  }
  const document = encodeDocument({
    kind: "manifest",
    mediaType: mediaTypes.ociManifest,
    config: image.configDocument.descriptor,
    layers: listed,
  });
  return { document, layers };
}

async function unpackedSize(files: NamedBlobs, file: string, diffId: Digest): Promise<number> {
  const size = await files.size(file);
  if (size === undefined) throw missing(files.where, file);
  if (!(await isPacked(files, file))) return size;
  const what = `${file} in ${files.where}`;
  let unpacked = 0;
  const bytes = verified(decompressed(await files.open(file), { what }), { digest: diffId }, what);
  for await (const chunk of bytes as AsyncIterable<Buffer>) unpacked += chunk.length;
  return unpacked;
}

async function isPacked(files: NamedBlobs, file: string): Promise<boolean> {
  for await (const head of (await files.open(file)) as AsyncIterable<Buffer>) {
    return detectCompression(head) !== "none";
  }
  return false;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function invalid(sentence: string): DdiffError {
  return new DdiffError("ARCHIVE_INVALID", sentence, {
    hint: "The archive is damaged or was made by hand: save the image again.",
  });
}
