import { Readable } from "node:stream";
import { parseConfig } from "../../oci/config.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { parseDocument } from "../../oci/manifest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { encodeDocument } from "../../oci/rewrite.ts";
import { DdiffError } from "../../util/errors.ts";
import type { Document, Source, UnpackedLayer } from "../place.ts";

/** A layer that an engine keeps unpacked. */
export interface StoredLayer {
  diffId: Digest;
  /** Bytes of its tar; asked for only when the manifest is. */
  size(): Promise<number>;
  /** Its tar, not yet checked. */
  open(): Promise<Readable>;
  /** Its files, where an engine's list of them is at hand. */
  unpacked?(): UnpackedLayer;
}

/** An image as engines without packed layers keep it. */
export interface StoredImage {
  label: string;
  name: string | undefined;
  /** The config's own bytes. */
  config: Buffer;
  /** Bottom first, as many as the config has. */
  layers: StoredLayer[];
  /** The manifest that came with the image: kept where it describes uncompressed layers. */
  manifest?: Buffer;
}

/**
 * The reading face of an image whose layers lie unpacked: the manifest is of our own making, OCI's and with uncompressed
 * layers, so a layer's digest is its diffID. Throws `IMAGE_INVALID`.
 */
export function storedImageSource(image: StoredImage): Source {
  const { label } = image;
  const { diffIds } = parseConfig(image.config);
  if (diffIds.length !== image.layers.length || diffIds.some((id, i) => id !== image.layers[i]?.diffId)) {
    throw new DdiffError("IMAGE_INVALID", `${label} has other layers than its config lists`, {
      hint: "The engine's storage is damaged: remove the image and load it again.",
    });
  }
  const layers = new Map(image.layers.map((layer) => [layer.diffId, layer]));
  const config: Document = {
    descriptor: {
      mediaType: mediaTypes.ociConfig,
      digest: digestOf(image.config),
      size: image.config.length,
    },
    bytes: image.config,
  };
  let root: Promise<Document> | undefined;
  const kept = image.manifest === undefined ? undefined : usableManifest(image.manifest, image, config);
  const readRoot = async (): Promise<Document> => kept ?? (root ??= manifestOf(image, config));

  const layerOf = (digest: Digest): StoredLayer => {
    const layer = layers.get(digest);
    if (layer !== undefined) return layer;
    throw new DdiffError("BLOB_MISSING", `${label} does not hold ${digest}`, {
      hint: "This engine keeps no packed layers; read the image from its registry to get them.",
    });
  };
  const openLayer = (digest: Digest): Promise<Readable> => layerOf(digest).open();

  return {
    label,
    name: image.name,
    unpacked: kept === undefined,
    root: readRoot,
    async readDocument(descriptor) {
      const document = [config, await readRoot()].find((one) => one.descriptor.digest === descriptor.digest);
      if (document === undefined)
        throw new DdiffError("BLOB_MISSING", `${label} does not hold ${descriptor.digest}`);
      return document;
    },
    hasBlob: async ({ digest }) =>
      layers.has(digest) ||
      digest === config.descriptor.digest ||
      digest === (await readRoot()).descriptor.digest,
    async openBlob({ digest }) {
      const document = [config, await readRoot()].find((one) => one.descriptor.digest === digest);
      return document === undefined ? await openLayer(digest) : Readable.from([document.bytes]);
    },
    openLayer: async ({ diffId }) => openLayer(diffId),
    openUnpacked: async ({ diffId }) => layers.get(diffId)?.unpacked?.(),
    referrers: async () => [],
    close: async () => {},
  };
}

async function manifestOf(image: StoredImage, config: Document): Promise<Document> {
  const sizes = new Map<Digest, number>();
  const layers: Descriptor[] = [];
  for (const layer of image.layers) {
    const size = sizes.get(layer.diffId) ?? (await layer.size());
    sizes.set(layer.diffId, size);
    layers.push({ mediaType: mediaTypes.ociLayer, digest: layer.diffId, size });
  }
  return encodeDocument({
    kind: "manifest",
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers,
  });
}

/** The image's own manifest, where all it names can be given: then its digest in registries stays. */
function usableManifest(bytes: Buffer, image: StoredImage, config: Document): Document | undefined {
  try {
    const parsed = parseDocument(bytes);
    const usable =
      parsed.kind === "manifest" &&
      parsed.config.digest === config.descriptor.digest &&
      parsed.config.size === config.bytes.length &&
      parsed.layers.length === image.layers.length &&
      parsed.layers.every((layer, i) => layer.digest === image.layers[i]?.diffId);
    if (!usable) return undefined;
    const descriptor = { mediaType: parsed.mediaType, digest: digestOf(bytes), size: bytes.length };
    return { descriptor, bytes };
  } catch (error) {
    // An engine's copy of a manifest is a convenience: one that cannot be read is made anew.
    if (error instanceof DdiffError) return undefined;
    throw error;
  }
}
