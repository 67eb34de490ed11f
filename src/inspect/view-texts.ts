import type { ImageView } from "./image-view.ts";

/**
 * The content of a visible file, as far as its layer's inventory keeps it (wanted-texts.ts); undefined where nothing visible
 * stands at `path` or its content is not kept. A hard link has the content of the file that it is a link to.
 */
export function textAt({ layers, visible }: ImageView, path: string): Buffer | undefined {
  const placed = visible.get(path);
  if (placed === undefined) return undefined;
  const { content } = placed;
  const own = layers[placed.layer]?.texts.get(content.path);
  if (own !== undefined || placed.entry === content) return own;
  // A link's target may lie in a lower layer; the nearest that has the name is the one that the link was made to.
  for (let layer = placed.layer - 1; layer >= 0; layer--) {
    const text = layers[layer]?.texts.get(content.path);
    if (text !== undefined) return text;
  }
  return undefined;
}
