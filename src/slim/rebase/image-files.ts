import type { InventoryEntry } from "../../inspect/inventory.ts";
import { stackLayers } from "../../inspect/stack.ts";
import type { ExactEntry, ExactLayer } from "./exact-layer.ts";

/** A name in an image. */
export interface FileNode {
  /** What stands there, for another name of the same file the entry with its content; undefined for a folder that no tar names. */
  entry: ExactEntry | undefined;
  /** The number of the layer that put it there, 0 for the bottom. */
  layer: number;
  /** Of a folder, by name. */
  children: Map<string, FileNode>;
}

/** The files of an image as a container sees them. */
export interface ImageFiles {
  root: FileNode;
  /** All names of each file that has several, sorted. */
  links: ReadonlyMap<ExactEntry, readonly string[]>;
  layers: readonly ExactLayer[];
}

/** Stacks layers, bottom first, as engines do. */
export function imageFiles(layers: readonly ExactLayer[]): ImageFiles {
  const view = stackLayers(layers.map((layer) => ({ ...layer, texts: new Map() })));
  const root = folderNode();
  const names = new Map<ExactEntry, string[]>();
  for (const [path, { layer, content }] of view.visible) {
    const entry = exact(content);
    const node = nodeAt(root, path);
    node.entry = entry;
    node.layer = layer;
    if (entry.type === "directory") continue;
    const known = names.get(entry);
    if (known === undefined) names.set(entry, [path]);
    else known.push(path);
  }
  for (const [layer, { entries }] of layers.entries()) {
    const named = entries.findLast(({ path, type }) => path === "" && type === "directory");
    if (named !== undefined) Object.assign(root, { entry: named, layer });
  }
  const links = new Map([...names].filter(([, paths]) => paths.length > 1));
  for (const paths of links.values()) paths.sort();
  return { root, links, layers };
}

/** True for folders, those that no tar names too. */
export function isFolder({ entry }: FileNode): boolean {
  return entry === undefined || entry.type === "directory";
}

/** A name in a folder as a path. */
export function joined(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Stacking hands back the very entries that it was given. */
function exact(entry: InventoryEntry): ExactEntry {
  return entry as ExactEntry;
}

function folderNode(): FileNode {
  return { entry: undefined, layer: 0, children: new Map() };
}

function nodeAt(root: FileNode, path: string): FileNode {
  let node = root;
  for (const name of path.split("/")) {
    let child = node.children.get(name);
    if (child === undefined) node.children.set(name, (child = folderNode()));
    node = child;
  }
  return node;
}
