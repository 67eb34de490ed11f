import type { Member } from "./members.ts";
import type { ImageFiles } from "./image-files.ts";
import { type FileNode, joined } from "./image-files.ts";

/** Files in new layers whose content stands in the base at another path, by the folders in which they stand. */
export interface Elsewhere {
  /** In the image. */
  folder: string;
  /** In the base. */
  base: string;
  files: number;
  bytes: number;
}

/** Below this a file is too common to say where it comes from. */
const telling = 1024;

/** What of new layers the base has elsewhere, most bytes first: a rebase cannot take it from there. */
export function foundElsewhere(members: readonly Member[], base: ImageFiles): Elsewhere[] {
  const wanted = new Map<string, string>();
  for (const member of members)
    if (member.kind === "entry" && member.entry.type === "file" && member.entry.size >= telling)
      wanted.set(member.entry.hash, "");
  const visit = (path: string, node: FileNode): void => {
    const { hash = "" } = node.entry ?? {};
    if (wanted.has(hash)) wanted.set(hash, path);
    for (const [name, child] of node.children) visit(joined(path, name), child);
  };
  visit("", base.root);
  const found = new Map<string, Elsewhere>();
  for (const member of members) {
    if (member.kind !== "entry" || member.entry.type !== "file") continue;
    const other = wanted.get(member.entry.hash) ?? "";
    if (other === "" || other === member.path) continue;
    const [folder, below] = unlikeParts(member.path, other);
    const key = `${folder}\0${below}`;
    const known = found.get(key) ?? { folder, base: below, files: 0, bytes: 0 };
    found.set(key, { ...known, files: known.files + 1, bytes: known.bytes + member.entry.size });
  }
  return [...found.values()].sort((one, other) => other.bytes - one.bytes);
}

/** Two paths without the names that both end with. */
function unlikeParts(one: string, other: string): [string, string] {
  const [names, others] = [one.split("/"), other.split("/")];
  while (names.length > 1 && others.length > 1 && names.at(-1) === others.at(-1)) {
    names.pop();
    others.pop();
  }
  return [names.join("/"), others.join("/")];
}
