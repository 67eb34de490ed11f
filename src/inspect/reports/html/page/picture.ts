/** How a hidden file came to be hidden, by its number in `Leaves.hidden`. */
export const hiddenWords = ["", "removed", "overwritten", "copied"] as const;

/** What the page knows of an image: columns, so that they pack well. */
export interface Picture {
  /** Names of folders and files, each once. */
  names: string[];
  /** The first is the root; a parent stands before its children. */
  folders: { parent: number[]; name: number[] };
  leaves: Leaves;
  /** Files with fewer bytes are folded into others; 0 where each file is there. */
  floor: number;
  /** What was done, and where a Dockerfile says so; "" where that is not known. */
  layers: { step: string; place: string }[];
  /** Who installed packages, and where. */
  homes: string[];
  packages: { name: string; home: number }[];
  classes: { name: string; title: string }[];
  findings: { title: string; risk: "safe" | "check" | "risky" }[];
}

/** Files, and the small files of a folder folded into one. Indexes are -1 where there is nothing. */
interface Leaves {
  folder: number[];
  /** Index of a name; -1 for small files together. */
  name: number[];
  bytes: number[];
  files: number[];
  layer: number[];
  package: number[];
  class: number[];
  finding: number[];
  /** Index in `hiddenWords`. */
  hidden: number[];
}

/** The path of a folder with `/` in front. */
export function folderPath({ folders, names }: Picture, folder: number): string {
  let path = "";
  for (let at = folder; at > 0; at = folders.parent[at] ?? 0)
    path = `/${names[folders.name[at] ?? -1] ?? ""}${path}`;
  return path;
}

/** The path of a file, or of the folder whose small files these are. */
export function leafPath(picture: Picture, leaf: number): string {
  const folder = folderPath(picture, picture.leaves.folder[leaf] ?? 0);
  const name = picture.names[picture.leaves.name[leaf] ?? -1];
  return `${folder}/${name ?? ""}`;
}
