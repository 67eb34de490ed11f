import type { Digest } from "../oci/digest.ts";
import { isDdiffError } from "../util/errors.ts";
import type { Progress } from "../util/progress.ts";
import { readImage } from "./image-tree.ts";
import { imageName } from "./oci-layout-names.ts";
import type { LayoutReader } from "./oci-layout-source.ts";
import type { HeldImage, Source } from "./place.ts";

/** How an image of the inventory is read again later, when the layout that listed it is closed. */
export interface Reopen {
  label(digest: Digest): string;
  open(digest: Digest): Promise<Source>;
}

/**
 * Every runnable image of a layout, each platform by itself, with all its names. What cannot be read is left out with
 * a note: one damaged image must not hide the others.
 */
export async function layoutInventory(
  layout: LayoutReader,
  where: string,
  progress: Progress,
  reopen: Reopen,
): Promise<HeldImage[]> {
  const held = new Map<string, HeldImage>();
  for (const entry of await layout.images()) {
    const label = reopen.label(entry.digest);
    try {
      const { images } = await readImage(layout.source(entry, label), { referrers: false });
      for (const image of images) {
        const key = image.configDescriptor.digest;
        const known = held.get(key) ?? {
          names: [],
          id: image.configDescriptor.digest,
          platform: image.platform,
          layers: image.layers.map((layer) => layer.diffId),
          open: () => reopen.open(entry.digest),
        };
        const name = imageName(entry, where);
        if (name !== undefined && !known.names.includes(name)) known.names.push(name);
        held.set(key, known);
      }
    } catch (error) {
      if (!isDdiffError(error)) throw error;
      progress.note(`${label} is left out: ${error.message}`);
    }
  }
  return [...held.values()];
}
