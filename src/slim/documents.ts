import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { readJsonObject, readObject } from "../oci/fields.ts";
import { isDockerType, mediaTypes } from "../oci/media-types.ts";
import { encodeDocument, withLayers } from "../oci/rewrite.ts";
import type { Document, OutgoingBlob, OutgoingImage, PlatformImage } from "../places/place.ts";
import { parseConfig } from "../oci/config.ts";

/** One image with other layers, ready to be named. */
export interface RelaidImage {
  old: PlatformImage;
  manifest: Uint8Array;
  config: Buffer;
  /** Bottom first; those without a diffID are uncompressed. */
  layers: OutgoingBlob[];
  /** What the manifest has to say besides, or no longer, where it can say anything: Docker's own kind cannot. */
  annotations?: Readonly<Record<string, string | undefined>>;
}

/**
 * The documents of an image whose layers are new. Attestations and signatures are of the old one and stay behind. Of one image it is a
 * manifest, of several an index. Throws `MANIFEST_INVALID`, `CONFIG_INVALID`.
 */
export function describeRelaid(relaid: readonly RelaidImage[]): OutgoingImage {
  const documents = new Map<Descriptor["digest"], Document>();
  const add = (document: Document): Descriptor => {
    documents.set(document.descriptor.digest, document);
    return document.descriptor;
  };
  const images = relaid.map(({ old, manifest, config, layers, annotations }): PlatformImage => {
    const docker = isDockerType(old.manifest.mediaType);
    const configDescriptor = add({
      descriptor: {
        mediaType: old.configDescriptor.mediaType,
        digest: digestOf(config),
        size: config.length,
      },
      bytes: config,
    });
    const descriptors = layers.map(({ descriptor }) => descriptor);
    const members = withConfig(manifest, configDescriptor, docker ? undefined : annotations);
    const written = add(withLayers(members, descriptors));
    return {
      manifest: { ...written, platform: old.platform },
      config: parseConfig(config),
      configDescriptor,
      platform: old.platform,
      layers: layers.map(({ descriptor, diffId }) => ({ descriptor, diffId: diffId ?? descriptor.digest })),
    };
  });
  const [first] = images;
  const root =
    first !== undefined && images.length === 1
      ? first.manifest
      : add(
          encodeDocument({
            kind: "index",
            mediaType: mediaTypes.ociIndex,
            manifests: images.map(({ manifest }) => manifest),
          }),
        );
  const blobs = new Map(relaid.flatMap(({ layers }) => layers).map((blob) => [blob.descriptor.digest, blob]));
  return { root, documents, images, blobs: [...blobs.values()], referrers: [] };
}

function withConfig(
  manifest: Uint8Array,
  config: Descriptor,
  annotations: RelaidImage["annotations"],
): Buffer {
  const spot = { code: "MANIFEST_INVALID", what: "the manifest", path: "" };
  const { subject: _, ...members } = readJsonObject(manifest, spot);
  const old = readObject(members["config"], { ...spot, path: "config" });
  const noted =
    annotations === undefined
      ? {}
      : { annotations: { ...readObject(members["annotations"] ?? {}, spot), ...annotations } };
  return Buffer.from(
    JSON.stringify({ ...members, ...noted, config: { ...old, digest: config.digest, size: config.size } }),
  );
}
