import type { ImageTree } from "../places/image-tree.ts";
import type { Layer, PlatformImage } from "../places/place.ts";
import { formatBytes } from "../util/bytes.ts";
import { DdiffError } from "../util/errors.ts";
import type { BundleConfig } from "./bundle-config.ts";

/** Whether a diff keeps the digests of packed layers: where that costs next to nothing, at any cost, or not at all. */
export type ExactMode = "auto" | "always" | "never";

/**
 * So much larger, in all, may a bundle be for layers that no encoder explains: unasked, a thousandth of what the images weigh packed.
 * Infinite where they are always to go as they are packed.
 */
export function exactAllowance(mode: ExactMode, imageBytes: number): number {
  return mode === "always" ? Number.POSITIVE_INFINITY : imageBytes / 1000;
}

/** The layers of an image that will not be packed as its manifest names them, by all that a bundle says. */
export function changedLayers(
  image: PlatformImage,
  { layers, packings = [] }: Pick<BundleConfig, "layers" | "packings">,
): Layer[] {
  const how = new Map(layers.map((layer) => [layer.diffId, layer]));
  const packed = new Set(packings.map(({ blob }) => blob.digest));
  return image.layers.filter(({ descriptor, diffId }) => {
    if (descriptor.digest === diffId || packed.has(descriptor.digest)) return false;
    const layer = how.get(diffId);
    return layer?.from === "blob" ? layer.blob.digest !== descriptor.digest : layer?.from !== "base";
  });
}

/** Throws `NOT_EXACT` where an image of a target will have another digest; `unpacked` says which targets have none to keep. */
export function requireExact(
  trees: readonly ImageTree[],
  config: Pick<BundleConfig, "layers" | "packings">,
  names: readonly { label: string; unpacked?: boolean }[],
): void {
  for (const [i, { images }] of trees.entries()) {
    const label = names[i]?.label ?? "the image";
    if (names[i]?.unpacked === true) {
      throw notExact(
        `${label} lies in an engine that keeps no packed layers, so there is no digest to keep`,
        {
          hint: "Take the image from a registry, an OCI layout or containerd.",
        },
      );
    }
    const changed = images.flatMap((image) => changedLayers(image, config));
    if (changed.length === 0) continue;
    const list = changed.map(({ descriptor }) => descriptor.digest.slice(0, 19)).join(", ");
    const bytes = changed.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    throw notExact(`${label} would have another digest: it is not known what packed ${list}`, {
      hint: `With --exact=always these layers are carried as they are packed: ${formatBytes(bytes)}.`,
    });
  }
}

function notExact(sentence: string, options: { hint: string }): DdiffError {
  return new DdiffError("NOT_EXACT", sentence, options);
}
