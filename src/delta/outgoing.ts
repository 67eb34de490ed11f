import type { Digest } from "../oci/digest.ts";
import { isDockerType, mediaTypes } from "../oci/media-types.ts";
import type { ImageTree } from "../places/image-tree.ts";
import type { Layer, OutgoingBlob, OutgoingImage } from "../places/place.ts";
import { replaceLayers } from "../places/replace-layers.ts";
import type { BaseLayers } from "./base-layers.ts";
import type { WholeLayer } from "./bundle-config.ts";
import type { Bundle } from "./bundle-read.ts";
import { streamOf } from "../util/random-bytes.ts";
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
  const image = await replaceLayers(tree, async (layer, { manifest }) => {
    const blob = await supplyLayer(layer, isDockerType(manifest.mediaType), supply);
    blobs.set(blob.descriptor.digest, blob);
    return blob.descriptor;
  });
  for (const descriptor of tree.artifactBlobs) {
    blobs.set(descriptor.digest, {
      descriptor,
      open: async () => streamOf(supply.bundle.blob(descriptor)),
    });
  }
  return { ...image, blobs: [...blobs.values()], referrers: tree.referrers };
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
