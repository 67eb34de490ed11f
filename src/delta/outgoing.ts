import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseDocument } from "../oci/manifest.ts";
import { isDockerType, mediaTypes } from "../oci/media-types.ts";
import { withLayers, withManifests } from "../oci/rewrite.ts";
import type { ImageTree } from "../places/image-tree.ts";
import type { Document, Layer, OutgoingBlob, OutgoingImage, PlatformImage } from "../places/place.ts";
import type { BaseLayers } from "./base-layers.ts";
import type { WholeLayer } from "./bundle-config.ts";
import type { Bundle } from "./bundle-read.ts";
import { streamOf } from "./literals.ts";
import type { RebuiltLayers } from "./rebuild.ts";

/** Where the layers of a loaded image come from. */
export interface LayerSupply {
  bundle: Bundle;
  base: BaseLayers;
  rebuilt: RebuiltLayers;
}

/**
 * The image as a sink gets it. Configs are verbatim, so the image ID is that of the original. A layer keeps the
 * packing that its manifest names where those bytes are at hand; a rebuilt layer goes uncompressed, and then its manifest
 * (and the index above it) is written anew with that layer's descriptor.
 */
export async function outgoingImage(tree: ImageTree, supply: LayerSupply): Promise<OutgoingImage> {
  const blobs = new Map<Digest, OutgoingBlob>();
  const documents = new Map(tree.documents);
  const rewritten = new Map<Digest, Descriptor>();
  const images: PlatformImage[] = [];
  for (const image of tree.images) {
    const layers: Layer[] = [];
    for (const layer of image.layers) {
      const blob = await supplyLayer(layer, isDockerType(image.manifest.mediaType), supply);
      blobs.set(blob.descriptor.digest, blob);
      layers.push({ descriptor: blob.descriptor, diffId: layer.diffId });
    }
    const manifest = rewriteManifest(image, layers, documents);
    if (manifest !== image.manifest) rewritten.set(image.manifest.digest, manifest);
    images.push({ ...image, manifest, layers });
  }
  for (const descriptor of tree.artifactBlobs) {
    blobs.set(descriptor.digest, { descriptor, open: async () => streamOf(supply.bundle.blob(descriptor)) });
  }
  const root = rewriteIndexes(tree.root, documents, rewritten);
  return { root, documents, images, blobs: [...blobs.values()], referrers: tree.referrers };
}

/** The blob for a layer: verbatim from the bundle, as the base packs it, or rebuilt and uncompressed. */
async function supplyLayer(layer: Layer, docker: boolean, supply: LayerSupply): Promise<OutgoingBlob> {
  const { diffId } = layer;
  const whole = supply.bundle.config.layers.find(
    (carried): carried is WholeLayer => carried.from === "blob" && carried.diffId === diffId,
  );
  if (whole !== undefined && whole.blob.digest === layer.descriptor.digest) {
    return {
      descriptor: layer.descriptor,
      diffId,
      open: async () => streamOf(supply.bundle.blob(whole.blob)),
    };
  }
  const spool = supply.rebuilt.spools.get(diffId);
  if (spool !== undefined) {
    const mediaType = docker ? mediaTypes.dockerLayer : mediaTypes.ociLayer;
    return {
      descriptor: { mediaType, digest: diffId, size: spool.length },
      diffId,
      open: async () => streamOf(spool.bytes(0, spool.length)),
      file: spool.path,
    };
  }
  const held = supply.base.require(diffId);
  const verbatim = await held.source.hasBlob(layer.descriptor);
  const descriptor = verbatim ? layer.descriptor : held.layer.descriptor;
  return { descriptor, diffId, open: () => held.source.openBlob(descriptor) };
}

function rewriteManifest(
  image: PlatformImage,
  layers: Layer[],
  documents: Map<Digest, Document>,
): Descriptor {
  const unchanged = layers.every(
    (layer, i) => layer.descriptor.digest === image.layers[i]?.descriptor.digest,
  );
  if (unchanged) return image.manifest;
  const original = documents.get(image.manifest.digest) as Document;
  const { descriptor, bytes } = withLayers(
    original.bytes,
    layers.map((layer) => layer.descriptor),
  );
  documents.delete(image.manifest.digest);
  documents.set(descriptor.digest, { descriptor, bytes });
  return descriptor;
}

/** Carries new manifest descriptors up through the indexes; returns the root's descriptor. */
function rewriteIndexes(
  descriptor: Descriptor,
  documents: Map<Digest, Document>,
  rewritten: ReadonlyMap<Digest, Descriptor>,
): Descriptor {
  const replaced = rewritten.get(descriptor.digest);
  if (replaced !== undefined) return { ...descriptor, ...replaced };
  const document = documents.get(descriptor.digest);
  const parsed = document && parseDocument(document.bytes, document.descriptor.mediaType);
  if (document === undefined || parsed?.kind !== "index") return descriptor;
  const children = parsed.manifests.map((child) => rewriteIndexes(child, documents, rewritten));
  if (children.every((child, i) => child.digest === parsed.manifests[i]?.digest)) return descriptor;
  const written = withManifests(document.bytes, children);
  documents.delete(descriptor.digest);
  documents.set(written.descriptor.digest, written);
  return { ...descriptor, ...written.descriptor };
}
