import type { FileReport } from "../inspect/analysis.ts";
import type { Placed } from "../inspect/image-view.ts";
import type { NewLayer } from "./layout.ts";

/**
 * Puts each folder in the layer that holds all that is below it, else in the last one: engines make folders that a layer does not
 * name, and the last layer says how they are. Of folders that were emptied only the topmost stays, and none for byte code.
 */
export function placeFolders(
  visible: ReadonlyMap<string, Placed>,
  files: readonly FileReport[],
  layers: NewLayer[],
): void {
  const below = new Map<string, NewLayer | "several">();
  for (const layer of layers)
    for (const path of layer.paths)
      for (let folder = parentOf(path); folder !== ""; folder = parentOf(folder)) {
        const known = below.get(folder);
        if (known === "several" || known === layer) break;
        below.set(folder, known === undefined ? layer : "several");
      }
  const filled = new Set<string>();
  for (const { path } of files)
    for (let folder = parentOf(path); folder !== "" && !filled.has(folder); folder = parentOf(folder))
      filled.add(folder);
  const isEmptied = (folder: string): boolean => filled.has(folder) && !below.has(folder);
  let last = layers.at(-1);
  for (const [path, { entry }] of visible) {
    if (entry.type !== "directory") continue;
    if (isEmptied(path) && (isEmptied(parentOf(path)) || path.endsWith("__pycache__"))) continue;
    const home = below.get(path);
    if (home !== undefined && home !== "several") {
      home.paths.push(path);
      continue;
    }
    if (last === undefined) layers.push((last = { title: "folders", times: "kept", paths: [] }));
    last.paths.push(path);
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
