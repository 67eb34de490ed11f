import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { formatPlatform, pickPlatform, type Platform } from "../oci/platform.ts";
import { encodeDocument } from "../oci/rewrite.ts";
import { readImage } from "../places/image-tree.ts";
import { openPlace } from "../places/open.ts";
import type { Layer, OutgoingBlob, Place, PlaceContext, PlatformImage, Source } from "../places/place.ts";
import { type BundleConfig, bundleTypes, carriedLayers, encodeBundleConfig } from "./bundle-config.ts";
import { type Bundle, openBundleFile, readBundle } from "./bundle-read.ts";
import { diffImages } from "./diff.ts";
import { streamOf } from "../util/random-bytes.ts";
import { neededLayers } from "./rebuild.ts";
import { deltaAnnotations } from "./registry-delta.ts";

/** What `ddiff push --delta-from` is asked to do, once the image is in the registry. The sources stay open. */
export interface DeltaPush {
  /** Images that those who will pull have already: each gives a delta of its own. */
  bases: readonly Source[];
  /** The image where it was pushed from: its layers are read here. */
  local: Source;
  /** Where it was pushed to, a registry, and the digest that it has there. */
  place: Place;
  digest: Digest;
  /** All platforms when empty. */
  platforms: readonly Platform[];
  context: PlaceContext;
}

/** A delta in a registry. Sizes in bytes. */
export interface StoredDelta {
  base: string;
  platform: string;
  /** The artifact's manifest. */
  digest: Digest;
  bytes: number;
  /** The layers that the base lacks as the registry has them: what a pull would fetch without the delta. */
  insteadOf: number;
}

/**
 * Stores, for each base and each platform of an image in a registry, the bundle that makes the one of the other as an artifact that
 * refers to the platform's manifest (image-spec, manifest.md, `subject`): by the referrers API, or under the referrers tag where the
 * registry has none. Platforms that the base lacks, and deltas that would save nothing, are left out with a note. Throws what
 * `diffImages` and the registry throw.
 */
export async function storeDeltas(request: DeltaPush): Promise<StoredDelta[]> {
  const { context, local, platforms } = request;
  const { repository } = await request.place.source();
  if (repository === undefined) throw new Error(`${request.place.label} is no registry`);
  const source = await (await openPlace(placeOf(repository, request.digest), context)).source();
  const done: StoredDelta[] = [];
  const { images } = await readImage(source, { platforms, referrers: false });
  const layers = await layersById(local, platforms);
  for (const base of request.bases) {
    const held = (await readImage(base, { referrers: false })).images;
    for (const image of images) {
      const from = pickPlatform(held, image.platform);
      const platform = formatPlatform(image.platform);
      if (from === undefined) {
        context.progress.note(`${base.label} has no image for ${platform}: no delta is stored for it`);
        continue;
      }
      const target = {
        ...oneOf(source, image),
        name: local.name,
        ...readerOf(local, layers, source),
      };
      const delta = await storeDelta({ base: oneOf(base, from), target, image, repository }, local, context);
      if (delta !== undefined) done.push({ ...delta, base: base.name ?? base.label, platform });
    }
  }
  return done;
}

interface OneDelta {
  base: Source;
  target: Source;
  image: PlatformImage;
  repository: Repository;
}

type Repository = NonNullable<Source["repository"]>;

/** Makes the bundle in a temporary file and sends its blobs. Undefined where it saves nothing. */
async function storeDelta(
  { base, target, image, repository }: OneDelta,
  local: Source,
  context: PlaceContext,
): Promise<Pick<StoredDelta, "digest" | "bytes" | "insteadOf"> | undefined> {
  const file = join(context.tempDir, `delta-${randomUUID()}.ddiff`);
  try {
    const report = await diffImages({
      bases: [base],
      targets: [target],
      effort: "default",
      wholeLayers: false,
      // Layers that an engine kept unpacked are ours: that they were packed by us is said in the artifact's manifest.
      exact: local.unpacked === true ? "never" : "auto",
      out: file,
      context,
    });
    if (report.bundleBytes >= report.missingBytes) {
      const reason =
        report.layersSent === 0 ? "has all of its layers" : "is no help: the delta would be as large";
      context.progress.note(`no delta is stored: ${base.label} ${reason}`);
      return undefined;
    }
    const opened = await openBundleFile(file, context.tempDir, Readable.from([]));
    try {
      const bundle = await readBundle(opened);
      const sent = await sendArtifact(bundle, image, repository, local.unpacked === true, context);
      return { ...sent, insteadOf: report.missingBytes };
    } finally {
      opened.close();
    }
  } finally {
    await rm(file, { force: true });
  }
}

async function sendArtifact(
  bundle: Bundle,
  image: PlatformImage,
  repository: Repository,
  packedByUs: boolean,
  context: PlaceContext,
): Promise<{ digest: Digest; bytes: number }> {
  const config = encodeBundleConfig(bundle.config);
  const configDescriptor = { mediaType: bundleTypes.config, digest: digestOf(config), size: config.length };
  const layers = blobsOf(bundle.config);
  const bytes = layers.reduce((sum, { size }) => sum + size, config.length);
  const manifest = encodeDocument({
    kind: "manifest",
    mediaType: mediaTypes.ociManifest,
    artifactType: bundleTypes.artifact,
    config: configDescriptor,
    layers,
    subject: plain(image.manifest),
    annotations: {
      [deltaAnnotations.baseNames]: bundle.config.base.names.join(","),
      [deltaAnnotations.baseLayers]: [...neededLayers(bundle)].join(","),
      [deltaAnnotations.size]: String(bytes),
      ...(packedByUs ? { [deltaAnnotations.packing]: "ddiff" } : {}),
    },
  } satisfies Manifest);
  const { digest } = manifest.descriptor;
  const blobs: OutgoingBlob[] = [
    { descriptor: configDescriptor, open: async () => Readable.from([config]) },
    ...layers.map((descriptor) => ({ descriptor, open: async () => streamOf(bundle.blob(descriptor)) })),
  ];
  const sink = await (await openPlace(placeOf(repository, digest), context)).sink();
  try {
    const documents = new Map([[digest, manifest]]);
    const { progress, signal } = context;
    await sink.write(
      { root: manifest.descriptor, documents, images: [], blobs, referrers: [] },
      signal === undefined ? { progress } : { progress, signal },
    );
  } finally {
    await sink.close();
  }
  return { digest, bytes };
}

/** Every blob that a bundle carries beside its config, each once. */
export function blobsOf(config: BundleConfig): Descriptor[] {
  const carried = carriedLayers(config).map((layer) => (layer.from === "patch" ? layer.patch : layer.blob));
  const blobs = new Map([...config.blobs, ...carried].map((blob) => [blob.digest, plain(blob)]));
  return [...blobs.values()];
}

/** One platform's image of a source as an image of its own, without referrers. */
function oneOf(source: Source, image: PlatformImage): Source {
  return {
    label: source.label,
    name: source.name,
    root: () => source.readDocument(plain(image.manifest)),
    readDocument: (descriptor) => source.readDocument(descriptor),
    hasBlob: (descriptor) => source.hasBlob(descriptor),
    openBlob: (descriptor) => source.openBlob(descriptor),
    openLayer: (layer) => source.openLayer(layer),
    referrers: async () => [],
    close: async () => {},
  };
}

/** Reads layers where the image was pushed from, however they are packed there. */
function readerOf(
  local: Source,
  layers: ReadonlyMap<Digest, Layer>,
  stored: Source,
): Pick<Source, "hasBlob" | "openBlob" | "openLayer"> {
  return {
    hasBlob: async (blob) => (await local.hasBlob(blob)) || stored.hasBlob(blob),
    openBlob: async (blob) => ((await local.hasBlob(blob)) ? local : stored).openBlob(blob),
    async openLayer(layer) {
      const own = layers.get(layer.diffId);
      return own === undefined ? stored.openLayer(layer) : local.openLayer(own);
    },
  };
}

async function layersById(source: Source, platforms: readonly Platform[]): Promise<Map<Digest, Layer>> {
  const { images } = await readImage(source, { platforms, referrers: false });
  return new Map(images.flatMap((image) => image.layers.map((layer) => [layer.diffId, layer])));
}

/** What a descriptor in a manifest needs. */
function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function placeOf({ registry, repository }: Repository, digest: Digest): string {
  return `docker://${registry}/${repository}@${digest}`;
}
