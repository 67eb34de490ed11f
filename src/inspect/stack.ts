import type { Hidden, ImageView, Placed } from "./image-view.ts";
import type { InventoryEntry, LayerInventory } from "./inventory.ts";

const whiteout = ".wh.";
const opaque = ".wh..wh..opq";
/** As deep as the kernel follows symbolic links. */
const mostLinks = 40;
/** No program can open a longer path by its name (Linux, PATH_MAX), and walks over the tree stay within the stack. */
const longestPath = 4096;
const deepest = longestPath / 2;

/** A name in the tree: what stands there, and what stands below it. */
interface Node {
  placed: Placed | undefined;
  children: Map<string, Node>;
}

/**
 * Stacks layers, bottom first, as engines do (image-spec, layer.md, "Applying Changesets"): whiteouts hide what is in lower
 * layers only, whatever their place in the tar, and a path that leads through a symbolic link lands where the link leads. Names with `..`, and those
 * that no program could open, are left out.
 */
export function stackLayers(layers: readonly LayerInventory[]): ImageView {
  const stack = new Stack();
  for (const [number, layer] of layers.entries()) stack.apply(number, layer.entries);
  return { layers, visible: stack.visible(), hidden: stack.hidden };
}

class Stack {
  readonly #root: Node = { placed: undefined, children: new Map() };
  readonly hidden: Hidden[] = [];

  apply(number: number, entries: readonly InventoryEntry[]): void {
    const own = new Map<string, InventoryEntry>();
    const rest: InventoryEntry[] = [];
    const folders = new Set(entries.filter(({ type }) => type === "directory").map(({ path }) => path));
    for (const entry of entries) {
      const parts = partsOf(entry.path);
      if (parts === undefined) continue;
      if (parts.at(-1)?.startsWith(whiteout) !== true) rest.push(entry);
      else if (!this.#isReplaced(parts, folders)) this.#remove(parts, number);
    }
    for (const entry of rest) {
      const content = entry.type === "hardlink" ? this.#contentOf(entry, own) : entry;
      this.#place(entry, { layer: number, entry, content });
      own.set(entry.path, content);
    }
  }

  visible(): Map<string, Placed> {
    const found = new Map<string, Placed>();
    const walk = (node: Node, path: string): void => {
      for (const [name, child] of node.children) {
        const full = path === "" ? name : `${path}/${name}`;
        if (child.placed !== undefined) found.set(full, child.placed);
        walk(child, full);
      }
    };
    walk(this.#root, "");
    return found;
  }

  /** The entry with the bytes of a hard link: in its own layer as a rule, in a lower one with some builders. */
  #contentOf(entry: InventoryEntry, own: ReadonlyMap<string, InventoryEntry>): InventoryEntry {
    const target = own.get(entry.linkPath);
    if (target !== undefined) return target;
    const parts = partsOf(entry.linkPath);
    return (parts === undefined ? undefined : this.#find(parts)?.placed?.content) ?? entry;
  }

  /** Whether one of the folders above is new in this layer, in the place of a link or a file: nothing of lower layers is below it. */
  #isReplaced(parts: readonly string[], folders: ReadonlySet<string>): boolean {
    return parts.slice(0, -1).some((_, at) => {
      const above = parts.slice(0, at + 1);
      const type = folders.has(above.join("/")) ? this.#find(above)?.placed?.entry.type : undefined;
      return type !== undefined && type !== "directory";
    });
  }

  #remove(parts: readonly string[], by: number): void {
    const name = parts.at(-1) ?? "";
    const parent = this.#find(this.#follow(parts.slice(0, -1)));
    if (parent === undefined) return;
    if (name === opaque) {
      for (const child of parent.children.values()) this.#hide(child, by, "removed");
      parent.children.clear();
      return;
    }
    const target = name.slice(whiteout.length);
    const child = parent.children.get(target);
    if (child === undefined) return;
    this.#hide(child, by, "removed");
    parent.children.delete(target);
  }

  #place(entry: InventoryEntry, placed: Placed): void {
    const written = partsOf(entry.path) ?? [];
    const name = written.at(-1);
    if (name === undefined) return;
    const parts = [...this.#follow(written.slice(0, -1)), name];
    if (parts.length > deepest) return;
    let node = this.#root;
    for (const part of parts) {
      if (node.placed !== undefined && node.placed.entry.type !== "directory") {
        this.#hideOne(node, placed.layer, "overwritten");
        node.placed = undefined;
      }
      let child = node.children.get(part);
      if (child === undefined) node.children.set(part, (child = { placed: undefined, children: new Map() }));
      node = child;
    }
    if (node.placed !== undefined && node.placed.layer !== placed.layer)
      this.#hideOne(node, placed.layer, isSameContent(node.placed, placed) ? "copied" : "overwritten");
    if (entry.type !== "directory" && node.children.size > 0) {
      for (const child of node.children.values()) this.#hide(child, placed.layer, "overwritten");
      node.children.clear();
    }
    node.placed = placed;
  }

  #hide(node: Node, by: number, how: Hidden["how"]): void {
    this.#hideOne(node, by, how);
    for (const child of node.children.values()) this.#hide(child, by, how);
  }

  /** Folders have no content, and in the layer that hides it nothing was there before. */
  #hideOne({ placed }: Node, by: number, how: Hidden["how"]): void {
    if (placed !== undefined && placed.entry.type !== "directory" && placed.layer !== by)
      this.hidden.push({ ...placed, by, how });
  }

  #find(parts: readonly string[]): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const part of parts) node = node?.children.get(part);
    return node;
  }

  /** Where a folder's path leads, symbolic links followed; as written where they lead nowhere or in a circle. */
  #follow(parts: readonly string[]): readonly string[] {
    let left = [...parts];
    let done: string[] = [];
    let node: Node | undefined = this.#root;
    for (let links = 0; left.length > 0; ) {
      const part = left.shift() ?? "";
      if (part === "..") {
        done.pop();
        node = this.#find(done);
        continue;
      }
      const child: Node | undefined = node?.children.get(part);
      const entry = child?.placed?.entry;
      if (entry?.type === "symlink" && ++links <= mostLinks) {
        const target = entry.linkPath.split("/").filter((one) => one !== "" && one !== ".");
        if (entry.linkPath.startsWith("/")) done = [];
        node = this.#find(done);
        left = [...target, ...left];
        continue;
      }
      if (links > mostLinks) return parts;
      done.push(part);
      node = child;
    }
    return done;
  }
}

function isSameContent(before: Placed, after: Placed): boolean {
  const [one, other] = [before.content, after.content];
  if (before.entry.type === "symlink" || after.entry.type === "symlink")
    return before.entry.type === after.entry.type && before.entry.linkPath === after.entry.linkPath;
  return one.type === other.type && one.size === other.size && one.hash === other.hash;
}

/** The names of a path; undefined where one is `..`, or where it is too long. The root has none. */
function partsOf(path: string): string[] | undefined {
  if (path.length > longestPath) return undefined;
  const parts = path.split("/").filter((part) => part !== "");
  return parts.includes("..") ? undefined : parts;
}
