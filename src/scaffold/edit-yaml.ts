import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Document,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";

type Fields = Readonly<Record<string, unknown>>;

/**
 * A YAML text that says `value` afterwards, with as much of `before` left as it was written as says the same: comments, the order of keys,
 * quotes, `[a, b]` or a list by lines. Comments of what is not said any more go with it. The very same text where nothing is said otherwise;
 * keys that come anew stand where `value` has them. `before` must be a mapping without errors and aliases.
 */
export function editYaml(before: string, value: Fields): string {
  const document = parseDocument(before);
  const root = document.contents;
  if (!isMap(root)) throw new TypeError("the text is no mapping");
  return editMap(document, root, value) ? document.toString({ lineWidth: 0 }) : before;
}

/** Edits a node in place or gives another for it, and says whether anything is said otherwise now. */
function edit(document: Document, node: Node | null, value: unknown): { node: Node; changed: boolean } {
  if (isMap(node) && isFields(value)) return { node, changed: editMap(document, node, value) };
  if (isSeq(node) && Array.isArray(value)) return { node, changed: editList(document, node, value) };
  if (isScalar(node) && node.value === value) return { node, changed: false };
  const made = document.createNode(value);
  if (node !== null) {
    // Empty ones have none.
    if (node.commentBefore != null) made.commentBefore = node.commentBefore;
    if (node.comment != null) made.comment = node.comment;
    made.spaceBefore = node.spaceBefore ?? false;
  }
  return { node: made, changed: true };
}

function editMap(document: Document, map: YAMLMap, value: Fields): boolean {
  const wanted = Object.entries(value).filter(([, one]) => one !== undefined);
  const names = new Set(wanted.map(([name]) => name));
  giveComment(map, map.items[0]?.key);
  const left = map.items.filter((pair) => names.has(nameOf(pair.key)));
  let changed = left.length < map.items.length;
  if (map.items.length === 0 && wanted.length > 0) map.flow = false;
  map.items = left;
  let at = 0;
  for (const [name, one] of wanted) {
    const found = map.items.findIndex((pair) => nameOf(pair.key) === name);
    const pair = map.items[found];
    if (pair === undefined) {
      map.items.splice(at, 0, document.createPair(name, one));
      at += 1;
      changed = true;
      continue;
    }
    const edited = edit(document, isNode(pair.value) ? pair.value : null, one);
    pair.value = edited.node;
    changed ||= edited.changed;
    at = found + 1;
  }
  return changed;
}

function editList(document: Document, list: YAMLSeq, values: readonly unknown[]): boolean {
  const before = list.items.filter(isNode);
  giveComment(list, before[0]);
  const left = new Set(before);
  let changed = values.length !== list.items.length;
  if (list.items.length === 0 && values.length > 0) list.flow = false;
  list.items = values.map((value, at) => {
    const same = [...left].find((one) => isSame(one.toJS(document), value));
    if (same !== undefined) left.delete(same);
    const edited = edit(document, same ?? null, value);
    changed ||= edited.changed || same !== before[at];
    return edited.node;
  });
  return changed;
}

/** A comment above the first key or item is read as one of the whole: it is to stay with what it stands above. */
function giveComment(whole: YAMLMap | YAMLSeq, first: unknown): void {
  if (whole.commentBefore == null || !isNode(first) || first.commentBefore != null) return;
  first.commentBefore = whole.commentBefore;
  whole.commentBefore = null;
}

/** Whether an item of a list is about the same thing as another, though it may say otherwise of it. */
function isSame(one: unknown, other: unknown): boolean {
  if (!isFields(one) || !isFields(other)) return one === other;
  return ["name", "path"].some((key) => key in one && one[key] === other[key]);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
