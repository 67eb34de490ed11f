import { managerNames } from "../choices.ts";
import { impossible } from "../impossible.ts";
import type { Detector, Draft, Manager, ProjectFiles } from "../project.ts";
import { findManager, type ManagerChoice, manifestOf, ofFiles, ofR, setManager } from "./manager.ts";
import { baseOf } from "./reading/base.ts";
import { lockFileOf, locksForOthers } from "./reading/lock-file.ts";
import { readToml, tableAt } from "./reading/parsed.ts";
import { environmentFiles } from "./reading/wishes-conda.ts";

/** What has to be there, by manager. */
const needed: Readonly<Record<Manager, string>> = {
  uv: "a pyproject.toml with [project]",
  pip: "a requirements.txt, a setup.py or a pyproject.toml with [project]",
  "pip-tools": "a list that pip-tools compiled from another, requirements.in or pyproject.toml",
  poetry: "a pyproject.toml with [project] or [tool.poetry]",
  pdm: "a pyproject.toml with [project], and pdm.lock",
  hatch: "a pyproject.toml with [project]",
  pipenv: "a Pipfile, and Pipfile.lock",
  pixi: "a pixi.toml, or a pyproject.toml with [tool.pixi]",
  conda: "an environment.yml, or conda-lock.yml",
  r: "files of R",
  none: "nothing",
};

/** The files as a manager sees them that somebody chose: what is locked for others does not count, nor do conda's environments for pip. */
export function filesFor(files: ProjectFiles, manager: Manager): ProjectFiles {
  if (manager === "none" || manager === "r") return files;
  const isPip = manager === "pip" || manager === "pip-tools";
  const environments = new Set(isPip ? environmentFiles(files, baseOf(files)) : []);
  const isHidden = (path: string) => environments.has(path) || locksForOthers(path, manager);
  return {
    list: files.list.filter((one) => !isHidden(one.path)),
    has: (path) => !isHidden(path) && files.has(path),
    read: (path) => (isHidden(path) ? undefined : files.read(path)),
  };
}

/** The manager that somebody chose, with the files for it. The detector throws `IMPOSSIBLE` where they are not in `all`, and names those that go. */
export function chosenManager(all: ProjectFiles, name: Manager): Detector {
  return (files, draft) => {
    const found = choiceOf(files, draft, name);
    if (found === undefined) {
      const others = managerNames.filter((one) => choiceOf(filesFor(all, one), draft, one) !== undefined);
      throw impossible(
        `${name} cannot install the packages of this project: it needs ${needed[name]}`,
        `What is there is enough for --manager ${others.join(", ")}.`,
      );
    }
    setManager(files, draft, found);
  };
}

/** What a project is to a manager, of its own files as `filesFor` shows them; undefined where it is nothing to it. */
function choiceOf(files: ProjectFiles, draft: Draft, name: Manager): ManagerChoice | undefined {
  const base = baseOf(files);
  if (name === "none") return { value: name, manifest: undefined, lockFile: undefined, because: [] };
  if (name === "r") return draft.r ? ofR(files, base) : undefined;
  if (name === "pip" || name === "pip-tools") return ofPip(files, base, name);
  const found = findManager(files, base);
  if (found.value === name && found.manifest !== undefined) return found;
  const lockFile = lockFileOf(files, base)?.path;
  if (!isEnough(files, base, name, lockFile)) return undefined;
  const [environment] = name === "conda" ? environmentFiles(files, base) : [];
  const manifest = environment ?? manifestOf(files, base, name);
  return { value: name, manifest, lockFile, because: [] };
}

function ofPip(files: ProjectFiles, base: string, name: "pip" | "pip-tools"): ManagerChoice | undefined {
  const found = ofFiles(files, base, (value, manifest) => ({
    value,
    manifest,
    lockFile: undefined,
    because: [],
  }));
  const { manifest, lockFile } = found;
  if (manifest === undefined || (name === "pip-tools" && found.value !== name)) return undefined;
  // To pip the compiled list is one like any other.
  if (name === "pip") {
    const list = lockFile ?? manifest;
    const isProject = !list.endsWith("pyproject.toml") || hasTable(files, base, "project");
    return isProject ? { ...found, value: name, manifest: list, lockFile: undefined } : undefined;
  }
  return found;
}

/** Whether the files are there that a manager works with although the project seems to be another one's. */
function isEnough(files: ProjectFiles, base: string, name: Manager, lockFile: string | undefined): boolean {
  const isProject = hasTable(files, base, "project");
  switch (name) {
    case "uv":
    case "hatch":
      return isProject;
    case "poetry":
      return isProject || hasTable(files, base, "tool", "poetry");
    // These export what they locked, and nothing without.
    case "pdm":
      return isProject && lockFile !== undefined;
    case "pipenv":
      return files.has(`${base}Pipfile`) && lockFile !== undefined;
    case "pixi":
      return files.has(`${base}pixi.toml`) || hasTable(files, base, "tool", "pixi");
    case "conda":
      return lockFile !== undefined || environmentFiles(files, base).length > 0;
    default:
      return false;
  }
}

function hasTable(files: ProjectFiles, base: string, ...keys: string[]): boolean {
  return tableAt(readToml(files, `${base}pyproject.toml`), ...keys) !== undefined;
}
