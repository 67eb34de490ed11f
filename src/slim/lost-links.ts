import { posix } from "node:path";
import type { FileReport } from "../inspect/analysis.ts";

/** Where Debian keeps links for others' links: they are made with what they lead to and mean nothing without it. */
const alternatives = "etc/alternatives/";

/**
 * Symbolic links that lead to nothing but what is dropped, and lie among it or are Debian's alternatives: they go with it. Other links
 * are left, so that a check says what they have lost.
 */
export function lostLinks(files: readonly FileReport[], dropped: ReadonlySet<string>): Set<string> {
  const roots = new Set(
    files.flatMap(({ path, classRoot }) => (classRoot !== undefined && dropped.has(path) ? [classRoot] : [])),
  );
  const isAmong = (path: string): boolean => {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1))
      if (roots.has(path.slice(0, at))) return true;
    return path.startsWith(alternatives);
  };
  const links = files.filter(({ path, placed }) => placed.entry.type === "symlink" && isAmong(path));
  const lost = new Set<string>();
  // Links to links that are lost are lost too.
  for (let before = -1; before < lost.size; ) {
    before = lost.size;
    for (const { path, placed } of links) {
      const target = targetOf(path, placed.entry.linkPath);
      if (dropped.has(target) || lost.has(target)) lost.add(path);
    }
  }
  return lost;
}

/** The path that a link names, without `/` in front; links on the way are not followed. */
function targetOf(path: string, linkPath: string): string {
  return posix.join("/", posix.resolve("/", posix.dirname(path), linkPath)).slice(1);
}
