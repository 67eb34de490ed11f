import type { Draft, ProjectFiles } from "../../project.ts";
import { baseOf, nameOf } from "../reading/base.ts";
import { moduleOf } from "../reading/modules.ts";
import type { PythonFile } from "../reading/python-files.ts";
import { readmeFacts } from "../reading/readme.ts";

/** How a file is run from the project's folder: as a script, or as a module where it would not find what it imports. */
export function programCommand(files: ProjectFiles, draft: Draft, file: PythonFile): readonly string[] {
  const base = baseOf(files);
  const inside = file.path.slice(base.length);
  const module = moduleOf(files, file.path);
  if (nameOf(inside) === "__main__.py") {
    const program = module.replace(/\.?__main__$/, "");
    return ["python", ...(program === "" ? [inside] : ["-m", program])];
  }
  if (!inside.includes("/")) return ["python", inside];
  const { programs } = readmeFacts(files);
  const asScript = file.hasRelative ? Infinity : (programs.get(inside) ?? Infinity);
  const asModule = programs.get(module) ?? Infinity;
  if (asScript !== asModule) return asScript < asModule ? ["python", inside] : ["python", "-m", module];
  const folder = file.path.slice(0, file.path.lastIndexOf("/"));
  const imported = [...file.imports.keys()];
  const stands = (one: string): boolean => hasModule(files, `${folder}/${one}`);
  // What it imports by its plain name stands beside it, and only the folder of a script is searched.
  const needsFolder =
    !file.hasRelative && imported.some((one) => stands(one) && !hasModule(files, base + one));
  // What it imports stands beside its folder, unless the project is installed.
  const needsRoot = !draft.isPackage && imported.some((one) => hasModule(files, base + one) && !stands(one));
  const inPackage = files.has(`${folder}/__init__.py`) && !needsFolder;
  return file.hasRelative || inPackage || needsRoot ? ["python", "-m", module] : ["python", inside];
}

const foldersKept = new WeakMap<ProjectFiles, ReadonlySet<string>>();

/** Whether there is a module or a package with this path. */
function hasModule(files: ProjectFiles, path: string): boolean {
  return files.has(`${path}.py`) || pythonFolders(files).has(path);
}

/** The folders with Python files in them, at any depth. */
function pythonFolders(files: ProjectFiles): ReadonlySet<string> {
  let own = foldersKept.get(files);
  if (own === undefined) {
    const folders = new Set<string>();
    for (const { path } of files.list) {
      if (!path.endsWith(".py")) continue;
      const parts = path.split("/");
      for (let depth = 1; depth < parts.length; depth++) folders.add(parts.slice(0, depth).join("/"));
    }
    foldersKept.set(files, (own = folders));
  }
  return own;
}
