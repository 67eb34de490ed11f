import type { Descriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { readJsonObject, readObject, refuse, type JsonObject } from "./fields.ts";
import { parseDocument, type Index, type Manifest } from "./manifest.ts";
import {
  compressionOfType,
  isDockerType,
  isForeignLayerType,
  mediaTypes,
  type LayerCompression,
} from "./media-types.ts";

/** A document that ddiff wrote, with the descriptor that names it. */
export interface WrittenDocument {
  descriptor: Descriptor;
  bytes: Buffer;
}

/** Members in the order of the specification's own types, so that equal documents get equal bytes. */
const memberOrder = [
  "schemaVersion",
  "mediaType",
  "artifactType",
  "config",
  "layers",
  "manifests",
  "subject",
  "annotations",
];
const descriptorOrder = [
  "mediaType",
  "digest",
  "size",
  "urls",
  "annotations",
  "data",
  "platform",
  "artifactType",
];
const spot = { code: "MANIFEST_INVALID", what: "the manifest", path: "" };

/**
 * The same manifest with other layers; members that ddiff does not know stay. Layer types are spelled in the
 * manifest's own family; a Docker manifest that gets zstd layers becomes an OCI one, for Docker's family has no zstd.
 * Throws `MANIFEST_INVALID` where the bytes are no manifest.
 */
export function withLayers(manifest: Uint8Array | Manifest, layers: readonly Descriptor[]): WrittenDocument {
  const raw = rawMembers(manifest);
  const parsed = manifest instanceof Uint8Array ? parseDocument(manifest) : manifest;
  if (parsed.kind !== "manifest") refuse(spot, "is an index");
  const zstd = layers.some((layer) => compressionOfType(layer.mediaType) === "zstd");
  const docker = isDockerType(parsed.mediaType) && !zstd;
  const config = readObject(raw["config"], { ...spot, path: "config" });
  return write({
    ...raw,
    mediaType: docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest,
    config:
      !docker && config["mediaType"] === mediaTypes.dockerConfig
        ? { ...config, mediaType: mediaTypes.ociConfig }
        : config,
    layers: layers.map((layer) => ({ ...layer, mediaType: inFamily(layer.mediaType, docker) })),
  });
}

/**
 * The same index with other manifests; members that ddiff does not know stay. A Docker manifest list that gets an OCI
 * manifest becomes an OCI index. Throws `MANIFEST_INVALID` where the bytes are no index.
 */
export function withManifests(index: Uint8Array | Index, manifests: readonly Descriptor[]): WrittenDocument {
  const raw = rawMembers(index);
  const parsed = index instanceof Uint8Array ? parseDocument(index) : index;
  if (parsed.kind !== "index") refuse(spot, "is no index");
  const docker =
    isDockerType(parsed.mediaType) && manifests.every((manifest) => isDockerType(manifest.mediaType));
  return write({
    ...raw,
    mediaType: docker ? mediaTypes.dockerManifestList : mediaTypes.ociIndex,
    manifests,
  });
}

/** A manifest or index as JSON: the bytes are the same for the same content. */
export function encodeDocument(document: Manifest | Index): WrittenDocument {
  return write({ ...rawMembers(document), mediaType: document.mediaType });
}

/** The type of a layer with this packing, in Docker's family or OCI's. Docker's has no zstd: OCI's is given. */
export function layerType(compression: LayerCompression, docker: boolean): string {
  if (compression === "zstd") return mediaTypes.ociLayerZstd;
  if (compression === "gzip") return docker ? mediaTypes.dockerLayerGzip : mediaTypes.ociLayerGzip;
  return docker ? mediaTypes.dockerLayer : mediaTypes.ociLayer;
}

function rawMembers(document: Uint8Array | Manifest | Index): JsonObject {
  if (document instanceof Uint8Array) return readJsonObject(document, spot);
  const { kind: _, ...members } = document;
  return { schemaVersion: 2, ...members };
}

function inFamily(mediaType: string, docker: boolean): string {
  const compression = compressionOfType(mediaType);
  return compression === undefined || isForeignLayerType(mediaType)
    ? mediaType
    : layerType(compression, docker);
}

function write(members: JsonObject & { mediaType: string }): WrittenDocument {
  const bytes = Buffer.from(JSON.stringify(orderDocument(members)));
  return { descriptor: { mediaType: members.mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

function orderDocument(members: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(ordered(members, memberOrder)).map(([name, value]) => {
      if (name === "annotations") return [name, sorted(value)];
      if (Array.isArray(value)) return [name, value.map((item: unknown) => orderDescriptor(item))];
      return [name, name === "config" || name === "subject" ? orderDescriptor(value) : value];
    }),
  );
}

function orderDescriptor(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const members = ordered(value as JsonObject, descriptorOrder);
  return "annotations" in members ? { ...members, annotations: sorted(members["annotations"]) } : members;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return ordered(value as JsonObject, []);
}

/** The members named first in their order, then the others by name. */
function ordered(members: JsonObject, first: readonly string[]): JsonObject {
  const rank = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);
  return Object.fromEntries(
    Object.entries(members).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)),
  );
}
