/** Media types of image-spec 1.1 and of Docker's schema 2. */
export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

/** How a layer's tar is packed. */
export type LayerCompression = "none" | "gzip" | "zstd";

const ociForeign = "application/vnd.oci.image.layer.nondistributable.v1.tar";
const dockerForeign = "application/vnd.docker.image.rootfs.foreign.diff.tar";

/** Every layer type that is a tar: image-spec, layer.md; Docker's; and containerd's zstd form of Docker's. */
const layerTypes: ReadonlyMap<string, LayerCompression> = new Map([
  [mediaTypes.ociLayer, "none"],
  [mediaTypes.ociLayerGzip, "gzip"],
  [mediaTypes.ociLayerZstd, "zstd"],
  [mediaTypes.dockerLayer, "none"],
  [mediaTypes.dockerLayerGzip, "gzip"],
  [`${mediaTypes.dockerLayer}.zstd`, "zstd"],
  [ociForeign, "none"],
  [`${ociForeign}+gzip`, "gzip"],
  [`${ociForeign}+zstd`, "zstd"],
  [dockerForeign, "none"],
  [`${dockerForeign}.gzip`, "gzip"],
]);

/** True for an OCI index and a Docker manifest list. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
}

/** True for an OCI manifest and a Docker schema 2 manifest. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** True for the config of a runnable image; artifacts have configs of other types. */
export function isImageConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** True for a layer that is a tar of files, packed in whatever way; false for attestations, models, signatures. */
export function isLayerType(mediaType: string): boolean {
  return layerTypes.has(mediaType);
}

/** True for layers that registries may lack because their licence forbids passing them on (old Windows bases). */
export function isForeignLayerType(mediaType: string): boolean {
  return mediaType.startsWith(ociForeign) || mediaType.startsWith(dockerForeign);
}

/** True for Docker's own types, false for OCI's and all others. */
export function isDockerType(mediaType: string): boolean {
  return mediaType.startsWith("application/vnd.docker.");
}

/** How a layer of this type is packed; undefined for what is no layer. The bytes themselves have the last word. */
export function compressionOfType(mediaType: string): LayerCompression | undefined {
  return layerTypes.get(mediaType);
}
