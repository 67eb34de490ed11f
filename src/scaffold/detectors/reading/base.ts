import type { ProjectFiles } from "../../project.ts";
import { readToml, tableAt } from "./parsed.ts";

/** Folders whose programs are not the project's own. */
const besides =
  /(?:^|\/)(?:tests?|testing|docs?|documentation|examples?|samples?|tutorials?|benchmarks?|bench|third[-_]?party|vendor|external|submodules|extern|cookbook|recipes|node_modules|\.[^/]+|[^/]*(?:cookiecutter\.)[^/]*)(?:\/|$)/i;

/** Whether a path lies with tests, documents, examples or others' code. */
export function isBesides(path: string): boolean {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return besides.test(folder) || /(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/.test(path);
}

/** The part of a path after its last `/`. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** How many folders a path lies deep. */
export function depthOf(path: string): number {
  return path.split("/").length - 1;
}

const bases = new WeakMap<ProjectFiles, string>();

const preferred = ["backend", "server", "api", "service", "app", "python", "src", "ml", "model"];

/**
 * The folder that is the project, with `/` at its end: `` for the root, and where only one folder of it has anything to install
 * that folder (`backend/`).
 */
export function baseOf(files: ProjectFiles): string {
  let base = bases.get(files);
  if (base === undefined) bases.set(files, (base = findBase(files)));
  return base;
}

function findBase(files: ProjectFiles): string {
  if (hasManifest(files, "")) return "";
  if (files.list.some(({ path }) => !path.includes("/") && /\.(?:py|ipynb|R|r|Rmd|qmd)$/.test(path)))
    return "";
  const folders = [
    ...new Set(
      files.list.filter(({ path }) => path.includes("/")).map(({ path }) => path.split("/")[0] ?? ""),
    ),
  ];
  const found = folders
    .filter((folder) => !isBesides(`${folder}/`) && hasManifest(files, `${folder}/`))
    .sort((a, b) => rank(a) - rank(b) || programs(files, b) - programs(files, a));
  return found[0] === undefined ? "" : `${found[0]}/`;
}

function rank(folder: string): number {
  const at = preferred.indexOf(folder.toLowerCase());
  return at < 0 ? preferred.length : at;
}

function programs(files: ProjectFiles, folder: string): number {
  return files.list.filter(({ path }) => path.startsWith(`${folder}/`) && path.endsWith(".py")).length;
}

function hasManifest(files: ProjectFiles, base: string): boolean {
  const names = [
    "pixi.toml",
    "setup.py",
    "Pipfile",
    "environment.yml",
    "environment.yaml",
    "DESCRIPTION",
    "renv.lock",
  ];
  if (names.some((name) => files.has(base + name))) return true;
  if (files.list.some(({ path }) => path.startsWith(base) && isRequirementsName(path.slice(base.length))))
    return true;
  return saysProject(files, `${base}pyproject.toml`);
}

/** Whether a path below the project's folder is that of a requirements file. */
export function isRequirementsName(path: string): boolean {
  return /^(?:requirements?(?:[-_.][\w.-]*)?\.(?:txt|in)|[\w.-]*[-_.]requirements?\.(?:txt|in)|requirements?\/[\w.-]+\.(?:txt|in))$/i.test(
    path,
  );
}

/** Whether a pyproject.toml is more than the settings of tools. */
export function saysProject(files: ProjectFiles, path: string): boolean {
  const toml = readToml(files, path);
  if (toml === undefined) return false;
  if (tableAt(toml, "project") ?? tableAt(toml, "build-system") ?? tableAt(toml, "dependency-groups"))
    return true;
  return ["poetry", "pdm", "pixi", "uv"].some((tool) => tableAt(toml, "tool", tool) !== undefined);
}
