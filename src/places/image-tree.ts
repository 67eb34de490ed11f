import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isIndexType, isManifestType } from "../oci/media-types.ts";
import { formatPlatform, pickPlatform, type Platform } from "../oci/platform.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { mapLimited } from "../util/map-limited.ts";
import {
  attestedBy,
  checkDocument,
  holdsBlobs,
  readChecked,
  readNode,
  requestsAtOnce,
  startWalk,
  type ImageNode,
  type Walk,
} from "./image-nodes.ts";
import type { Document, PlatformImage, Source } from "./place.ts";

/** All that belongs to one image at a source, except the bytes of its layers and artifacts. */
export interface ImageTree {
  root: Descriptor;
  /** Every index, manifest and config by digest, artifacts' and referrers' included. */
  documents: Map<Digest, Document>;
  /** The runnable images, in the order of the index. */
  images: PlatformImage[];
  /** Content of attestations and other artifacts, each once, without what `documents` holds. */
  artifactBlobs: Descriptor[];
  /** Manifests in `documents` whose `subject` is another one there. */
  referrers: Descriptor[];
}

/** What of an image is read. */
export interface ReadImageOptions {
  /** Only the best image for each; the index stays as it is and so becomes sparse. All when empty or not said. */
  platforms?: readonly Platform[];
  /** Whether to ask for signatures, SBOMs and other referrers; true when not said. */
  referrers?: boolean;
}

/**
 * Reads an image's documents: an index of any nesting, its manifests, their configs, and what refers to them.
 * Entries of an index that the source does not hold are left out as long as one runnable image remains.
 * Throws `PLATFORM_MISSING`, `BLOB_MISSING`, `IMAGE_INVALID`, `TOO_LARGE`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`,
 * `MANIFEST_INVALID`, `CONFIG_INVALID`.
 */
export async function readImage(source: Source, options: ReadImageOptions = {}): Promise<ImageTree> {
  const walk = startWalk(source, options.platforms ?? []);
  const document = await source.root();
  const { digest } = document.descriptor;
  checkDocument(document.descriptor, document, `${digest} in ${source.label}`);
  walk.seen.add(digest);
  const top = await readNode(walk, document.descriptor, document, "image");
  const images = selectImages(walk, imagesOf(top));
  refuseEmpty(walk, images);
  const kept = new Set(images.map((image) => image.manifest.digest));
  const tree: ImageTree = {
    root: top.descriptor,
    documents: new Map(),
    images,
    artifactBlobs: [],
    referrers: [],
  };
  const blobs = new Map<Digest, Descriptor>();
  const nodes = keptNodes(top, kept);
  for (const node of nodes) gather(tree, blobs, node);
  if (options.referrers !== false) await addReferrers(walk, tree, blobs, nodes);
  tree.artifactBlobs = [...blobs.values()].filter((blob) => !isConfigIn(tree, blob));
  return tree;
}

function imagesOf(node: ImageNode): PlatformImage[] {
  return [...(node.image === undefined ? [] : [node.image]), ...node.children.flatMap(imagesOf)];
}

function selectImages(walk: Walk, images: PlatformImage[]): PlatformImage[] {
  if (walk.platforms.length === 0) return images;
  const picked = new Set(
    walk.platforms.map((wanted) => pickPlatform(images, wanted) ?? refusePlatform(walk, images, wanted)),
  );
  return images.filter((image) => picked.has(image));
}

function refusePlatform(walk: Walk, images: readonly PlatformImage[], wanted: Platform): never {
  const name = formatPlatform(wanted);
  if (pickPlatform(walk.missing, wanted) !== undefined) {
    const sentence = `${walk.source.label} lists ${name} but does not hold its content`;
    throw new DdiffError("PLATFORM_MISSING", sentence, {
      hint: `Pull it there first with --platform ${name}.`,
    });
  }
  const there = new Set([...walk.listed, ...images.map((image) => formatPlatform(image.platform))]);
  const hint = there.size === 0 ? "It holds nothing that can be run." : `It has ${[...there].join(", ")}.`;
  throw new DdiffError("PLATFORM_MISSING", `${walk.source.label} has no image for ${name}`, { hint });
}

function refuseEmpty(walk: Walk, images: readonly PlatformImage[]): void {
  const lacking = walk.missing[0];
  if (images.length > 0 || lacking === undefined) return;
  const sentence = `${walk.source.label} holds none of the images that its index lists; the first is ${lacking.digest}`;
  throw new DdiffError("BLOB_MISSING", sentence, { hint: "Pull the image there again." });
}

/** The nodes that belong to the kept images; what has no image below it (artifacts) stays. */
function keptNodes(node: ImageNode, kept: ReadonlySet<string>): ImageNode[] {
  const mine = imagesOf(node);
  if (mine.length > 0 && !mine.some((image) => kept.has(image.manifest.digest))) return [];
  const left = new Set<string>(
    mine.map((image) => image.manifest.digest).filter((digest) => !kept.has(digest)),
  );
  const children = node.children.filter((child) => {
    const attested = attestedBy(child.descriptor);
    return attested === undefined || !left.has(attested);
  });
  return [node, ...children.flatMap((child) => keptNodes(child, kept))];
}

function gather(tree: ImageTree, blobs: Map<Digest, Descriptor>, node: ImageNode): void {
  for (const document of [node.document, ...node.configs]) {
    if (!tree.documents.has(document.descriptor.digest)) {
      tree.documents.set(document.descriptor.digest, document);
    }
  }
  for (const blob of node.blobs) if (!blobs.has(blob.digest)) blobs.set(blob.digest, blob);
}

/** Asks, level by level, who refers to the manifests found so far; each found one is asked about in turn. */
async function addReferrers(
  walk: Walk,
  tree: ImageTree,
  blobs: Map<Digest, Descriptor>,
  nodes: readonly ImageNode[],
): Promise<void> {
  let level = nodes;
  while (level.length > 0) {
    const answers = await mapLimited(level, requestsAtOnce, (node) =>
      walk.source.referrers(node.descriptor.digest),
    );
    const asked = answers.flatMap((list, i) =>
      list.map((descriptor) => ({ descriptor, subject: level[i]?.descriptor.digest })),
    );
    const found = await mapLimited(asked, requestsAtOnce, ({ descriptor, subject }) =>
      readReferrer(walk, descriptor, subject),
    );
    const fresh = found.filter((node) => node !== undefined);
    tree.referrers.push(...fresh.map((node) => node.descriptor));
    level = fresh.flatMap(withDescendants);
    for (const node of level) gather(tree, blobs, node);
  }
}

/** A referrer, or undefined where it is known already, is not held whole, or does not really refer to `subject`. */
async function readReferrer(
  walk: Walk,
  descriptor: Descriptor,
  subject: Digest | undefined,
): Promise<ImageNode | undefined> {
  const isDocument = isIndexType(descriptor.mediaType) || isManifestType(descriptor.mediaType);
  if (!isDocument || walk.seen.has(descriptor.digest)) return undefined;
  walk.seen.add(descriptor.digest);
  try {
    const node = await readNode(walk, descriptor, await readChecked(walk, descriptor), "artifact");
    return node.subject?.digest === subject && (await holdsBlobs(walk.source, node)) ? node : undefined;
  } catch (error) {
    if (isDdiffError(error, "BLOB_MISSING")) return undefined;
    throw error;
  }
}

function withDescendants(node: ImageNode): ImageNode[] {
  return [node, ...node.children.flatMap(withDescendants)];
}

/** Configs are written with the documents; a manifest that is also listed as a blob must be written as both. */
function isConfigIn(tree: ImageTree, blob: Descriptor): boolean {
  const document = tree.documents.get(blob.digest);
  if (document === undefined) return false;
  return !isIndexType(document.descriptor.mediaType) && !isManifestType(document.descriptor.mediaType);
}
