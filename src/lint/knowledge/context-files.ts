import type { IgnoreFile } from "../../dockerfile/ignore-file.ts";
import type { LintContext } from "../rule.ts";

type Files = NonNullable<LintContext["files"]>;

const inOrder = new WeakMap<Files, Files>();

/** The files of a build context that lie in a folder, or are it; "." is the whole context. Does not look at all of them. */
export function filesWithin(files: Files, path: string): Files {
  if (path === "." || path === "") return files;
  const sorted = sortedFiles(files);
  const folder = path.endsWith("/") ? path : `${path}/`;
  const own = firstAt(sorted, path);
  const [from, to] = [firstAt(sorted, folder), firstAt(sorted, `${folder.slice(0, -1)}0`)];
  const below = sorted.slice(from, to);
  const file = sorted[own];
  // Between a file and what lies in a folder of that name others may stand: "a", "a-b", "a/b".
  return file?.path === path && own < from ? [file, ...below] : below;
}

function sortedFiles(files: Files): Files {
  let sorted = inOrder.get(files);
  if (sorted === undefined) {
    sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    inOrder.set(files, sorted);
  }
  return sorted;
}

/** The index of the first file whose path is not less. */
function firstAt(sorted: Files, path: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.path ?? "") < path) low = middle + 1;
    else high = middle;
  }
  return low;
}

const nothing = {};
const answers = new WeakMap<Files, WeakMap<IgnoreFile | typeof nothing, Map<string, unknown>>>();

/** Keeps what `make` says about a path of a build context, as long as its files and its .dockerignore are the same. */
export function keepFor<Value>(
  files: Files,
  ignore: IgnoreFile | undefined,
  key: string,
  make: () => Value,
): Value {
  let byIgnore = answers.get(files);
  if (byIgnore === undefined) answers.set(files, (byIgnore = new WeakMap()));
  let byKey = byIgnore.get(ignore ?? nothing);
  if (byKey === undefined) byIgnore.set(ignore ?? nothing, (byKey = new Map()));
  if (!byKey.has(key)) byKey.set(key, make());
  return byKey.get(key) as Value;
}
