import { isCollection, isNode, isPair, type Document, type LineCounter } from "yaml";

/** Lines of a YAML document's keys and items, from 1. The key is the way there, its names and numbers joined by line ends. */
export type Origins = ReadonlyMap<string, number>;

/** The line of every key and item of a document. */
export function originsOf(document: Document, lines: LineCounter): Origins {
  const origins = new Map<string, number>();
  const remember = (node: unknown, path: readonly string[]): void => {
    if (!isCollection(node)) return;
    for (const [index, item] of node.items.entries()) {
      const [key, value, place] = isPair(item)
        ? [String(item.key), item.value, item.key]
        : [String(index), item, item];
      const inside = [...path, key];
      if (isNode(place) && place.range) origins.set(inside.join("\n"), lines.linePos(place.range[0]).line);
      remember(value, inside);
    }
  };
  remember(document.contents, []);
  return origins;
}

/** `line 3: ` for what stands at a path, or for the nearest part around it that is written anywhere. */
export function linePrefix(path: readonly string[], origins: Origins): string {
  for (let length = path.length; length > 0; length -= 1) {
    const line = origins.get(path.slice(0, length).join("\n"));
    if (line !== undefined) return `line ${line}: `;
  }
  return "";
}
