import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";

/** A value of a compose file with aliases followed, merge keys put in and `extends` merged. */
export type Tree =
  | ({ readonly kind: "map"; readonly entries: ReadonlyMap<string, Tree> } & Written)
  | ({ readonly kind: "list"; readonly items: readonly Tree[] } & Written)
  | ({ readonly kind: "scalar"; readonly value: unknown } & Written);

interface Written {
  readonly node: Node | undefined;
  readonly key: Node | undefined;
  /** Not taken over from elsewhere. */
  readonly own: boolean;
}

/** Aliases multiply what a file says; nobody means more than this. */
const mostNodes = 200_000;
const deepest = 200;

/** Thrown inside the reader of compose files where aliases make too much of it. */
export class TooLarge extends Error {}

/** Makes trees of a document's nodes. */
export interface TreeMaker {
  make(node: unknown, key?: Node): Tree;
  /** Aliases of which no anchor stands before them. */
  readonly unknown: readonly Alias[];
}

/** The node of each alias: the last anchor of that name before it, as YAML 1.2 (7.1) says. */
function anchorsOf(document: Document): { targets: Map<Node, Node>; unknown: Alias[] } {
  const unknown: Alias[] = [];
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  const open: unknown[] = [document.contents];
  while (open.length > 0) {
    const node = open.pop();
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) unknown.push(node);
      else targets.set(node, target);
    } else if (isMap(node) || isSeq(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      for (let at = node.items.length - 1; at >= 0; at--) {
        const item: unknown = node.items[at];
        if (isMap(node)) open.push((item as Pair).value, (item as Pair).key);
        else open.push(item);
      }
    } else if (isScalar(node) && node.anchor !== undefined) {
      anchors.set(node.anchor, node);
    }
  }
  return { targets, unknown };
}

/** Prepares a document. Its trees share one allowance, so that no file takes more than `mostNodes`; beyond that `make` throws `TooLarge`. */
export function treesOf(document: Document): TreeMaker {
  const { targets, unknown } = anchorsOf(document);
  let made = 0;

  const make = (given: unknown, key: Node | undefined, own: boolean, above: readonly Node[]): Tree => {
    made += 1;
    if (made > mostNodes || above.length > deepest) throw new TooLarge();
    const isTaken = isAlias(given);
    const node = isTaken ? targets.get(given) : given;
    const written = { node: given as Node | undefined, key, own };
    const inside = own && !isTaken;
    if (isMap(node) && !above.includes(node)) {
      return { ...written, kind: "map", entries: entriesOf(node, inside, [...above, node]) };
    }
    if (isSeq(node) && !above.includes(node)) {
      const within = [...above, node];
      return {
        ...written,
        kind: "list",
        items: node.items.map((item) => make(item, undefined, inside, within)),
      };
    }
    return { ...written, kind: "scalar", value: isScalar(node) ? node.value : null };
  };

  const entriesOf = (map: YAMLMap, own: boolean, above: readonly Node[]): Map<string, Tree> => {
    const entries = new Map<string, Tree>();
    const merges: Tree[] = [];
    for (const pair of map.items) {
      const name = keyName(pair.key);
      if (name === undefined) continue;
      if (isMergeKey(pair.key)) {
        const value = make(pair.value, pair.key as Node, false, above);
        merges.push(...(value.kind === "list" ? value.items : [value]));
      } else if (!entries.has(name)) {
        entries.set(name, make(pair.value, pair.key as Node, own, above));
      }
    }
    // What is written wins over what is merged, and the first merged over the next (YAML's type "merge").
    for (const merged of merges) {
      if (merged.kind !== "map") continue;
      for (const [name, value] of merged.entries) if (!entries.has(name)) entries.set(name, value);
    }
    return entries;
  };

  return { make: (node, key) => make(node, key, true, []), unknown };
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}

/** A key's text: numbers and the like are texts to Compose, collections are no keys. */
export function keyName(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  const { value, source } = key;
  return typeof value === "string" ? value : (source ?? JSON.stringify(value));
}

/** Lists of which the later one counts alone (compose-spec, 13-merge.md). */
const replaced = new Set(["command", "entrypoint", "test"]);

/**
 * What `extends` makes of a service and its base: mappings are merged, lists put together, anything else is the service's own. A list of
 * `key=value` meets a mapping as if it were one.
 */
export function mergeTrees(base: Tree, own: Tree, name = ""): Tree {
  if (base.kind === "map" && own.kind === "map") {
    const entries = new Map(inherited(base).entries);
    for (const [key, value] of own.entries) {
      const other = entries.get(key);
      entries.set(key, other === undefined ? value : mergeTrees(other, value, key));
    }
    return { ...own, entries };
  }
  if (base.kind === "list" && own.kind === "list" && !replaced.has(name)) {
    return { ...own, items: [...base.items.map(inherited), ...own.items] };
  }
  return own;
}

/** The same, no longer the service's own. */
export function inherited<One extends Tree>(tree: One): One {
  if (!tree.own) return tree;
  if (tree.kind === "map") {
    return {
      ...tree,
      own: false,
      entries: new Map([...tree.entries].map(([key, value]) => [key, inherited(value)])),
    };
  }
  if (tree.kind === "list") return { ...tree, own: false, items: tree.items.map(inherited) };
  return { ...tree, own: false };
}

/** The part of a tree at a path, with the parents on the way. */
export function follow(
  tree: Tree,
  path: readonly (string | number)[],
): { readonly found: Tree | undefined; readonly nearest: Tree } {
  let nearest = tree;
  for (const step of path) {
    const next =
      nearest.kind === "map"
        ? nearest.entries.get(String(step))
        : nearest.kind === "list"
          ? nearest.items[Number(step)]
          : undefined;
    if (next === undefined) return { found: undefined, nearest };
    nearest = next;
  }
  return { found: nearest, nearest };
}

/** Plain data: objects without a prototype, so that no key has a meaning of its own. */
export function plain(tree: Tree): unknown {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.map(plain);
  const data = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of tree.entries) data[key] = plain(value);
  return data;
}
