import type { Digest } from "../../oci/digest.ts";
import type { ImageTree } from "../../places/image-tree.ts";
import type { OutgoingImage } from "../../places/place.ts";
import type { RebasePlan } from "./plan.ts";

/** What an image takes beside the base, in bytes: what a place that has the base has to store for it. */
export interface OwnBytes {
  /** Uncompressed layers. */
  tar: number;
  /** Blobs as they are stored: layers, configs, manifests, indexes, attestations. Undefined where layers are not packed. */
  packed?: number;
}

/** Of the image as it is. */
export function bytesBefore({ tree, base, platforms }: RebasePlan, isPacked: boolean): OwnBytes {
  const below = new Set(platforms.flatMap(({ baseFiles }) => baseFiles.layers.map(({ diffId }) => diffId)));
  const own = new Map(
    platforms.flatMap(({ files }) => files.layers.map(({ diffId, size }) => [diffId, size])),
  );
  const tar = [...own].reduce((sum, [diffId, size]) => sum + (below.has(diffId) ? 0 : size), 0);
  if (!isPacked) return { tar };
  const blobs = new Map(tree.artifactBlobs.map(({ digest, size }) => [digest, size]));
  for (const { layers } of tree.images) addAll(blobs, layers);
  return { tar, packed: beside(base.tree, tree, blobs) };
}

/** Of the image over the base. `image` is as it is written. */
export function bytesAfter(
  { base, platforms }: RebasePlan,
  image: OutgoingImage,
  isPacked: boolean,
): OwnBytes {
  const tar = platforms.reduce(
    (sum, { layers }) => sum + layers.reduce((bytes, { size }) => bytes + size, 0),
    0,
  );
  if (!isPacked) return { tar };
  const blobs = new Map<Digest, number>();
  for (const { layers } of image.images) addAll(blobs, layers);
  // Layers of a base that its place keeps unpacked are packed on their way; they are the base's all the same.
  for (const [i, { layers }] of image.images.entries())
    for (const { descriptor } of layers.slice(0, platforms[i]?.base.layers.length))
      blobs.delete(descriptor.digest);
  return { tar, packed: beside(base.tree, image, blobs) };
}

function addAll(
  blobs: Map<Digest, number>,
  layers: readonly { descriptor: { digest: Digest; size: number } }[],
): void {
  for (const { descriptor } of layers) blobs.set(descriptor.digest, descriptor.size);
}

function beside(
  base: ImageTree,
  { documents }: Pick<ImageTree, "documents">,
  blobs: Map<Digest, number>,
): number {
  const there = new Set<Digest>([
    ...base.documents.keys(),
    ...base.images.flatMap(({ layers }) => layers.map(({ descriptor }) => descriptor.digest)),
  ]);
  const own = new Map([
    ...blobs,
    ...[...documents].map(([digest, { bytes }]) => [digest, bytes.length] as const),
  ]);
  return [...own].reduce((sum, [digest, size]) => sum + (there.has(digest) ? 0 : size), 0);
}
