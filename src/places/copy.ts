import { tmpdir } from "node:os";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isForeignLayerType } from "../oci/media-types.ts";
import type { Platform } from "../oci/platform.ts";
import { verified } from "../codec/verify.ts";
import { mapLimited } from "../util/map-limited.ts";
import type { Progress } from "../util/progress.ts";
import { compressLayers } from "./compress-layers.ts";
import { readImage, type ImageTree } from "./image-tree.ts";
import type { OutgoingBlob, OutgoingImage, Sink, Source, Written } from "./place.ts";

/** What of an image is copied, and who hears of it. */
export interface CopyOptions {
  /** Only these; the index stays as it is and so becomes sparse. All when empty or not said. */
  platforms?: readonly Platform[];
  /** Whether signatures, SBOMs and other referrers go along; true when not said. */
  referrers?: boolean;
  progress: Progress;
  /** For layers that have to be packed on their way; the system's folder when not said. */
  tempDir?: string;
  signal?: AbortSignal;
}

/**
 * Copies an image with its indexes, attestations and referrers, every digest unchanged (but for layers of an engine that
 * keeps none packed: they are packed for a registry as `docker push` does); the sink fetches only what it lacks, and every byte is checked on its way. Throws what `readImage`, the source and the sink throw, and
 * `DIGEST_MISMATCH` or `SIZE_MISMATCH` for a blob that is not what its descriptor says.
 */
export async function copyImage(source: Source, sink: Sink, options: CopyOptions): Promise<Written> {
  options.signal?.throwIfAborted();
  const tree = await readImage(source, options);
  const image = await outgoingImage(source, tree);
  const { progress, signal } = options;
  const how = signal === undefined ? { progress } : { progress, signal };
  if (source.unpacked !== true || sink.wantsPacked !== true) return sink.write(image, how);
  const compressed = await compressLayers(image, { ...how, tempDir: options.tempDir ?? tmpdir() });
  try {
    return await sink.write(compressed.image, how);
  } finally {
    await compressed.close();
  }
}

/** The image as sinks take it, every blob opened from `source`, and checked, when the sink asks for it. */
export async function outgoingImage(source: Source, tree: ImageTree): Promise<OutgoingImage> {
  const { artifactBlobs, ...image } = tree;
  const blobs = new Map<Digest, OutgoingBlob>();
  for (const layer of tree.images.flatMap((one) => one.layers)) {
    blobs.set(layer.descriptor.digest, { ...outgoingBlob(source, layer.descriptor), diffId: layer.diffId });
  }
  for (const blob of artifactBlobs) {
    if (!blobs.has(blob.digest)) blobs.set(blob.digest, outgoingBlob(source, blob));
  }
  const wanted = await mapLimited([...blobs.values()], 8, async (blob) => !(await isLeftOut(source, blob)));
  return { ...image, blobs: [...blobs.values()].filter((_, i) => wanted[i]) };
}

/** Layers that may not be passed on are often not there; their manifests are valid without them. */
async function isLeftOut(source: Source, { descriptor }: OutgoingBlob): Promise<boolean> {
  return isForeignLayerType(descriptor.mediaType) && !(await source.hasBlob(descriptor));
}

function outgoingBlob(source: Source, descriptor: Descriptor): OutgoingBlob {
  const what = `${descriptor.digest} from ${source.label}`;
  return {
    descriptor,
    open: async () => verified(await source.openBlob(descriptor), descriptor, what),
    ...(source.repository === undefined ? {} : { mountFrom: source.repository }),
  };
}
