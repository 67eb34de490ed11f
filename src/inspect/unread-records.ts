import type { ImageView } from "./image-view.ts";
import { textAt } from "./view-texts.ts";

/** A manager's record whose packages are not known, for a person to hear of. */
export interface UnreadRecord {
  path: string;
  /** Half a sentence: `it is a Berkeley DB`. */
  why: string;
}

const databases = [
  "usr/lib/sysimage/rpm/rpmdb.sqlite",
  "var/lib/rpm/rpmdb.sqlite",
  "usr/lib/sysimage/rpm/Packages.db",
  "var/lib/rpm/Packages.db",
];
/** rpm's form until 4.15. */
const berkeley = "var/lib/rpm/Packages";
/** Of a hash and of a b-tree, at byte 12, in the byte order of the machine. */
const berkeleyMagics: ReadonlySet<number> = new Set([0x00061561, 0x00053162]);

/** Records that `attributePackages` cannot read, or not to their end: their packages' files seem to be in no package. */
export function unreadRecords(view: ImageView): UnreadRecord[] {
  const found: UnreadRecord[] = [];
  for (const path of databases) {
    const size = view.visible.get(path)?.content.size;
    if (size !== undefined && size !== textAt(view, path)?.length)
      found.push({ path, why: `only the first of its ${size} bytes are kept` });
  }
  const old = textAt(view, berkeley);
  if (old !== undefined && old.length >= 16) {
    const magics = [old.readUInt32LE(12), old.readUInt32BE(12)];
    if (magics.some((magic) => berkeleyMagics.has(magic)))
      found.push({ path: berkeley, why: "it is a Berkeley DB, which rpm wrote until version 4.15" });
  }
  return found;
}
