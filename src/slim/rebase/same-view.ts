import { DdiffError } from "../../util/errors.ts";
import { differences } from "./differences.ts";
import { type FileNode, type ImageFiles, isFolder, joined } from "./image-files.ts";

/**
 * Refuses a result whose files are not those of the image in everything; paths in `anyTime` may have another time, and byte code among them names
 * another. Throws `REBASE_DIFFERS`.
 */
export function checkSameView(image: ImageFiles, result: ImageFiles, anyTime: ReadonlySet<string>): void {
  const compare = (path: string, one: FileNode, other: FileNode): void => {
    const [had, has] = [one.entry, other.entry];
    if (had === undefined) {
      const isPlain =
        has === undefined || (has.mode === 0o755 && has.uid === 0 && has.gid === 0 && has.xattrs === "");
      if (!isFolder(other) || !isPlain) refuse(path, "a folder that no layer names");
    } else if (has === undefined) refuse(path, "no layer names it");
    else {
      const isFree = anyTime.has(path);
      const fields = differences(had, has).filter(
        (field) =>
          !isFree || (field !== "time" && (field !== "content" || had.code?.rest !== has.code?.rest)),
      );
      if (fields.length > 0) refuse(path, fields.join(", "));
      if (image.links.get(had)?.join("\0") !== result.links.get(has)?.join("\0"))
        refuse(path, "its other names");
    }
    for (const [name, child] of one.children) {
      const twin = other.children.get(name);
      if (twin === undefined) refuse(joined(path, name), "it is not there");
      else compare(joined(path, name), child, twin);
    }
    for (const name of other.children.keys())
      if (!one.children.has(name)) refuse(joined(path, name), "it is there");
  };
  compare("", image.root, result.root);
}

function refuse(path: string, what: string): never {
  throw new DdiffError("REBASE_DIFFERS", `/${path} would not be the same in the new image: ${what}`, {
    hint: "Nothing was written. This is a fault of ddiff: please report it with both images' names.",
  });
}
