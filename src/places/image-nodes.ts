import { parseConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { algorithmOf, digestOf, type Digest } from "../oci/digest.ts";
import { documentLimits } from "../oci/json.ts";
import { parseDocument, type Index, type Manifest } from "../oci/manifest.ts";
import { isImageConfigType, isIndexType, isLayerType, isManifestType } from "../oci/media-types.ts";
import {
  formatPlatform,
  isUnknownPlatform,
  normalizePlatform,
  pickPlatform,
  type Platform,
} from "../oci/platform.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { mapLimited } from "../util/map-limited.ts";
import type { Document, PlatformImage, Source } from "./place.ts";

/** A document of an image with what it leads to. */
export interface ImageNode {
  descriptor: Descriptor;
  document: Document;
  subject: Descriptor | undefined;
  /** Of an index: what of it is held and asked for. */
  children: ImageNode[];
  /** Set for a manifest that can be run. */
  image?: PlatformImage;
  /** Configs held in memory. */
  configs: Document[];
  /** Content of artifacts, and entries of an index that are no manifests. */
  blobs: Descriptor[];
}

/** One reading of one image; it bounds what a hostile image may make us do. */
export interface Walk {
  source: Source;
  /** Platforms asked for; all when empty. */
  platforms: readonly Platform[];
  /** Manifests and indexes that were reached: each counts once, however often it is listed. */
  seen: Set<Digest>;
  documentCount: number;
  documentBytes: number;
  /** Entries of indexes that the source does not hold. */
  missing: Descriptor[];
  /** The platforms that indexes list, in words. */
  listed: Set<string>;
}

/** Requests that one image may have under way. */
export const requestsAtOnce = 8;
const maxDepth = 8;
const maxDocuments = 10_000;
const maxDocumentBytes = 256 * 1024 * 1024;
const attestedDigest = "vnd.docker.reference.digest";
const attestationKind = "vnd.docker.reference.type";

/** A walk that has seen nothing. */
export function startWalk(source: Source, platforms: readonly Platform[]): Walk {
  return {
    source,
    platforms,
    seen: new Set(),
    documentCount: 0,
    documentBytes: 0,
    missing: [],
    listed: new Set(),
  };
}

/**
 * Reads the manifest or index that `document` is, and what it leads to. `role` says whether runnable manifests count as
 * images, or as content of an artifact (what a referrer holds is never run).
 */
export async function readNode(
  walk: Walk,
  descriptor: Descriptor,
  document: Document,
  role: "image" | "artifact",
  depth = 0,
): Promise<ImageNode> {
  const parsed = parseDocument(document.bytes, descriptor.mediaType);
  // A source may not know what it holds (a server that says application/json): the document does.
  const named = { ...descriptor, mediaType: parsed.mediaType };
  const node: ImageNode = {
    descriptor: named,
    document: { descriptor: named, bytes: document.bytes },
    subject: parsed.subject,
    children: [],
    configs: [],
    blobs: [],
  };
  if (parsed.kind === "index") await readIndex(walk, node, parsed, role, depth);
  else if (role === "image" && isRunnable(parsed, descriptor)) await readImageManifest(walk, node, parsed);
  else await readArtifact(walk, node, parsed);
  return node;
}

/** A document by its descriptor, checked here whatever the source has checked. */
export async function readChecked(walk: Walk, descriptor: Descriptor): Promise<Document> {
  const what = `${descriptor.digest} in ${walk.source.label}`;
  if (descriptor.size > documentLimits.maxBytes) {
    throw tooLarge(`the document ${what} has ${descriptor.size} bytes, more than 4 MiB`);
  }
  walk.documentCount++;
  walk.documentBytes += descriptor.size;
  if (walk.documentCount > maxDocuments || walk.documentBytes > maxDocumentBytes) {
    throw tooLarge(`${walk.source.label} lists more than ${maxDocuments} manifests or 256 MiB of them`);
  }
  const document = await walk.source.readDocument(descriptor);
  checkDocument(descriptor, document, what);
  return { descriptor, bytes: document.bytes };
}

/** Throws `DIGEST_MISMATCH` or `SIZE_MISMATCH` where the bytes are not what the descriptor says. */
export function checkDocument(descriptor: Descriptor, document: Document, what: string): void {
  const hint = "The data was damaged on its way or at rest: fetch it again.";
  if (document.bytes.length !== descriptor.size) {
    const sentence = `${what} has ${document.bytes.length} bytes where its descriptor says ${descriptor.size}`;
    throw new DdiffError("SIZE_MISMATCH", sentence, { hint });
  }
  const found = digestOf(document.bytes, algorithmOf(descriptor.digest));
  if (found !== descriptor.digest) {
    throw new DdiffError("DIGEST_MISMATCH", `${what} has other content: ${found}`, { hint });
  }
}

async function readIndex(
  walk: Walk,
  node: ImageNode,
  index: Index,
  role: "image" | "artifact",
  depth: number,
): Promise<void> {
  if (depth >= maxDepth) {
    const sentence = `${walk.source.label} nests indexes more than ${maxDepth} deep`;
    throw new DdiffError("IMAGE_INVALID", sentence, {
      hint: "No builder makes such an image: do not trust it.",
    });
  }
  const entries = role === "image" ? askedFor(walk, index.manifests) : index.manifests;
  const fresh = entries.filter((entry) => {
    if (walk.seen.has(entry.digest)) return false;
    walk.seen.add(entry.digest);
    return true;
  });
  node.blobs = fresh.filter((entry) => !isDocument(entry));
  const documents = fresh.filter(isDocument);
  // Above the leaves one at a time: else a deep index multiplies the requests.
  const atOnce = documents.some((entry) => isIndexType(entry.mediaType)) ? 1 : requestsAtOnce;
  const children = await mapLimited(documents, atOnce, (entry) => readEntry(walk, entry, role, depth + 1));
  node.children = children.filter((child) => child !== undefined);
}

/** An entry of an index, or undefined where the source does not hold it. */
async function readEntry(
  walk: Walk,
  entry: Descriptor,
  role: "image" | "artifact",
  depth: number,
): Promise<ImageNode | undefined> {
  try {
    const node = await readNode(walk, entry, await readChecked(walk, entry), role, depth);
    if (await holdsBlobs(walk.source, node)) return node;
  } catch (error) {
    if (!isDdiffError(error, "BLOB_MISSING")) throw error;
  }
  walk.missing.push(entry);
  return undefined;
}

/** Engines fetch an attestation's manifest but often not its content: then it is not there to be given on. */
export async function holdsBlobs(source: Source, node: ImageNode): Promise<boolean> {
  const held = await mapLimited(node.blobs, requestsAtOnce, (blob) => source.hasBlob(blob));
  return held.every(Boolean);
}

/**
 * The entries that may lead to the platforms asked for: of those with a platform the best for each, of those without
 * one all, and the attestations of what is taken.
 */
function askedFor(walk: Walk, entries: readonly Descriptor[]): readonly Descriptor[] {
  const known = entries.filter((entry) => entry.platform !== undefined && !isUnknownPlatform(entry.platform));
  for (const { platform } of known) if (platform !== undefined) walk.listed.add(formatPlatform(platform));
  if (walk.platforms.length === 0) return entries;
  const best = new Set(walk.platforms.map((wanted) => pickPlatform(known, wanted)?.digest));
  const left = new Set<string>(known.map((entry) => entry.digest).filter((digest) => !best.has(digest)));
  return entries.filter((entry) => !left.has(entry.digest) && !left.has(attestedBy(entry) ?? ""));
}

/** The digest of the manifest that this entry of an index attests, where it is an attestation. */
export function attestedBy(entry: Descriptor): string | undefined {
  return entry.annotations?.[attestationKind] === undefined ? undefined : entry.annotations[attestedDigest];
}

function isDocument(entry: Descriptor): boolean {
  return isIndexType(entry.mediaType) || isManifestType(entry.mediaType);
}

/** BuildKit's attestations and cosign's signatures have image configs too; their layers are no file systems. */
function isRunnable(manifest: Manifest, descriptor: Descriptor): boolean {
  return (
    isImageConfigType(manifest.config.mediaType) &&
    manifest.config.size > 2 &&
    manifest.artifactType === undefined &&
    attestedBy(descriptor) === undefined &&
    (descriptor.platform === undefined || !isUnknownPlatform(descriptor.platform)) &&
    manifest.layers.every((layer) => isLayerType(layer.mediaType))
  );
}

async function readImageManifest(walk: Walk, node: ImageNode, manifest: Manifest): Promise<void> {
  const document = await readChecked(walk, manifest.config);
  const config = parseConfig(document.bytes);
  node.configs = [document];
  if (manifest.layers.length !== config.diffIds.length) {
    const sentence = `The manifest ${node.descriptor.digest} in ${walk.source.label} lists ${manifest.layers.length} layers, its config ${config.diffIds.length}`;
    throw new DdiffError("IMAGE_INVALID", sentence, { hint: "Build or fetch the image again." });
  }
  node.image = {
    manifest: node.descriptor,
    config,
    configDescriptor: manifest.config,
    platform: platformOf(node.descriptor.platform, config),
    layers: manifest.layers.map((descriptor, i) => ({
      descriptor,
      diffId: config.diffIds[i] ?? descriptor.digest,
    })),
  };
}

/** An index entry has the first word, for configs name the builder's platform surprisingly often. */
function platformOf(entry: Platform | undefined, config: PlatformImage["config"]): Platform {
  const own: Platform = {
    os: config.os,
    architecture: config.architecture,
    ...(config.variant === undefined ? {} : { variant: config.variant }),
    ...(config["os.version"] === undefined ? {} : { "os.version": config["os.version"] }),
    ...(config["os.features"] === undefined ? {} : { "os.features": config["os.features"] }),
  };
  if (entry === undefined) return normalizePlatform(own);
  const agrees = formatPlatform(bare(entry)) === formatPlatform(bare(own));
  return normalizePlatform(agrees ? { ...own, ...entry } : entry);
}

function bare({ os, architecture }: Platform): Platform {
  return { os, architecture };
}

/** An artifact's config goes with the documents as an image's does, unless it is too large to be one. */
async function readArtifact(walk: Walk, node: ImageNode, manifest: Manifest): Promise<void> {
  node.blobs = [...manifest.layers];
  if (manifest.config.size > documentLimits.maxBytes) node.blobs.push(manifest.config);
  else node.configs = [await readChecked(walk, manifest.config)];
}

function tooLarge(sentence: string): DdiffError {
  return new DdiffError("TOO_LARGE", sentence, { hint: "No builder makes such an image: do not trust it." });
}
