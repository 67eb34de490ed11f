import type { ProjectFiles } from "../../project.ts";
import { readToml, tableAt } from "./parsed.ts";

/** Folders whose programs are not the project's own. */
const besides =
  /(?:^|\/)(?:tests?|testing|docs?|documentation|guides|examples?|samples?|tutorials?|benchmarks?|bench|third[-_]?party|vendor|external|submodules|extern|cookbook|recipes|node_modules|\.[^/]+|[^/]*(?:cookiecutter\.)[^/]*)(?:\/|$)/i;

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
  const loose = files.list.filter(
    ({ path }) => !path.includes("/") && /\.(?:py|ipynb|R|r|Rmd|qmd)$/.test(path),
  ).length;
  for (const deep of loose === 0 ? [1, 2] : [1]) {
    const [found] = foldersAt(files, deep)
      .filter((folder) => !isBesides(`${folder}/`) && hasManifest(files, `${folder}/`))
      .sort(
        (a, b) =>
          rank(a) - rank(b) ||
          shipped(files, b) - shipped(files, a) ||
          programs(files, b) - programs(files, a),
      );
    // A script or two beside a folder that is shipped look after the repository.
    const isAll = loose === 0;
    if (found !== undefined && (isAll || (loose < 3 && isShipped(files, found, loose)))) return `${found}/`;
  }
  return "";
}

/** The folders that lie so deep; deeper than the first only those of a repository with many projects (`packages/one`). */
function foldersAt(files: ProjectFiles, deep: number): string[] {
  const folders = files.list
    .map(({ path }) => path.split("/"))
    .filter((parts) => parts.length > deep && (deep === 1 || collections.test(parts[0] ?? "")))
    .map((parts) => parts.slice(0, deep).join("/"));
  return [...new Set(folders)];
}

const collections = /^(?:libs?|packages?|pkgs?|apps?|services?|projects?|components?|modules?|python|src)$/i;

/** How much a folder looks like what is shipped: it has a lock file, it has a Dockerfile. */
function shipped(files: ProjectFiles, folder: string): number {
  const has = (pattern: RegExp): number =>
    Number(
      files.list.some(
        ({ path }) => path.startsWith(`${folder}/`) && pattern.test(path.slice(folder.length + 1)),
      ),
    );
  return has(/^[\w.-]*\.lock$/) + has(/^(?:Docker|Container)file[^/]*$/);
}

function isShipped(files: ProjectFiles, folder: string, loose: number): boolean {
  return shipped(files, folder) > 0 && programs(files, folder) > 5 * loose;
}

function rank(folder: string): number {
  const at = preferred.indexOf(nameOf(folder).toLowerCase());
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
  // `requirments.txt` is met often enough.
  return /^(?:require?ments?(?:[-_.][\w.-]*)?\.(?:txt|in)|[\w.-]*[-_.]require?ments?\.(?:txt|in)|require?ments?\/[\w.-]+\.(?:txt|in))$/i.test(
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
