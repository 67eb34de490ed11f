import type { FileReport } from "../inspect/analysis.ts";
import type { Placed } from "../inspect/image-view.ts";
import type { NewLayer } from "./layout.ts";

/**
 * Puts each folder in the layer that holds all that is below it, else in the last one: engines make folders that a layer does not
 * name, and the uppermost layer in which a folder is says how it is. Empty folders stay, but for those in which nothing but a
 * dropped class was, below its topmost folder.
 */
export function placeFolders(
  visible: ReadonlyMap<string, Placed>,
  dropped: readonly FileReport[],
  layers: NewLayer[],
): void {
  const below = new Map<string, NewLayer | "several">();
  const fill = (layer: NewLayer, path: string): void => {
    for (let folder = parentOf(path); folder !== ""; folder = parentOf(folder)) {
      const known = below.get(folder);
      if (known === "several" || known === layer) break;
      below.set(folder, known === undefined ? layer : "several");
    }
  };
  for (const layer of layers) for (const path of layer.paths) fill(layer, path);

  const gone = emptiedByClasses(dropped);
  const folders = [...visible].flatMap(([path, { entry }]) => (entry.type === "directory" ? [path] : []));
  const kept = folders.filter((path) => below.has(path) || !gone.has(path));
  let last = layers.at(-1);
  if (last === undefined && kept.length > 0)
    layers.push((last = { title: "folders", times: "kept", paths: [] }));
  if (last === undefined) return;
  for (const path of kept) if (!below.has(path)) fill(last, `${path}/`);
  for (const path of kept) {
    const home = below.get(path);
    (home === undefined || home === "several" ? last : home).paths.push(path);
  }
}

/** Folders whose files went with a dropped class, below the class's topmost folder; those for byte code themselves too. */
function emptiedByClasses(dropped: readonly FileReport[]): Set<string> {
  const gone = new Set<string>();
  for (const { path, classRoot } of dropped) {
    if (classRoot === undefined) continue;
    for (let folder = parentOf(path); folder.startsWith(`${classRoot}/`); folder = parentOf(folder))
      gone.add(folder);
    if (classRoot.endsWith("__pycache__")) gone.add(classRoot);
  }
  return gone;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
