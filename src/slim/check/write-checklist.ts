import { Document, isMap, isScalar, isSeq } from "yaml";
import type { Checklist } from "./checklist.ts";

/** The value that a field has when it is not said, whatever the test that it stands in. Empty lists and texts and `false` are others. */
const defaults: Readonly<Record<string, unknown>> = {
  exitCode: 0,
  shouldExist: true,
  uid: -1,
  gid: -1,
  copies: 1,
  startWithin: 60,
};
/** Here an empty list says something: that there is none. */
const tellingWhenEmpty = new Set(["entrypoint", "cmd"]);
/** Lists of so many short words stand in one line. */
const widestList = 90;

/** A test that is left out of a checklist, and why: it stands there as a comment. */
export interface LeftOut {
  name: string;
  why: string;
}

/**
 * The text of a checklist, fields that say nothing left out; `readChecklist` gives the same again. `head` stands above it as a comment,
 * what was left out below it.
 */
export function writeChecklist(
  list: Checklist,
  options: { head?: string; leftOut?: readonly LeftOut[] } = {},
): string {
  const document = new Document(withoutDefaults(list));
  layOut(document.contents);
  if (options.head !== undefined) document.commentBefore = commentOf(options.head);
  const { leftOut = [] } = options;
  if (leftOut.length > 0) {
    const lines = leftOut.map(({ name, why }) => `  ${name}: ${why.replaceAll(/\s+/g, " ")}`);
    document.comment = commentOf(["Left out, for this did not pass:", ...lines].join("\n"));
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value)
    .map(([key, inner]): [string, unknown] => [key, withoutDefaults(inner)])
    .filter(([key, inner]) => says(key, inner));
  return Object.fromEntries(kept);
}

function says(key: string, value: unknown): boolean {
  if (Object.hasOwn(defaults, key)) return value !== defaults[key];
  if (value === null || value === undefined || value === "" || value === false) return false;
  if (Array.isArray(value)) return value.length > 0 || tellingWhenEmpty.has(key);
  return typeof value !== "object" || Object.keys(value).length > 0;
}

/** Short lists of words in one line, tests apart by an empty one. */
function layOut(node: unknown, depth = 0): void {
  if (isMap(node)) {
    for (const [at, pair] of node.items.entries()) {
      if (depth === 0 && at > 0 && isScalar(pair.key)) pair.key.spaceBefore = true;
      layOut(pair.value, depth + 1);
    }
  } else if (isSeq(node)) {
    const isPlain = node.items.every((item) => isScalar(item) || isSeq(item));
    node.flow = isPlain && JSON.stringify(node).length <= widestList;
    for (const item of node.items) layOut(item, depth + 1);
  }
}

function commentOf(text: string): string {
  return text
    .split("\n")
    .map((line) => ` ${line}`)
    .join("\n");
}
