import type { InventoryEntry, LayerInventory } from "./inventory.ts";

/** The numbers that dive 0.13 tells of an image, by its own formulas; sizes in bytes. */
export interface DiveReport {
  /** Sum of the smallest size of each path over the sum of all its sizes; 1 for an empty image. */
  efficiency: number;
  sizeBytes: number;
  /** All layers but the lowest. */
  userSizeBytes: number;
  /** Every size of each path that several layers hold, those of the copies that a container needs too. */
  wastedBytes: number;
  /** wastedBytes over userSizeBytes; NaN where both are 0, as in dive. */
  wastedUserPercent: number;
  /** Paths that several layers hold, largest first. */
  inefficient: { path: string; count: number; bytes: number }[];
}

/** A node of dive's file tree. Folders that no entry names are nodes too, but no folders to dive. */
interface Node {
  size: number;
  isFolder: boolean;
  children: Map<string, Node>;
}

interface PathSizes {
  sum: number;
  /** -1 until a size is known, as in dive: a whiteout of nothing leaves it there, and it counts. */
  least: number;
  count: number;
}

const whiteout = ".wh.";
const specialWhiteout = ".wh..wh..";
/** A removed path that is not there: dive gives up on the rest of the layer. */
class NothingToRemove extends Error {}

/** What dive would tell of these layers, bottom first (its filetree/efficiency.go and image/analysis.go). */
export function diveReport(layers: readonly LayerInventory[]): DiveReport {
  const trees = layers.map(({ entries }) => treeOf(entries));
  const paths = new Map<string, PathSizes>();
  // dive stacks the trees below a layer for each whiteout; here the stack grows along. The first layer stands on itself.
  const stacked = trees[0] === undefined ? newNode() : copyOf(trees[0]);
  for (const [number, tree] of trees.entries()) {
    countLayer(tree, stacked, paths);
    if (number > 0) stack(stacked, tree);
  }
  const sizes = layers.map(({ entries }) => entries.reduce((sum, { size }) => sum + size, 0));
  const sizeBytes = sum(sizes);
  const userSizeBytes = sum(sizes.slice(1));
  const inefficient = [...paths]
    .filter(([, { count }]) => count > 1)
    .map(([path, { count, sum }]) => ({ path, count, bytes: sum }))
    .sort((one, other) => other.bytes - one.bytes || (one.path < other.path ? -1 : 1));
  const wastedBytes = sum(inefficient.map(({ bytes }) => bytes));
  const all = [...paths.values()];
  const found = sum(all.map((one) => one.sum));
  const least = sum(all.map((one) => one.least));
  return {
    efficiency: found === 0 ? 1 : least / found,
    sizeBytes,
    userSizeBytes,
    wastedBytes,
    wastedUserPercent: wastedBytes / userSizeBytes,
    inefficient,
  };
}

function countLayer(tree: Node, below: Node, paths: Map<string, PathSizes>): void {
  try {
    for (const { names, node } of leavesOf(tree)) {
      const removes = names.at(-1)?.startsWith(whiteout) === true;
      const own = removes ? [...names.slice(0, -1), names.at(-1)?.slice(whiteout.length) ?? ""] : names;
      const key = `/${own.join("/")}`;
      let known = paths.get(key);
      if (known === undefined) paths.set(key, (known = { sum: 0, least: -1, count: 0 }));
      const size = removes ? sizeRemoved(below, own) : node.size;
      known.sum += size;
      known.least = known.least < 0 ? size : Math.min(known.least, size);
      known.count++;
    }
  } catch (error) {
    if (!(error instanceof NothingToRemove)) throw error;
  }
}

/** Of a folder all that is in it; of a file nothing. */
function sizeRemoved(below: Node, names: readonly string[]): number {
  const node = find(below, names);
  if (node === undefined) throw new NothingToRemove();
  return node.isFolder ? sizeOf(node) : 0;
}

function sizeOf(node: Node): number {
  return [...walk(node)].reduce((sum, { node }) => sum + node.size, 0);
}

function treeOf(entries: readonly InventoryEntry[]): Node {
  const root = newNode();
  for (const { path, size, type } of entries)
    if (path !== "") add(root, path.split("/"), size, type === "directory");
  return root;
}

function newNode(size = 0, isFolder = false): Node {
  return { size, isFolder, children: new Map() };
}

/** Puts an entry into the tree; what is below it stays, whatever it is. Opaque whiteouts are no nodes. */
function add(root: Node, names: readonly string[], size: number, isFolder: boolean): void {
  let node = root;
  for (const name of names) {
    let child = node.children.get(name);
    if (child === undefined) {
      if (name.startsWith(specialWhiteout)) return;
      node.children.set(name, (child = newNode()));
    }
    node = child;
  }
  node.size = size;
  node.isFolder = isFolder;
}

function find(root: Node, names: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const name of names) node = node?.children.get(name);
  return node;
}

/** Stacks a layer's tree on those below it: children first, by name, as dive does. */
function stack(below: Node, tree: Node): void {
  for (const { names, node } of walk(tree)) {
    const name = names.at(-1) ?? "";
    if (name.startsWith(whiteout))
      find(below, names.slice(0, -1))?.children.delete(name.slice(whiteout.length));
    else if (names.length > 0) add(below, names, node.size, node.isFolder);
  }
}

function copyOf({ size, isFolder, children }: Node): Node {
  return { size, isFolder, children: new Map([...children].map(([name, child]) => [name, copyOf(child)])) };
}

function* leavesOf(root: Node): Generator<{ names: string[]; node: Node }> {
  for (const found of walk(root)) if (found.node.children.size === 0 && found.names.length > 0) yield found;
}

/** Every node, children first, by name. */
function* walk(root: Node): Generator<{ names: string[]; node: Node }> {
  const open = [{ names: [] as string[], node: root, left: namesOf(root) }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const name = top.left.pop();
    const child = name === undefined ? undefined : top.node.children.get(name);
    if (name === undefined || child === undefined) {
      open.pop();
      yield { names: top.names, node: top.node };
    } else open.push({ names: [...top.names, name], node: child, left: namesOf(child) });
  }
}

function namesOf({ children }: Node): string[] {
  return [...children.keys()].sort().reverse();
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
