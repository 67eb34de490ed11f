import type { FileTree, Found } from "../../../inspect/file-tree.ts";
import type { WritableTest } from "../checklist.ts";
import type { CheckedImage } from "../image.ts";
import { type CheckResult, resultOf } from "../result.ts";
import { findUser, type User } from "../users.ts";

/** Whether the user may write to paths, or make them where they are not there yet. Decided by owners and modes, so also for what cannot run here. */
export function lookAtWritable(test: WritableTest, { tree, run }: CheckedImage): CheckResult {
  const name = test.user === "" ? run.user : test.user;
  const user = findUser(tree, name);
  if (user === undefined)
    return resultOf("writable", test.name, { failures: [`the user ${name} is not in /etc/passwd`] });
  const who = name === "" ? "root" : name;
  const failures = test.paths
    .filter((path) => !isWritable(tree, path, user))
    .map((path) => `${path} cannot be written by ${who}`);
  return resultOf("writable", test.name, { failures });
}

/** Whether a user could write to a path or, where it is not there, make it (path_resolution(7)). */
function isWritable(tree: FileTree, path: string, user: User): boolean {
  if (user.uid === 0) return tree.find(path) !== undefined || nearest(tree, path) !== undefined;
  const found = tree.find(path) ?? nearest(tree, path);
  if (found === undefined) return false;
  const parts = found.path === "" ? [] : found.path.split("/");
  const above = parts.map((_, at) => parts.slice(0, at).join("/"));
  if (!above.every((folder) => may({ path: folder, placed: tree.view.visible.get(folder) }, user, 0o1)))
    return false;
  return may(found, user, tree.isFolder(found) ? 0o3 : 0o2);
}

/** The folder in which the path would be made. */
function nearest(tree: FileTree, path: string): Found | undefined {
  const names = path.split("/");
  while (names.length > 0) {
    names.pop();
    const found = tree.find(names.join("/"));
    if (found !== undefined) return tree.isFolder(found) ? found : undefined;
  }
  return undefined;
}

function may({ placed }: Found, user: User, bits: number): boolean {
  const { mode, uid, gid } = placed?.entry ?? { mode: 0o755, uid: 0, gid: 0 };
  const shift = uid === user.uid ? 6 : gid === user.gid || user.groups.includes(gid) ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}
