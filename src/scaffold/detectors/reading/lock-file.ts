import type { Manager, ProjectFiles } from "../../project.ts";
import { nameOf } from "./base.ts";
import { readToml, tableAt } from "./parsed.ts";

/** Lock files with what they belong to, in the order in which they are believed. */
const lockFiles: readonly (readonly [string, Manager])[] = [
  ["pixi.lock", "pixi"],
  ["uv.lock", "uv"],
  ["poetry.lock", "poetry"],
  ["pdm.lock", "pdm"],
  ["Pipfile.lock", "pipenv"],
  ["pylock.toml", "pip"],
  ["conda-lock.yml", "conda"],
  ["conda-lock.yaml", "conda"],
];

/** The lock file of the project in this folder, or of the workspace at the root, with the tool that wrote it. */
export function lockFileOf(
  files: ProjectFiles,
  base: string,
): { readonly path: string; readonly manager: Manager } | undefined {
  for (const folder of new Set([base, ""])) {
    for (const [name, manager] of lockFiles) {
      const path = folder + name;
      if (files.has(path) && locksProject(files, base, manager)) return { path, manager };
    }
  }
  return undefined;
}

/** Whether a path is that of a lock file of another tool. */
export function locksForOthers(path: string, manager: Manager): boolean {
  return lockFiles.some(([name, other]) => name === nameOf(path) && other !== manager);
}

/** Whether a lock file is of this project: one of uv beside a pyproject.toml with nothing but settings of tools locks nothing of it. */
function locksProject(files: ProjectFiles, base: string, manager: Manager): boolean {
  const path = `${base}pyproject.toml`;
  if (manager !== "uv" || !files.has(path)) return true;
  const toml = readToml(files, path);
  return (
    toml === undefined ||
    [["project"], ["tool", "uv"], ["dependency-groups"]].some((keys) => tableAt(toml, ...keys) !== undefined)
  );
}
