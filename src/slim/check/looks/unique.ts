import type { InventoryEntry } from "../../../inspect/inventory.ts";
import type { UniqueTest } from "../checklist.ts";
import type { CheckedImage } from "../image.ts";
import { type CheckResult, resultOf } from "../result.ts";

/** Whether a program is there as often as it should be. Links to it, hard or symbolic, are no copies. */
export function lookForCopies({ name, program, copies }: UniqueTest, { tree }: CheckedImage): CheckResult {
  const found = new Map<InventoryEntry, string>();
  for (const [path, { entry, content }] of tree.view.visible) {
    if (path.slice(path.lastIndexOf("/") + 1) !== program) continue;
    if (content.type === "file" && (entry.mode & 0o111) !== 0 && !found.has(content))
      found.set(content, `/${path}`);
  }
  if (found.size === copies) return resultOf("unique", name, {});
  const places = found.size === 0 ? "" : `: ${[...found.values()].sort().join(", ")}`;
  return resultOf("unique", name, {
    failures: [
      `${program} is there ${found.size} times, not ${copies === 1 ? "once" : `${copies} times`}${places}`,
    ],
  });
}
