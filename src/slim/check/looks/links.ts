import { type FileTree, targetByText } from "../../../inspect/file-tree.ts";
import type { LinkTest } from "../checklist.ts";
import type { CheckedImage } from "../image.ts";
import { type CheckResult, resultOf } from "../result.ts";

/** What a container has only while it runs; links into it are fine. */
const runTime = /^(?:proc|dev|sys|run|tmp|var\/run|var\/tmp)(?:\/|$)/;

/** Whether symbolic links lead somewhere. */
export function lookAtLinks(test: LinkTest, { tree }: CheckedImage): CheckResult {
  const except = new Set(test.except);
  const failures = danglingLinks(tree)
    .filter(({ path }) => !except.has(path))
    .map(({ path, target }) => `${path} leads to ${target}, which is not there`);
  return resultOf("link", test.name, { failures });
}

/** Symbolic links that lead nowhere, by their paths with `/` in front, sorted; without those into what only a running container has. */
export function danglingLinks(tree: FileTree): { path: string; target: string }[] {
  const found: { path: string; target: string }[] = [];
  for (const [path, { entry }] of tree.view.visible) {
    if (entry.type !== "symlink" || runTime.test(targetByText(path, entry.linkPath))) continue;
    if (tree.find(path) === undefined) found.push({ path: `/${path}`, target: entry.linkPath });
  }
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}
