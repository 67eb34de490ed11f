import type { ExactEntry } from "./exact-layer.ts";

/** In what two files of the same path are not the same. Names, times of access and names of owners are not looked at: no engine makes anything of them. */
export type Field = "type" | "content" | "owner" | "mode" | "attributes" | "time";

/** The fields in which two entries differ; none where an engine makes the same file of both. */
export function differences(one: ExactEntry, other: ExactEntry): Field[] {
  if (one.type !== other.type) return ["type"];
  const fields: Field[] = [];
  if (!isSameContent(one, other)) fields.push("content");
  if (one.uid !== other.uid || one.gid !== other.gid) fields.push("owner");
  // Symbolic links have no mode of their own (symlink(7)), whatever a tar says.
  if (one.mode !== other.mode && one.type !== "symlink") fields.push("mode");
  if (one.xattrs !== other.xattrs) fields.push("attributes");
  if (one.time !== other.time) fields.push("time");
  return fields;
}

function isSameContent(one: ExactEntry, other: ExactEntry): boolean {
  return (
    one.size === other.size &&
    one.hash === other.hash &&
    one.device === other.device &&
    one.verbatim === other.verbatim &&
    (one.type !== "symlink" || one.linkPath === other.linkPath)
  );
}
