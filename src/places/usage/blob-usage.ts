import { readRunConfig } from "../../oci/run-config.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { isUnknownPlatform } from "../../oci/platform.ts";
import { isDdiffError } from "../../util/errors.ts";
import { mapLimited } from "../../util/map-limited.ts";
import { type ImageTree, readImage } from "../image-tree.ts";
import type { Source } from "../place.ts";
import type { Part, UsedImage } from "./usage.ts";

/** An image of a place that keeps blobs, as its list has it. */
export interface BlobRoot {
  digest: Digest;
  /** Where several names stand for one digest, all of them. */
  names: string[];
  open(): Promise<Source>;
}

/** How many images are read at a time. */
const atOnce = 4;

/**
 * The images of a place that keeps blobs, each with the blobs that it needs: documents, layers, and what is attached to it where
 * `referrers` says so. The parts have the sizes that their descriptors say. What is damaged or gone is left out with a note.
 */
export async function blobImages(
  roots: readonly BlobRoot[],
  { referrers }: { referrers: boolean },
): Promise<{ images: UsedImage[]; parts: Map<string, Part>; notes: string[] }> {
  const parts = new Map<string, Part>();
  const notes: string[] = [];
  const images = await mapLimited(roots, atOnce, async (root): Promise<UsedImage[]> => {
    try {
      const source = await root.open();
      try {
        const tree = await readImage(source, { referrers });
        const blobs = blobsOf(tree);
        for (const part of blobs.values()) parts.set(part.id, part);
        return [describe(root, tree, new Set(blobs.keys()))];
      } finally {
        await source.close();
      }
    } catch (error) {
      if (!isDdiffError(error)) throw error;
      notes.push(`The image ${root.names[0] ?? root.digest} is left out: ${error.message}`);
      return [];
    }
  });
  return { images: images.flat(), parts, notes };
}

/** The same digest under several names is one image. */
export function joinRoots(roots: readonly BlobRoot[]): BlobRoot[] {
  const known = new Map<Digest, BlobRoot>();
  for (const root of roots) {
    const same = known.get(root.digest);
    if (same === undefined) known.set(root.digest, { ...root, names: [...root.names] });
    else same.names.push(...root.names.filter((name) => !same.names.includes(name)));
  }
  return [...known.values()];
}

/** ID of the part that is a blob. */
export function blobPart(digest: Digest): string {
  return `blob ${digest}`;
}

function blobsOf(tree: ImageTree): Map<string, Part> {
  const parts = new Map<string, Part>();
  const add = (kind: "blob" | "record", { digest, size }: Pick<Descriptor, "digest" | "size">): void => {
    const id = blobPart(digest);
    parts.set(id, { id, kind, cost: { packed: size } });
  };
  for (const { descriptor, bytes } of tree.documents.values())
    add("record", { ...descriptor, size: bytes.length });
  for (const { layers } of tree.images) for (const { descriptor } of layers) add("blob", descriptor);
  for (const blob of tree.artifactBlobs) add("blob", blob);
  return parts;
}

function describe(root: BlobRoot, tree: ImageTree, parts: Set<string>): UsedImage {
  const { digest, names } = root;
  const images = tree.images.filter(({ platform }) => !isUnknownPlatform(platform));
  const [first] = images;
  const config = first && tree.documents.get(first.configDescriptor.digest)?.bytes;
  const created = first?.config.created;
  return {
    id: digest,
    names,
    labels: config === undefined ? new Map() : readRunConfig(config).labels,
    ...(created === undefined ? {} : { created }),
    parts,
    platforms: images.map((image) => ({
      platform: image.platform,
      config: image.configDescriptor.digest,
      history: image.config.history,
      layers: image.layers.map(({ diffId, descriptor }) => ({ diffId, part: blobPart(descriptor.digest) })),
    })),
    open: () => root.open(),
  };
}
