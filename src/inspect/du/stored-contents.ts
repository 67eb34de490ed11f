import type { Digest } from "../../oci/digest.ts";
import { readImage } from "../../places/image-tree.ts";
import type { PlaceContext } from "../../places/place.ts";
import type { UsedImage, UsedPlatform } from "../../places/usage/usage.ts";
import { cacheDir } from "../../store/cache.ts";
import { isDdiffError } from "../../util/errors.ts";
import { cachedInventory } from "../inventory-cache.ts";
import type { LayerInventory } from "../inventory.ts";
import { inspectLayers } from "../read-image.ts";
import { nameOf, type PlaceAccount } from "./account.ts";

/** One runnable image of a place with what its layers hold. */
export interface ReadContents {
  place: PlaceAccount;
  image: UsedImage;
  platform: UsedPlatform;
  /** Bottom first. */
  layers: LayerInventory[];
}

/** Entries of inventories that are held at once, for the images that follow: about 400 bytes each. */
const mostHeld = 500_000;

/**
 * The contents of all images, one after the other. `read`: layers that the cache does not know are read; else undefined comes in place of an
 * image that has one. What vanishes or is damaged is left out with a note.
 */
export async function* contentsOf(
  places: readonly PlaceAccount[],
  { read, context, notes }: { read: boolean; context: PlaceContext; notes: string[] },
): AsyncGenerator<ReadContents | undefined, void, void> {
  const held = new HeldInventories(cacheDir(context.env));
  for (const place of places) {
    for (const { image } of place.images) {
      for (const platform of image.platforms) {
        const name = nameOf(image);
        try {
          const known = await held.all(platform.layers.map(({ diffId }) => diffId));
          const layers = known ?? (read ? await readLayers(image, platform, context) : undefined);
          if (known === undefined) for (const layer of layers ?? []) held.keep(layer);
          yield layers === undefined ? undefined : { place, image, platform, layers };
        } catch (error) {
          if (!isDdiffError(error)) throw error;
          notes.push(`What is in ${name} is not counted: ${error.message}`);
        }
      }
    }
  }
}

async function readLayers(
  image: UsedImage,
  platform: UsedPlatform,
  context: PlaceContext,
): Promise<LayerInventory[]> {
  const source = await image.open();
  try {
    const tree = await readImage(source, { referrers: false });
    const found = tree.images.find(({ configDescriptor }) => configDescriptor.digest === platform.config);
    return found === undefined ? [] : (await inspectLayers(source, tree, found, context)).layers;
  } finally {
    await source.close();
  }
}

/** Inventories by their layer; those not used for longest go first. */
class HeldInventories {
  readonly #dir: string;
  readonly #held = new Map<Digest, LayerInventory>();
  #entries = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** All of them from memory or the cache; undefined where one is in neither. */
  async all(diffIds: readonly Digest[]): Promise<LayerInventory[] | undefined> {
    const found: LayerInventory[] = [];
    for (const diffId of diffIds) {
      const inventory = this.#held.get(diffId) ?? (await cachedInventory(this.#dir, diffId));
      if (inventory === undefined) return undefined;
      this.keep(inventory);
      found.push(inventory);
    }
    return found;
  }

  keep(inventory: LayerInventory): void {
    const { diffId, entries } = inventory;
    if (this.#held.delete(diffId)) this.#entries -= entries.length;
    this.#held.set(diffId, inventory);
    this.#entries += entries.length;
    for (const [oldest, { entries: its }] of this.#held) {
      if (this.#entries <= mostHeld || oldest === diffId) break;
      this.#held.delete(oldest);
      this.#entries -= its.length;
    }
  }
}
