import type { FileTree } from "../../../inspect/file-tree.ts";
import type { CheckedImage } from "../image.ts";
import { isProgram } from "./find-programs.ts";

/** A Python that has packages, with what can be imported and started there. */
export interface PythonPlace {
  /** With `/` in front. */
  interpreter: string;
  modules: string[];
  /** Console scripts, with `/` in front. */
  scripts: string[];
}

const sitePattern = /^(.*\/)?lib(?:64)?\/(python3|python\d\.\d+|pypy[\d.]*)\/(?:site|dist)-packages$/;
const identifier = /^[A-Za-z][A-Za-z0-9_]*$/;
const moduleFile = /^([A-Za-z][A-Za-z0-9_]*)(?:\.py|(?:\.[a-z0-9_-]+)*\.so)$/;

/** The Pythons of an image by their interpreters' paths, in order. Packages that no interpreter here would find are passed over. */
export function findPythons({ tree }: Pick<CheckedImage, "tree">): PythonPlace[] {
  const found = new Map<string, { modules: Set<string>; scripts: Set<string> }>();
  for (const site of sitesOf(tree)) {
    const interpreter = interpreterOf(tree, site);
    if (interpreter === undefined) continue;
    const place = found.get(interpreter) ?? { modules: new Set(), scripts: new Set() };
    found.set(interpreter, place);
    for (const name of modulesOf(tree, site)) place.modules.add(name);
    for (const script of scriptsOf(tree, site)) place.scripts.add(script);
  }
  return [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([interpreter, { modules, scripts }]) => ({
      interpreter,
      modules: [...modules].sort(),
      scripts: [...scripts].sort(),
    }));
}

function sitesOf(tree: FileTree): string[] {
  const sites = new Set<string>();
  for (const path of tree.view.visible.keys()) {
    const at = path.search(/\/(?:site|dist)-packages\//);
    const end = at < 0 ? -1 : path.indexOf("/", at + 1);
    if (end > 0 && sitePattern.test(path.slice(0, end))) sites.add(path.slice(0, end));
  }
  return [...sites].sort();
}

/** Debian's Pythons look into /usr/local/lib too; all others only below their own prefix. */
function interpreterOf(tree: FileTree, site: string): string | undefined {
  const [, prefix = "", version = ""] = sitePattern.exec(site) ?? [];
  const bins = [`/${prefix}bin`, ...(prefix === "usr/local/" ? ["/usr/bin"] : [])];
  const found = bins
    .flatMap((bin) => [`${bin}/${version}`, `${bin}/python3`, `${bin}/python`])
    .find((path) => isProgram(tree, path));
  if (found === undefined) return undefined;
  // One program by several names is one; but a link out of a virtual environment is what makes it one.
  const real = `/${tree.find(found)?.path}`;
  return folderOf(real) === folderOf(found) ? real : found;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** What `import` would find in a folder, without what is private; a folder that is only a namespace gives its packages. */
function modulesOf(tree: FileTree, site: string): string[] {
  return tree.names(site).flatMap((name) => {
    const file = moduleFile.exec(name)?.[1];
    const path = `${site}/${name}`;
    if (file !== undefined && tree.find(path)?.placed?.content.type === "file") return [file];
    if (!identifier.test(name)) return [];
    if (isPackage(tree, path)) return [name];
    return tree
      .names(path)
      .filter((inner) => identifier.test(inner) && isPackage(tree, `${path}/${inner}`))
      .map((inner) => `${name}.${inner}`);
  });
}

function isPackage(tree: FileTree, path: string): boolean {
  return tree.names(path).some((name) => /^__init__\.(?:py|pyc|(?:[a-z0-9_-]+\.)*so)$/.test(name));
}

/** The programs that packages say they install (PyPA specification "Entry points"), as far as they are there. */
function scriptsOf(tree: FileTree, site: string): string[] {
  const [, prefix = ""] = sitePattern.exec(site) ?? [];
  const bins = [`/${prefix}bin`, ...(site.endsWith("dist-packages") ? ["/usr/local/bin"] : [])];
  return tree
    .names(site)
    .filter((name) => /\.(?:dist|egg)-info$/.test(name))
    .flatMap((name) => consoleScripts(tree.text(`${site}/${name}/entry_points.txt`) ?? ""))
    .flatMap((name) => bins.map((bin) => `${bin}/${name}`).filter((path) => isProgram(tree, path)));
}

function consoleScripts(text: string): string[] {
  const names: string[] = [];
  let section = "";
  for (const line of text.split("\n")) {
    section = /^\s*\[(.*)\]\s*$/.exec(line)?.[1]?.trim() ?? section;
    const name = /^\s*([\w.-]+)\s*=/.exec(line)?.[1];
    if (section === "console_scripts" && name !== undefined) names.push(name);
  }
  return names;
}
