import type { Detector, ProjectFiles } from "../project.ts";
import { baseOf, isBesides } from "./reading/base.ts";
import { readToml, tableAt, textAt } from "./reading/parsed.ts";
import { readSetup } from "./reading/setup-file.ts";
import { readDescription } from "./r-project.ts";

const notSource =
  /^(?:\.|tests?$|docs?$|examples?$|notebooks?$|benchmarks?$|outputs?$|results?$|logs?$|wandb$|mlruns$|runs$|build$|dist$|assets?$|images?$|figures?$|media$|docker$|deploy(?:ment)?$|k8s$|kubernetes$|helm$|ci$|github$|frontend$|web-?ui-?src$|paper$|site$|requirements?$|packaging$|tutorials?$|samples?$|third[-_]?party$|node_modules$)/i;
const settings =
  /^(?:configs?|conf|cfgs?|settings|templates?|static|prompts?|locales?|resources|migrations)$/i;
const notProgram = /^(?:setup|conftest|noxfile|tasks|versioneer|fabfile|dodo|docs|test_.*|.*_test)\.py$/;

/** Folders and files that are the program, and whether it is a package that has to be installed. */
export const sources: Detector = (files, draft) => {
  const base = baseOf(files);
  const folders = new Map<string, boolean>();
  const sources: string[] = [];
  for (const { path } of files.list) {
    if (!path.startsWith(base)) continue;
    const [first = "", ...rest] = path.slice(base.length).split("/");
    const isCode = /\.(?:py|pyx|R|r|cu|cpp|c|h|hpp|cuh)$/.test(path);
    if (rest.length === 0) {
      if (/\.(?:py|R|Rmd|qmd)$/.test(first) && !notProgram.test(first)) sources.push(path);
    } else if (!notSource.test(first) && (isCode || settings.test(first))) {
      folders.set(first, folders.get(first) === true || (isCode && !isBesides(path)) || settings.test(first));
    }
  }
  for (const [folder, isSource] of folders) {
    const path = base + folder;
    if (isSource && !draft.dataFolders.includes(path) && !draft.weightFolders.includes(path))
      sources.push(path);
  }
  for (const member of draft.workspace) {
    if (!sources.some((one) => member === one || member.startsWith(`${one}/`))) sources.push(member);
  }
  draft.sources = [...new Set(sources)].sort();
  const manager = draft.manager.value;
  draft.isPackage =
    isPackage(files, base, manager) ||
    draft.workspace.some((member) => isPackage(files, `${member}/`, manager));
};

function isPackage(files: ProjectFiles, base: string, manager: string): boolean {
  if (manager === "r")
    return (
      readDescription(files, `${base}DESCRIPTION`)?.has("Package") === true &&
      files.list.some(({ path }) => path.startsWith(`${base}R/`))
    );
  const pyproject = readToml(files, `${base}pyproject.toml`);
  const builds = tableAt(pyproject, "build-system") !== undefined;
  if (tableAt(pyproject, "tool", "poetry")?.["package-mode"] === false) return false;
  const isUvPackage = tableAt(pyproject, "tool", "uv")?.["package"];
  if (typeof isUvPackage === "boolean") return isUvPackage;
  if (tableAt(pyproject, "tool", "pdm")?.["distribution"] === false) return false;
  const poetry = textAt(pyproject, "tool", "poetry", "name");
  if (poetry !== undefined && (builds || manager === "poetry"))
    return (
      hasModule(files, base, poetry) ||
      tableAt(pyproject, "tool", "poetry", "scripts") !== undefined ||
      tableAt(pyproject, "tool", "poetry")?.["packages"] !== undefined
    );
  // Without a build system uv and pdm leave the project itself out; pip takes setuptools.
  if (tableAt(pyproject, "project") !== undefined)
    return (
      builds || (manager === "pip" && hasModule(files, base, textAt(pyproject, "project", "name") ?? ""))
    );
  return (
    readSetup(files, `${base}setup.py`)?.isSetup === true ||
    /^\[metadata\]/m.test(files.read(`${base}setup.cfg`) ?? "")
  );
}

function hasModule(files: ProjectFiles, base: string, name: string): boolean {
  const module = name.replace(/[-.]+/g, "_").toLowerCase();
  return files.list.some(({ path }) => {
    const inside = path.startsWith(base) ? path.slice(base.length).toLowerCase() : "";
    return (
      [`${module}/`, `src/${module}/`].some((folder) => inside.startsWith(folder)) ||
      inside === `${module}.py`
    );
  });
}
