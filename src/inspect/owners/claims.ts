import type { Package } from "../analysis.ts";
import type { ImageView } from "../image-view.ts";
import { textAt } from "../view-texts.ts";
import { type Folder, Folders } from "./folders.ts";

/** A visible file whose content the inventory keeps. */
export interface KeptRecord {
  path: string;
  text: Buffer;
}

/**
 * What the packages of an image claim as theirs, while the managers' records are read one after the other. Records are of anyone's
 * making: a claim to what is not there is no claim.
 */
export class Claims {
  readonly view: ImageView;
  readonly folders: Folders;
  /** Outer ones before those in folders below, else by name. */
  readonly records: readonly KeptRecord[];
  /** Modules in C by folder and module, made when first asked for. */
  #extensions: ReadonlyMap<string, readonly string[]> | undefined;
  readonly #loose: [folder: Folder, owner: Package][] = [];

  constructor(view: ImageView) {
    this.view = view;
    this.folders = new Folders(view);
    this.records = recordsOf(view);
  }

  /** The content of a record. */
  text(path: string): Buffer | undefined {
    return textAt(this.view, path);
  }

  /**
   * A file as a record names it; a path without `/` in front counts from `from`. Where two packages name one file, the first keeps
   * it, unless the later one knows the hash (`sha256`, at least 32 hex digits) that the content has: it has written it over.
   */
  file(path: string, owner: Package, from?: Folder, sha256 = ""): void {
    const file = this.folders.find(path, from);
    if (file === undefined) return;
    const isWriter = sha256 !== "" && sha256.slice(0, 32) === file.placed.content.hash;
    if (isWriter || file.owner === undefined) file.owner = owner;
  }

  /** A folder with all below it that nobody names; whoever claims it first has it. */
  folder(folder: Folder | undefined, owner: Package | "nobody"): void {
    if (folder !== undefined) folder.owner ??= owner;
  }

  /** As `folder`, once all managers were asked: for folders in which other packages may lie. Never the root. */
  looseFolder(folder: Folder | undefined, owner: Package): void {
    if (folder?.parent !== undefined) this.#loose.push([folder, owner]);
  }

  /** Who claims the file at this visible path, by name or by a folder above it. */
  ownerOf(path: string): Package | undefined {
    const named = this.folders.find(path)?.owner;
    return named ?? ownerOfFolder(this.folders.folder(path.slice(0, Math.max(0, path.lastIndexOf("/")))));
  }

  /** The files in a folder that are this Python module, written in C: `NAME.cpython-312-x86_64-linux-gnu.so`. */
  extensionModules(folder: Folder, name: string): readonly string[] {
    this.#extensions ??= extensionsOf(this.view);
    return this.#extensions.get(`${folder.path}/${name}`) ?? [];
  }

  /** Lets the loose claims count, now that all others are made, and gives each folder the owner of the one above where it has none. */
  settle(): void {
    for (const [folder, owner] of this.#loose) this.folder(folder, owner);
    for (const folder of this.folders.all()) folder.owner ??= folder.parent?.owner;
  }
}

/** Who has claimed a folder, or the nearest above it that is claimed. */
function ownerOfFolder(folder: Folder | undefined): Package | undefined {
  let at = folder;
  while (at !== undefined && at.owner === undefined) at = at.parent;
  return at?.owner === "nobody" ? undefined : at?.owner;
}

function extensionsOf({ visible }: ImageView): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of visible.keys()) {
    if (!path.endsWith(".so")) continue;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const module = path.slice(0, path.length - name.length + name.indexOf("."));
    const files = found.get(module);
    if (files === undefined) found.set(module, [name]);
    else files.push(name);
  }
  return found;
}

function recordsOf(view: ImageView): KeptRecord[] {
  const found: (KeptRecord & { depth: number })[] = [];
  for (const [path, { layer, entry, content }] of view.visible) {
    if (entry === content && view.layers[layer]?.texts.has(entry.path) !== true) continue;
    const text = textAt(view, path);
    if (text !== undefined) found.push({ path, text, depth: path.split("/").length });
  }
  return found.sort((a, b) => a.depth - b.depth || (a.path < b.path ? -1 : 1));
}
