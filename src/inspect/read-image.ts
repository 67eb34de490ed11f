import type { Digest } from "../oci/digest.ts";
import { hostPlatform, pickPlatform, type Platform } from "../oci/platform.ts";
import { type ImageTree, readImage } from "../places/image-tree.ts";
import type { Layer, PlaceContext, PlatformImage, Source } from "../places/place.ts";
import { cacheDir } from "../store/cache.ts";
import { mapLimited } from "../util/map-limited.ts";
import { cachedInventory, keepInventory } from "./inventory-cache.ts";
import type { LayerInventory } from "./inventory.ts";
import { readLayer } from "./read-layer.ts";

/** While one layer is unpacked by another thread, the next is hashed by this one. */
const layersAtOnce = 2;

/** One image with the inventories of its layers, bottom first. */
export interface InspectedImage {
  name: string;
  image: PlatformImage;
  /** The config as it is stored. */
  config: Buffer;
  layers: LayerInventory[];
}

/**
 * Reads an image for one platform: the one asked for, else this machine's where the image has it, else its first. Layers that the
 * cache knows are not read. Throws what `readImage` and `readLayer` throw.
 */
export async function inspectImage(
  source: Source,
  platform: Platform | undefined,
  context: PlaceContext,
): Promise<InspectedImage> {
  const tree = await readImage(source, {
    referrers: false,
    ...(platform === undefined ? {} : { platforms: [platform] }),
  });
  const image = pickPlatform(tree.images, platform ?? hostPlatform()) ?? tree.images[0];
  if (image === undefined) throw new Error(`${source.label} has no image`);
  return inspectLayers(source, tree, image, context);
}

/** The inventories of one image of a tree that was read before. Throws what `readLayer` throws. */
export async function inspectLayers(
  source: Source,
  tree: Pick<ImageTree, "documents">,
  image: PlatformImage,
  context: PlaceContext,
): Promise<InspectedImage> {
  const config = tree.documents.get(image.configDescriptor.digest)?.bytes ?? Buffer.alloc(0);
  const known = new Map<Digest, Promise<LayerInventory>>();
  const layers = await mapLimited(image.layers, layersAtOnce, (layer) => {
    let inventory = known.get(layer.diffId);
    if (inventory === undefined) known.set(layer.diffId, (inventory = inspectLayer(source, layer, context)));
    return inventory;
  });
  return { name: source.name ?? source.label, image, config, layers };
}

async function inspectLayer(source: Source, layer: Layer, context: PlaceContext): Promise<LayerInventory> {
  const dir = cacheDir(context.env);
  const cached = await cachedInventory(dir, layer.diffId);
  if (cached !== undefined) return cached;
  const task = context.progress.task(`reading layer ${layer.diffId.slice(7, 19)}`);
  try {
    const inventory = await readLayer(layer.diffId, await source.openLayer(layer), (bytes) =>
      task.advance(bytes),
    );
    await keepInventory(dir, inventory);
    return inventory;
  } finally {
    task.end();
  }
}
