import type { Package } from "../analysis.ts";
import type { ImageView, Placed } from "../image-view.ts";

/** As long as a path can be on Linux (PATH_MAX); a longer one in a record names nothing. */
const longestPath = 4096;
/** As deep as the kernel follows symbolic links. */
const mostLinks = 40;

/** What stands in a folder and is none: a file, a symbolic link, a device. */
export interface ImageFile {
  /** As in `ImageView.visible`. */
  readonly path: string;
  readonly placed: Placed;
  readonly folder: Folder;
  /** The package that names it. */
  owner: Package | undefined;
}

/** A folder of the image: what is below it, and whose all of it is unless something says otherwise. */
export interface Folder {
  /** Without `/` in front; "" for the root. */
  readonly path: string;
  readonly parent: Folder | undefined;
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, ImageFile>;
  /** Symbolic links in it: as written, and where they lead once that was asked. */
  readonly links: Map<string, Link>;
  /** undefined: as the folder above; `nobody`: what is above has no say here. */
  owner: Package | "nobody" | undefined;
}

interface Link {
  readonly target: string;
  state: "new" | "open" | "done";
  folder: Folder | undefined;
}

/** Shared by folders without links, which are nearly all. */
const noLinks: Map<string, Link> = new Map();

/** The folders of an image, for paths as records write them: through symbolic links, with `..`, absolute. */
export class Folders {
  readonly root: Folder = newFolder("", undefined);
  /** In the order of the view. */
  readonly files: readonly ImageFile[];
  /** The last answer of `find`: records name the files of a folder one after the other. */
  #last = { path: "", from: this.root, folder: this.root as Folder | undefined };

  constructor({ visible }: ImageView) {
    const known = new Map<string, Folder>([["", this.root]]);
    const files: ImageFile[] = [];
    let folder = this.root;
    for (const [path, placed] of visible) {
      if (placed.entry.type === "directory") {
        this.#folder(known, path);
        continue;
      }
      const slash = Math.max(0, path.lastIndexOf("/"));
      if (slash !== folder.path.length || !path.startsWith(folder.path))
        folder = this.#folder(known, path.slice(0, slash));
      const name = slash === 0 ? path : path.slice(slash + 1);
      const file = { path, placed, folder, owner: undefined };
      files.push(file);
      folder.files.set(name, file);
      if (placed.entry.type !== "symlink") continue;
      if (folder.links === noLinks) (folder as { links: Map<string, Link> }).links = new Map();
      folder.links.set(name, { target: placed.entry.linkPath, state: "new", folder: undefined });
    }
    this.files = files;
  }

  /**
   * What stands at a path and is no folder, its last name not followed where it is a symbolic link. A path without `/` in front
   * counts from `from`. undefined where nothing does, or it is longer than a path can be.
   */
  find(path: string, from: Folder = this.root): ImageFile | undefined {
    if (path.length > longestPath) return undefined;
    const slash = path.lastIndexOf("/") + 1;
    const folder = path.slice(0, slash);
    if (folder !== this.#last.path || from !== this.#last.from)
      this.#last = { path: folder, from, folder: this.folder(folder, from) };
    return this.#last.folder?.files.get(path.slice(slash));
  }

  /** The folder at a path, all symbolic links followed; a path without `/` in front counts from `from`. */
  folder(path: string, from: Folder = this.root): Folder | undefined {
    return this.#walk(path, from, 0);
  }

  /** All folders, each before those below it. */
  *all(): Generator<Folder, void, void> {
    const left = [this.root];
    for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
      yield folder;
      left.push(...folder.folders.values());
    }
  }

  #walk(path: string, from: Folder, links: number): Folder | undefined {
    if (path.length > longestPath || links > mostLinks) return undefined;
    let folder = path.startsWith("/") ? this.root : from;
    // Name by name, for most paths that are not there end early.
    for (let at = 0, end = 0; at < path.length; at = end + 1) {
      end = path.indexOf("/", at);
      if (end < 0) end = path.length;
      const name = path.slice(at, end);
      if (name === "" || name === ".") continue;
      if (name === "..") {
        folder = folder.parent ?? folder;
        continue;
      }
      const next = folder.folders.get(name) ?? this.#follow(folder, name, links);
      if (next === undefined) return undefined;
      folder = next;
    }
    return folder;
  }

  /** Each link is followed once, so that chains and circles of links cost no more than their number. */
  #follow(folder: Folder, name: string, links: number): Folder | undefined {
    const link = folder.links.get(name);
    if (link?.state === "new") {
      link.state = "open";
      link.folder = this.#walk(link.target, folder, links + 1);
      link.state = "done";
    }
    return link?.folder;
  }

  #folder(known: Map<string, Folder>, path: string): Folder {
    const missing: string[] = [];
    let at = path;
    let folder = known.get(at);
    while (folder === undefined) {
      missing.push(at);
      const slash = at.lastIndexOf("/");
      at = slash < 0 ? "" : at.slice(0, slash);
      folder = known.get(at);
    }
    for (let full = missing.pop(); full !== undefined; full = missing.pop()) {
      const child = newFolder(full, folder);
      folder.folders.set(full.slice(full.lastIndexOf("/") + 1), child);
      known.set(full, child);
      folder = child;
    }
    return folder;
  }
}

function newFolder(path: string, parent: Folder | undefined): Folder {
  return { path, parent, folders: new Map(), files: new Map(), links: noLinks, owner: undefined };
}
