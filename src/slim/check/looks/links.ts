import { targetByText } from "../../../inspect/file-tree.ts";
import type { LinkTest } from "../checklist.ts";
import type { CheckedImage } from "../image.ts";
import { type CheckResult, resultOf } from "../result.ts";

/** What a container has only while it runs; links into it are fine. */
const runTime = /^(?:proc|dev|sys|run|tmp|var\/run|var\/tmp)(?:\/|$)/;

/** Whether symbolic links lead somewhere. */
export function lookAtLinks(test: LinkTest, { tree }: CheckedImage): CheckResult {
  const except = new Set(test.except);
  const failures: string[] = [];
  for (const [path, { entry }] of tree.view.visible) {
    if (entry.type !== "symlink" || except.has(`/${path}`) || tree.find(path) !== undefined) continue;
    if (!runTime.test(targetByText(path, entry.linkPath)))
      failures.push(`/${path} leads to ${entry.linkPath}, which is not there`);
  }
  return resultOf("link", test.name, { failures: failures.sort() });
}
