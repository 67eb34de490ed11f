import type { FileClass, Package } from "./analysis.ts";
import { fileClass, isLikely, isPackageLog, type AskedFile } from "./classes/files.ts";
import { folderClass, isInUse, type FolderClass } from "./classes/folders.ts";
import { classes } from "./classes/list.ts";
import type { ImageFacts } from "./image-facts.ts";
import type { Placed } from "./image-view.ts";

/** Says what a visible file is of; undefined for what is of no class, and for what is no regular file. */
export type Classifier = (path: string, placed: Placed, owner: Package | undefined) => FileClass | undefined;

/** Compilers and linkers read these. */
const forCompilers = ["static-libraries", "headers", "object-files"];
/** No program can open a longer path by its name (Linux, PATH_MAX). */
const longestPath = 4096;

/** What folders say of what is below them, each looked at once. */
export type FolderClasses = (path: string) => FolderClass | undefined;

/** The classes of one image's folders. */
export function folderClasses(facts: ImageFacts): FolderClasses {
  const folders = new Map<string, FolderClass>();
  const look: FolderClasses = (path) => {
    if (path === "") return undefined;
    let found = folders.get(path);
    if (found === undefined) {
      found = folderClass(path, look(path.slice(0, Math.max(0, path.lastIndexOf("/")))), facts);
      folders.set(path, found);
    }
    return found;
  };
  return look;
}

/** A classifier for one image, whose risks fit the image. */
export function classifier(facts: ImageFacts, look = folderClasses(facts)): Classifier {
  const own = classesFor(facts);
  return (path, placed, owner) => {
    const { type } = placed.entry;
    if (type !== "file" && type !== "hardlink" && type !== "sparse") return undefined;
    if (path.length > longestPath) return undefined;
    const slash = path.lastIndexOf("/");
    const file = { path, name: path.slice(slash + 1), placed, owner };
    const name = nameOf(file, slash === -1 ? undefined : look(path.slice(0, slash)), facts);
    return name === undefined ? undefined : own.get(name);
  };
}

function nameOf(file: AskedFile, folder: FolderClass | undefined, facts: ImageFacts): string | undefined {
  const likely = folder?.likely;
  const name = folder?.certain ?? likely;
  const mayBeInUse = name !== undefined && classes.get(name)?.risk === "safe";
  if (mayBeInUse && (folder?.inUse === true || isInUse(file.path, folder?.root ?? "", facts)))
    return undefined;
  if (folder?.certain !== undefined) return folder.certain;
  if (likely === "temporary-files") return isLikely(likely, file, facts) ? likely : undefined;
  const byFile = fileClass(file, facts);
  if (byFile !== undefined || likely === undefined) return byFile;
  if (likely === "logs" && isPackageLog(file.path)) return "package-logs";
  return isLikely(likely, file, facts) ? likely : undefined;
}

/** The classes with the risks that they have in this image. */
function classesFor({ compiler, installsByApt }: ImageFacts): ReadonlyMap<string, FileClass> {
  const own = new Map(classes);
  for (const name of compiler === undefined ? [] : forCompilers) {
    const found = own.get(name);
    if (found !== undefined)
      own.set(name, { ...found, risk: "risky", why: `/${compiler} may read them when a program runs.` });
  }
  const lists = own.get("apt-lists");
  if (installsByApt && lists !== undefined)
    own.set("apt-lists", {
      ...lists,
      risk: "check",
      why: "R's bspm installs Debian packages with them at run time.",
    });
  return own;
}
