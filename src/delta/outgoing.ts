import type { Digest } from "../oci/digest.ts";
import { isDockerType, mediaTypes } from "../oci/media-types.ts";
import type { ImageTree } from "../places/image-tree.ts";
import type { Layer, OutgoingBlob, OutgoingImage } from "../places/place.ts";
import { replaceLayers } from "../places/replace-layers.ts";
import { type ExactReceiver, exactLayers } from "./exact-outgoing.ts";
import type { LayerSupply } from "./layer-supply.ts";
import type { WholeLayer } from "./bundle-config.ts";
import { streamOf } from "../util/random-bytes.ts";

/** An image on its way into a place. */
export interface LoadedImage {
  image: OutgoingImage;
  /** The first layer that the place would keep packed and that cannot be had as the manifest names it. */
  lacking: Layer | undefined;
}

/**
 * The image as a sink gets it. Configs are verbatim, so the image ID is that of the original. With a receiver that keeps packed layers each
 * is as its manifest names it, where all of them can be had so. Otherwise a layer keeps that packing where those bytes are at hand; a
 * rebuilt one goes uncompressed, and then its manifest (and the index above it) is written anew with that layer's descriptor.
 */
export async function outgoingImage(
  tree: ImageTree,
  supply: LayerSupply,
  receiver: ExactReceiver | undefined,
): Promise<LoadedImage> {
  const blobs = new Map<Digest, OutgoingBlob>();
  const exact = new Map<Digest, Map<Digest, OutgoingBlob>>();
  let lacking: Layer | undefined;
  for (const one of tree.images) {
    if (receiver === undefined) break;
    const layers = await exactLayers(one, supply, receiver);
    if ("blobs" in layers) exact.set(one.manifest.digest, layers.blobs);
    else lacking ??= layers.lacking;
  }
  const image = await replaceLayers(tree, async (layer, { manifest }) => {
    const blob =
      exact.get(manifest.digest)?.get(layer.descriptor.digest) ??
      (await supplyLayer(layer, isDockerType(manifest.mediaType), supply));
    blobs.set(blob.descriptor.digest, blob);
    return blob.descriptor;
  });
  for (const descriptor of tree.artifactBlobs) {
    blobs.set(descriptor.digest, {
      descriptor,
      open: async () => streamOf(supply.bundle.blob(descriptor)),
    });
  }
  return { image: { ...image, blobs: [...blobs.values()], referrers: tree.referrers }, lacking };
}

/** The blob for a layer: verbatim from the bundle, as the base packs it, or rebuilt and uncompressed. */
export async function supplyLayer(layer: Layer, docker: boolean, supply: LayerSupply): Promise<OutgoingBlob> {
  const { diffId } = layer;
  const whole = supply.bundle.config.layers.find(
    (carried): carried is WholeLayer => carried.from === "blob" && carried.diffId === diffId,
  );
  if (whole !== undefined) {
    // Two images may pack one layer differently; the bundle carries it once.
    const verbatim = whole.blob.digest === layer.descriptor.digest;
    const descriptor = verbatim ? layer.descriptor : whole.blob;
    return { descriptor, diffId, open: async () => streamOf(supply.bundle.blob(whole.blob)) };
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
  const stream = supply.rebuilt.streams.get(diffId);
  if (stream !== undefined) {
    const mediaType = docker ? mediaTypes.dockerLayer : mediaTypes.ociLayer;
    const descriptor = { mediaType, digest: diffId, size: stream.size };
    return { descriptor, diffId, open: async () => stream.open(), isChecked: true };
  }
  const held = supply.base.require(diffId);
  const verbatim = await held.source.hasBlob(layer.descriptor);
  const descriptor = verbatim ? layer.descriptor : held.layer.descriptor;
  return { descriptor, diffId, open: () => held.source.openBlob(descriptor) };
}
