import { FileTree } from "../../inspect/file-tree.ts";
import type { InventoryEntry } from "../../inspect/inventory.ts";
import { readContents } from "../../inspect/layer-contents.ts";
import type { InspectedImage } from "../../inspect/read-image.ts";
import { stackLayers } from "../../inspect/stack.ts";
import { readRunConfig, type RunConfig } from "../../oci/run-config.ts";
import type { PlatformImage, Source } from "../../places/place.ts";

/** Of a file that is asked for by its contents no more is kept. */
const mostContent = 16 << 20;

/** An image as checks see it: its files and settings, without anything running. */
export interface CheckedImage {
  name: string;
  image: PlatformImage;
  source: Source;
  run: RunConfig;
  tree: FileTree;
}

/** What checks need of an image that was read (inspect/read-image.ts); `source` is where it was read from, and stays open. */
export function checkedImage({ name, image, config, layers }: InspectedImage, source: Source): CheckedImage {
  return { name, image, source, run: readRunConfig(config), tree: new FileTree(stackLayers(layers)) };
}

/**
 * The contents of files by the paths that were asked for, links followed, at most 16 MiB of each; what is no regular file is left out.
 * Reads each layer that has some of them once. Throws `LAYER_CHANGED`, and what the source throws.
 */
export async function readFiles(
  { tree, image, source }: CheckedImage,
  paths: Iterable<string>,
): Promise<Map<string, Buffer>> {
  const parts = new Map<InventoryEntry, Buffer[]>();
  const entries = new Map<string, InventoryEntry>();
  for (const path of paths) {
    const content = tree.find(path)?.placed?.content;
    if (content?.type !== "file") continue;
    entries.set(path, content);
    parts.set(content, []);
  }
  for (const [number, inventory] of tree.view.layers.entries()) {
    const layer = image.layers[number];
    const wanted = new Set(inventory.entries.filter((entry) => parts.has(entry)));
    if (layer === undefined || wanted.size === 0) continue;
    const sizes = new Map<InventoryEntry, number>();
    await readContents(await source.openLayer(layer), inventory, wanted, {
      data(entry, bytes) {
        const size = sizes.get(entry) ?? 0;
        if (size >= mostContent) return;
        sizes.set(entry, size + bytes.length);
        parts.get(entry)?.push(Buffer.from(bytes.subarray(0, mostContent - size)));
      },
      end() {},
    });
  }
  return new Map([...entries].map(([path, entry]) => [path, Buffer.concat(parts.get(entry) ?? [])]));
}
