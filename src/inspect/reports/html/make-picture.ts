import { deflateRawSync } from "node:zlib";
import { formatBytes } from "../../../util/bytes.ts";
import type { Analysis, FileClass, Package } from "../../analysis.ts";
import type { InventoryEntry } from "../../inventory.ts";
import { packageHome, packageName, stepName } from "../overview.ts";
import { Folder, foldSmall, type Leaf } from "./fold.ts";
import { hiddenWords, type Picture } from "./page/picture.ts";

/** Files that are drawn on their own; a page of them is some MB, and no screen shows more. */
const mostLeaves = 60_000;
/** Characters of a step in the name of its layer. */
const longestStep = 120;

/** What an analysis looks like, for the page: the largest files, and the others of a folder together. */
export function makePicture(analysis: Analysis, most = mostLeaves): Picture {
  const packages = new Numbers<Package>();
  const classes = new Numbers<FileClass>();
  const homes = new Numbers<string>();
  const { root, leaves } = plant(analysis, packages, classes);
  const folded = foldSmall(leaves, root, most);
  return {
    ...columnsOf(folded.leaves, root),
    floor: folded.floor,
    layers: analysis.layers.map(({ number, step }) => ({
      step: shorten(step.text),
      place: step.line === undefined ? "" : stepName(step, number),
    })),
    packages: packages.items.map((one) => ({ name: packageName(one), home: homes.of(packageHome(one)) })),
    homes: homes.items,
    classes: classes.items.map(({ name, title }) => ({ name, title })),
    findings: analysis.findings.map(({ title, risk, bytes }) => ({
      title: `${title} (${formatBytes(bytes)})`,
      risk,
    })),
  };
}

/** Every file, visible or not, in its folder. */
function plant(
  analysis: Analysis,
  packages: Numbers<Package>,
  classes: Numbers<FileClass>,
): { root: Folder; leaves: Leaf[] } {
  const findings = findingsByEntry(analysis);
  const root = new Folder("");
  const folders = new Map([["", root]]);
  const folderOf = (path: string): Folder => {
    let folder = folders.get(path);
    if (folder === undefined) {
      const slash = path.lastIndexOf("/");
      folder = new Folder(path.slice(slash + 1), folderOf(slash === -1 ? "" : path.slice(0, slash)));
      folders.set(path, folder);
    }
    return folder;
  };
  const leaves: Leaf[] = [];
  const add = (
    path: string,
    entry: InventoryEntry,
    more: Pick<Leaf, "bytes" | "layer" | "package" | "class" | "hidden">,
  ) => {
    const slash = path.lastIndexOf("/");
    leaves.push({
      ...more,
      folder: folderOf(slash === -1 ? "" : path.slice(0, slash)),
      name: path.slice(slash + 1),
      files: 1,
      finding: findings.get(entry) ?? -1,
    });
  };
  for (const file of analysis.files)
    add(file.path, file.placed.entry, {
      bytes: file.bytes,
      layer: file.placed.layer,
      package: file.package === undefined ? -1 : packages.of(file.package),
      class: file.class === undefined ? -1 : classes.of(file.class),
      hidden: 0,
    });
  for (const { entry, bytes, layer, how } of analysis.hiddenFiles)
    add(entry.path, entry, { bytes, layer, package: -1, class: -1, hidden: hiddenWords.indexOf(how) });
  return { root, leaves };
}

/** The picture as it stands in the page: JSON, deflated, in base64. */
export function packPicture(picture: Picture): string {
  let before = 0;
  const folder = picture.leaves.folder.map((one) => {
    const step = one - before;
    before = one;
    return step;
  });
  const json = JSON.stringify({ ...picture, leaves: { ...picture.leaves, folder } });
  return deflateRawSync(json).toString("base64");
}

/** The finding of each file that could go. */
function findingsByEntry({ findings }: Analysis): Map<InventoryEntry, number> {
  const found = new Map<InventoryEntry, number>();
  for (const [number, { entries }] of findings.entries())
    for (const { entry } of entries) if (!found.has(entry)) found.set(entry, number);
  return found;
}

/** Numbers the folders that have something in them, and lays all out in columns. */
function columnsOf(leaves: readonly Leaf[], root: Folder): Pick<Picture, "names" | "folders" | "leaves"> {
  const names = new Numbers<string>();
  const folders: Picture["folders"] = { parent: [], name: [] };
  const sorted: Leaf[] = [];
  const numbers: number[] = [];
  const byFolder = Map.groupBy(leaves, (leaf) => leaf.folder);
  const filled = new Set([root]);
  for (const { folder } of leaves)
    for (let at: Folder | undefined = folder; at !== undefined && !filled.has(at); at = at.parent)
      filled.add(at);
  const place = (folder: Folder, parent: number): void => {
    const number = folders.parent.push(parent) - 1;
    folders.name.push(number === 0 ? -1 : names.of(folder.name));
    for (const leaf of byFolder.get(folder)?.sort((one, other) => other.bytes - one.bytes) ?? []) {
      sorted.push(leaf);
      numbers.push(number);
    }
    for (const child of folder.children) if (filled.has(child)) place(child, number);
  };
  place(root, 0);
  const column = (key: "bytes" | "files" | "layer" | "package" | "class" | "finding" | "hidden") =>
    sorted.map((leaf) => leaf[key]);
  return {
    folders,
    leaves: {
      folder: numbers,
      name: sorted.map(({ name }) => (name === undefined ? -1 : names.of(name))),
      bytes: column("bytes"),
      files: column("files"),
      layer: column("layer"),
      package: column("package"),
      class: column("class"),
      finding: column("finding"),
      hidden: column("hidden"),
    },
    names: names.items,
  };
}

function shorten(text: string): string {
  return text.length <= longestStep ? text : `${text.slice(0, longestStep - 1)}…`;
}

/** Numbers things in the order in which they are met. */
class Numbers<Item> {
  readonly items: Item[] = [];
  readonly #numbers = new Map<Item, number>();

  of(item: Item): number {
    let number = this.#numbers.get(item);
    if (number === undefined) {
      number = this.items.push(item) - 1;
      this.#numbers.set(item, number);
    }
    return number;
  }
}
