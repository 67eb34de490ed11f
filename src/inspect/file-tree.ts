import type { ImageView, Placed } from "./image-view.ts";

/** As deep as the kernel follows symbolic links (path_resolution(7)). */
const mostLinks = 40;

/** What a path leads to. */
export interface Found {
  /** Without links on the way, and without `/` in front; "" for the root. */
  path: string;
  /** Undefined for the root and for folders that no tar names. */
  placed: Placed | undefined;
}

/** The files of an image by path, as a process in a container reaches them. */
export class FileTree {
  readonly view: ImageView;
  readonly #children = new Map<string, string[]>([["", []]]);

  constructor(view: ImageView) {
    this.view = view;
    for (const path of view.visible.keys()) this.#addName(path);
  }

  #addName(path: string): void {
    const at = path.lastIndexOf("/");
    const parent = at < 0 ? "" : path.slice(0, at);
    const known = this.#children.get(parent);
    if (known === undefined) {
      this.#children.set(parent, [path.slice(at + 1)]);
      // A folder that no tar names: a name of its own parent all the same.
      if (!this.view.visible.has(parent)) this.#addName(parent);
    } else known.push(path.slice(at + 1));
  }

  /** What a path leads to, links on the way followed, and the last too unless told otherwise; undefined where it leads nowhere. */
  find(path: string, options: { lastLink?: "follow" | "keep" } = {}): Found | undefined {
    const left = namesOf(path).reverse();
    const done: string[] = [];
    for (let links = 0; left.length > 0; ) {
      const name = left.pop() ?? "";
      if (name === "..") {
        done.pop();
        continue;
      }
      done.push(name);
      const here = done.join("/");
      const entry = this.view.visible.get(here)?.entry;
      if (entry === undefined && !this.#children.has(here)) return undefined;
      const keeps = options.lastLink === "keep" && left.length === 0;
      if (entry?.type === "symlink" && !keeps) {
        if (++links > mostLinks) return undefined;
        if (entry.linkPath.startsWith("/")) done.length = 0;
        else done.pop();
        left.push(...namesOf(entry.linkPath).reverse());
      } else if (entry !== undefined && entry.type !== "directory" && left.length > 0) return undefined;
    }
    const real = done.join("/");
    return { path: real, placed: this.view.visible.get(real) };
  }

  /** Whether what was found is a folder. */
  isFolder({ placed }: Found): boolean {
    return placed === undefined || placed.entry.type === "directory";
  }

  /** Names in the folder that a path leads to, as the tars have them; none where it is no folder. */
  names(path: string): readonly string[] {
    const found = this.find(path);
    return found === undefined || !this.isFolder(found) ? [] : (this.#children.get(found.path) ?? []);
  }

  /** The kept text of the file that a path leads to (wanted-texts.ts). */
  text(path: string): string | undefined {
    const placed = this.find(path)?.placed;
    if (placed === undefined) return undefined;
    // A hard link's text is kept under the name that has the content, in its own layer or one below.
    for (let layer = placed.layer; layer >= 0; layer -= 1) {
      const text = this.view.layers[layer]?.texts.get(placed.content.path);
      if (text !== undefined) return text.toString("utf8");
    }
    return undefined;
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** Where a link leads by its text alone: links on the way are not followed, and nothing needs to be there. */
export function targetByText(path: string, linkPath: string): string {
  const start = linkPath.startsWith("/") ? [] : path.split("/").slice(0, -1);
  for (const name of linkPath.split("/")) {
    if (name === "..") start.pop();
    else if (name !== "" && name !== ".") start.push(name);
  }
  return start.join("/");
}
