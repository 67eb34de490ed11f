import { DdiffError } from "../../util/errors.ts";
import { agreeingByteCode } from "./byte-code.ts";
import { type Field, differences } from "./differences.ts";
import type { ExactEntry } from "./exact-layer.ts";
import { type FileNode, type ImageFiles, isFolder, joined } from "./image-files.ts";

/**
 * Why a file has to be in a new layer: the base has nothing there, or something that differs in this, or by other names; `own-time` is a time that may not
 * be the base's, because byte code names it.
 */
export type Reason = "new" | Field | "names" | "own-time";

/** A file or folder of the image that cannot be taken from the base. */
export interface Chosen {
  path: string;
  entry: ExactEntry;
  /** The number of the image's layer that it comes from. */
  layer: number;
  reason: Reason;
}

/** What of an image is taken from a base, and what is not. */
export interface Choice {
  chosen: Chosen[];
  /** Paths in the base that the image has not, each without those below it. */
  removed: string[];
  /** Folders of both of which the image has nothing that the base has in them. */
  emptied: string[];
  /** What a new layer says of a folder that it has something in; the root is "". Folders that neither image names are not here. */
  folders: Map<string, ExactEntry>;
  /** Files that come from the base, their bytes of content, and how many of them have the base's time or name it. */
  taken: { files: number; bytes: number; late: number };
  /** Files and folders that have the base's time instead of the image's, and byte code that names it. */
  timesOfBase: Set<string>;
}

/** Whether files are the same only with the same time. */
export type TimesRule = "exact" | "of-base";

/** Files of the image that stand in the base too, and how they differ. */
interface Pair {
  path: string;
  node: FileNode;
  entry: ExactEntry;
  base: ExactEntry;
  fields: Field[];
  namesDiffer: boolean;
}

/**
 * Compares an image with a base, path by path. A file with several names is taken with all of them or not at all: engines unpack a layer into a folder
 * of its own, where a link to a file of a lower layer leads nowhere. Throws `LINK_BROKEN` for a hard link that leads nowhere in the image.
 */
export function chooseFiles(image: ImageFiles, base: ImageFiles, times: TimesRule): Choice {
  const choice: Choice = {
    chosen: [],
    removed: [],
    emptied: [],
    folders: new Map(),
    taken: { files: 0, bytes: 0, late: 0 },
    timesOfBase: new Set(),
  };
  const pairs: Pair[] = [];
  const choose = (path: string, { layer }: FileNode, entry: ExactEntry, reason: Reason): void => {
    choice.chosen.push({ path, entry, layer, reason });
  };

  const compareFolder = (path: string, node: FileNode, other: FileNode | undefined): void => {
    const said = folderEntry(path, node, other);
    if (said !== undefined) {
      choice.folders.set(path, said.entry);
      const [reason, ...others] = said.reasons;
      if (times === "of-base" && reason === "time" && others.length === 0) choice.timesOfBase.add(path);
      else if (reason !== undefined) choose(path, node, said.entry, reason);
    }
    const below = other !== undefined && isFolder(other) ? other : undefined;
    for (const [name, child] of node.children) {
      const twin = below?.children.get(name);
      if (isFolder(child)) compareFolder(joined(path, name), child, twin);
      else compareFile(joined(path, name), child, twin);
    }
    const gone = [...(below?.children.keys() ?? [])].filter((name) => !node.children.has(name));
    if (gone.length > 1 && gone.length === below?.children.size) choice.emptied.push(path);
    else for (const name of gone) choice.removed.push(joined(path, name));
  };

  const compareFile = (path: string, node: FileNode, other: FileNode | undefined): void => {
    const { entry } = node;
    if (entry === undefined) return;
    if (entry.type === "hardlink") throw brokenLink(path, entry);
    const twin = other?.entry;
    if (twin === undefined || twin.type === "directory")
      choose(path, node, entry, other === undefined ? "new" : "type");
    else {
      const fields = differences(entry, twin);
      const namesDiffer = !isSameNames(image.links.get(entry), base.links.get(twin));
      pairs.push({ path, node, entry, base: twin, fields, namesDiffer });
    }
  };

  compareFolder("", image.root, base.root);
  const late = sameButForTimes(pairs, image);
  for (const { path, node, entry, fields, namesDiffer } of pairs) {
    const isLate = late.has(path);
    if (namesDiffer) choose(path, node, entry, "names");
    else if (fields[0] !== undefined && !(isLate && times === "of-base"))
      choose(path, node, entry, isLate ? "time" : lastingReason(fields[0], times));
    else {
      choice.taken.files += 1;
      choice.taken.bytes += entry.size;
      if (isLate) choice.taken.late += 1;
      if (isLate) choice.timesOfBase.add(path);
    }
  }
  return choice;
}

/** A file that keeps its own time though those of the base may be taken has byte code, or other names, that cannot. */
function lastingReason(field: Field, times: TimesRule): Reason {
  return field === "time" && times === "of-base" ? "own-time" : field;
}

/** Paths whose file the base has but for its time. Byte code and its source go together: Python takes byte code only where it names the time of its source. */
function sameButForTimes(pairs: readonly Pair[], image: ImageFiles): Set<string> {
  const alone = pairs.filter(({ entry, namesDiffer }) => !namesDiffer && !image.links.has(entry));
  const late = alone.filter(({ fields }) => fields.length === 1 && fields[0] === "time");
  return agreeingByteCode(alone, new Set(late.map(({ path }) => path)), image);
}

/** What a folder has to be, and why a new layer has to say so; no reasons where it has not. Undefined where any folder will do. */
function folderEntry(
  path: string,
  { entry }: FileNode,
  other: FileNode | undefined,
): { entry: ExactEntry; reasons: Reason[] } | undefined {
  const isBoth = other !== undefined && isFolder(other);
  const twin = isBoth ? other.entry : undefined;
  if (entry !== undefined) {
    if (twin !== undefined) return { entry, reasons: differences(entry, twin) };
    return { entry, reasons: [other === undefined || isBoth ? "new" : "type"] };
  }
  if (other === undefined || (isBoth && twin === undefined)) return undefined;
  if (twin === undefined) return { entry: plainFolder(path), reasons: ["type"] };
  // Engines make a folder that no tar names as root's with mode 0755, at whatever time.
  const { records: _, ...plain } = { ...twin, mode: 0o755, uid: 0, gid: 0, xattrs: "" };
  const reasons = differences(plain, twin);
  return { entry: reasons.length === 0 ? twin : plain, reasons };
}

function plainFolder(path: string): ExactEntry {
  return {
    path,
    type: "directory",
    size: 0,
    tarSize: 0,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
    time: "0",
    linkPath: "",
    hash: "",
    xattrs: "",
    device: "",
  };
}

function isSameNames(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((path, at) => path === other[at]);
}

function brokenLink(path: string, { linkPath }: ExactEntry): DdiffError {
  return new DdiffError(
    "LINK_BROKEN",
    `${JSON.stringify(path)} is a hard link to ${JSON.stringify(linkPath)}, which is not there`,
    { hint: "No engine can unpack this image: build it again." },
  );
}
