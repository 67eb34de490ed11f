import type { ProjectFiles } from "../../project.ts";
import { baseOf } from "./base.ts";
import { pythonFiles } from "./python-files.ts";

/**
 * The module that a file is when the program runs from the project's folder: `app.main`. It starts at the folder whose name the code
 * imports; `src/` of an installed package is left out.
 */
export function moduleOf(files: ProjectFiles, path: string): string {
  const parts = importParts(files, path);
  return parts.inside.slice(parts.root).join(".");
}

/** The folder that has to be on Python's path for `moduleOf`, below the project's folder; empty for that itself or an installed one. */
export function pathOf(files: ProjectFiles, path: string): string {
  const { inside, root } = importParts(files, path);
  const base = baseOf(files);
  const folder = inside.slice(0, root).join("/");
  const project = `${base}${folder}/`.replace(/(?:^|\/)src\/$/, "/").replace(/^\/$/, "");
  return folder === "" || folder === "src" || isInstalled(files, project) ? "" : folder;
}

function importParts(files: ProjectFiles, path: string): { inside: string[]; root: number } {
  const base = baseOf(files);
  const inside = (path.startsWith(base) ? path.slice(base.length) : path)
    .replace(/\.py$/, "")
    .replace(/\/__init__$/, "")
    .split("/");
  const first =
    inside.findIndex((name, at) => {
      const project =
        base +
        inside
          .slice(0, at)
          .map((one) => `${one}/`)
          .join("");
      return name === "src" && at < inside.length - 1 && isSourceFolder(files, project);
    }) + 1;
  const imported = importedNames(files);
  for (let root = first; root < inside.length - 1; root++)
    if (imported.has(inside[root] ?? "")) return { inside, root };
  return { inside, root: first };
}

const importedKept = new WeakMap<ProjectFiles, ReadonlySet<string>>();

/** First names of all modules that the project's code imports. */
export function importedNames(files: ProjectFiles): ReadonlySet<string> {
  let own = importedKept.get(files);
  if (own === undefined)
    importedKept.set(
      files,
      (own = new Set(pythonFiles(files).flatMap(({ imports }) => [...imports.keys()]))),
    );
  return own;
}

/** Whether the `src/` of a project's folder only holds its packages, so that it is no package itself. */
function isSourceFolder(files: ProjectFiles, project: string): boolean {
  return !files.has(`${project}src/__init__.py`) && isInstalled(files, project);
}

/** Whether the packages below src/ are installed, so that they are imported without `src.`. */
function isInstalled(files: ProjectFiles, base: string): boolean {
  return files.has(`${base}pyproject.toml`) || files.has(`${base}setup.py`) || files.has(`${base}setup.cfg`);
}
