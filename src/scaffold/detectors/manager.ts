import type { Detector, Draft, Evidence, Found, Manager, ProjectFiles } from "../project.ts";
import { readRequirements } from "../requirements.ts";
import { baseOf, isRequirementsName, saysProject } from "./reading/base.ts";
import { lockFileOf } from "./reading/lock-file.ts";
import { evidence, listAt, pairsAt, readToml, readYaml, tableAt, textAt, textsAt } from "./reading/parsed.ts";
import { readmePaths } from "./reading/readme.ts";
import { readSetup } from "./reading/setup-file.ts";
import { environmentFiles } from "./reading/wishes-conda.ts";
import { workspaceMembers } from "./reading/wishes-pyproject.ts";
import { wishesOf } from "./reading/wishes.ts";
import { readDescription } from "./r-project.ts";

/** What installs the packages, with the manifest and the lock file: a lock file decides before tables of tools, those before files. */
export const manager: Detector = (files, draft) => {
  const base = baseOf(files);
  setManager(files, draft, draft.r && !hasPython(files, base) ? ofR(files, base) : findManager(files, base));
};

/** Puts into a draft what installs the packages, with the lists beside the manifest. */
export function setManager(files: ProjectFiles, draft: Draft, found: ManagerChoice): void {
  draft.requirementFiles = wishesOf(files).requirementFiles;
  draft.workspace = workspaceMembers(files, baseOf(files));
  draft.manager = { value: found.value, because: found.because };
  draft.manifest = found.manifest;
  draft.lockFile = found.lockFile;
}

/** A manager with the files that it works with. */
export interface ManagerChoice extends Found<Manager> {
  readonly manifest: string | undefined;
  readonly lockFile: string | undefined;
}

function hasPython(files: ProjectFiles, base: string): boolean {
  const names = [
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "Pipfile",
    "pixi.toml",
    "environment.yml",
    "environment.yaml",
  ];
  return !files.has(`${base}DESCRIPTION`) && names.some((name) => files.has(base + name));
}

/** R, with what lists its packages. */
export function ofR(files: ProjectFiles, base: string): ManagerChoice {
  const lock = files.has(`${base}renv.lock`) ? `${base}renv.lock` : undefined;
  const manifest =
    readDescription(files, `${base}DESCRIPTION`) === undefined
      ? (["install.R", "install.r", "requirements.R"]
          .map((one) => base + one)
          .find((one) => files.has(one)) ?? lock)
      : `${base}DESCRIPTION`;
  const file = manifest ?? files.list.find(({ path }) => /\.(?:R|r|Rmd|qmd)$/.test(path))?.path ?? "";
  return { value: "r", manifest, lockFile: lock, because: [{ file, says: "is of R" }] };
}

/** The manager of a project of Python. */
export function findManager(files: ProjectFiles, base: string): ManagerChoice {
  const pyproject = `${base}pyproject.toml`;
  const toml = readToml(files, pyproject);
  const lock = lockFileOf(files, base);
  if (lock !== undefined) {
    const { path: lockFile, manager: value } = lock;
    const manifest = manifestOf(files, base, value);
    return { value, manifest, lockFile, because: [{ file: lockFile, says: `is the lock file of ${value}` }] };
  }
  const chosen = (value: Manager, manifest: string, says: string, ...words: string[]): ManagerChoice => ({
    value,
    manifest,
    lockFile: undefined,
    because: [evidence(files, manifest, says, ...words)],
  });
  if (files.has(`${base}pixi.toml`)) return chosen("pixi", `${base}pixi.toml`, "is the manifest of pixi");
  const tool = (name: string): boolean => tableAt(toml, "tool", name) !== undefined;
  if (tool("pixi")) return chosen("pixi", pyproject, "has tables of pixi", "[tool.pixi");
  if (tableAt(toml, "tool", "poetry", "dependencies") !== undefined)
    return chosen("poetry", pyproject, "has tables of poetry", "[tool.poetry");
  if (textAt(toml, "build-system", "build-backend")?.startsWith("poetry") === true)
    return chosen("poetry", pyproject, "is built by poetry", "build-backend");
  if (usesUv(toml)) return chosen("uv", pyproject, "has tables of uv", "[tool.uv");
  if (pairsAt(toml, "tool", "pdm").some(([key]) => !["build", "version"].includes(key)))
    return chosen("pdm", pyproject, "has tables of pdm", "[tool.pdm");
  if (usesHatch(files, toml))
    return chosen("hatch", pyproject, "has environments of hatch", "[tool.hatch.envs");
  if (files.has(`${base}Pipfile`)) return chosen("pipenv", `${base}Pipfile`, "is the manifest of pipenv");
  return ofFiles(files, base, chosen);
}

function usesUv(toml: ReturnType<typeof readToml>): boolean {
  const uv = tableAt(toml, "tool", "uv");
  if (uv === undefined) return textAt(toml, "build-system", "build-backend") === "uv_build";
  // These also steer `uv pip` and builds, whoever makes the environment.
  return Object.keys(uv).some(
    (key) => !/^(?:build-backend|pip|exclude-newer.*|cache-keys|preview)$/.test(key),
  );
}

/** Whether hatch makes the environment that the project runs in, and not only those of its tests and documents. */
function usesHatch(files: ProjectFiles, toml: ReturnType<typeof readToml>): boolean {
  const names = pairsAt(toml, "tool", "hatch", "envs").map(([name]) => name);
  if (names.length === 0) return false;
  const told = readmePaths(files).some((path) =>
    /\bhatch\s+(?:run|shell|env)\b/.test(files.read(path) ?? ""),
  );
  return names.includes("default") || told;
}

type Chosen = (value: Manager, manifest: string, says: string, ...words: string[]) => ManagerChoice;

/** The manager of a project that has only lists of packages, no tables or lock file of a tool. */
export function ofFiles(files: ProjectFiles, base: string, chosen: Chosen): ManagerChoice {
  const [environment] = environmentFiles(files, base);
  const main = mainRequirements(files);
  const pyproject = `${base}pyproject.toml`;
  const asked = textsAt(readToml(files, pyproject), "project", "dependencies").length > 0;
  const setup = readSetup(files, `${base}setup.py`);
  const cfg = /^install_requires\s*=/m.test(files.read(`${base}setup.cfg`) ?? "");
  const isAsked = asked || cfg || (setup?.requires.length ?? 0) > 0 || (setup?.reads.length ?? 0) > 0;
  if (environment !== undefined) {
    const says = condaIsMeant(files, environment, main !== undefined || isAsked, setup?.isSetup === true);
    if (says !== undefined) {
      return { value: "conda", manifest: environment, lockFile: undefined, because: says };
    }
  }
  // A list that is compiled somewhere below, for tests of speed say, is not how the project is installed.
  const compiled = files.list.find(({ path }) => {
    const isOwn = path.startsWith(base) && isRequirementsName(path.slice(base.length));
    return isOwn && path.endsWith(".in") && files.has(path.replace(/\.in$/, ".txt")) && main !== undefined;
  })?.path;
  if (
    compiled !== undefined &&
    readRequirements(files, compiled.replace(/\.in$/, ".txt")).compiledBy !== undefined
  ) {
    const lockFile = main ?? compiled.replace(/\.in$/, ".txt");
    const manifest = files.has(lockFile.replace(/\.txt$/, ".in"))
      ? lockFile.replace(/\.txt$/, ".in")
      : compiled;
    return { ...chosen("pip-tools", manifest, "is compiled by pip-tools"), lockFile };
  }
  if (
    main !== undefined &&
    readRequirements(files, main).compiledBy === "pip-compile" &&
    saysProject(files, pyproject)
  )
    return { ...chosen("pip-tools", pyproject, "is compiled into a list by pip-tools"), lockFile: main };
  if (asked) return chosen("pip", pyproject, "asks for packages", "dependencies");
  if (main !== undefined && !isAsked) return chosen("pip", main, "asks for packages");
  if (setup?.isSetup === true)
    return chosen(
      "pip",
      main !== undefined && setup.requires.length === 0 ? main : `${base}setup.py`,
      "is installed by pip",
    );
  if (main !== undefined) return chosen("pip", main, "asks for packages");
  if (files.has(`${base}setup.cfg`) && cfg)
    return chosen("pip", `${base}setup.cfg`, "asks for packages", "install_requires");
  if (saysProject(files, pyproject)) return chosen("pip", pyproject, "is a project of Python");
  if (environment !== undefined) return chosen("conda", environment, "is an environment of conda");
  if (files.has(`${base}setup.py`)) return chosen("pip", `${base}setup.py`, "is installed by pip");
  const program = files.list.find(({ path }) => /\.(?:py|ipynb)$/.test(path))?.path;
  const because =
    program === undefined ? [] : [{ file: program, says: "is there, but no file lists packages" }];
  return { value: "none", manifest: undefined, lockFile: undefined, because };
}

/** The requirements file for what always is installed. */
function mainRequirements(files: ProjectFiles): string | undefined {
  const mains = wishesOf(files).requirementFiles.filter(
    ({ group, path }) => group === "main" && path.endsWith(".txt"),
  );
  const plain = mains.find(({ path }) => /(?:^|\/)requirements?\.txt$/i.test(path));
  return (plain ?? mains[0])?.path;
}

/**
 * Why the environment file is how the project is installed; undefined where it is only one more way. Where there are other lists
 * the README decides: the first way that it tells is the one that its authors use.
 */
function condaIsMeant(
  files: ProjectFiles,
  path: string,
  hasOthers: boolean,
  isSetup: boolean,
): Evidence[] | undefined {
  const own = evidence(files, path, "is an environment of conda");
  if (!hasOthers && !isSetup) return [own];
  const pip = listAt(readYaml(files, path), "dependencies").flatMap((one) => textsAt(one, "pip"));
  if (pip.some((one) => /^(?:-r|--requirement)\b|^(?:-e )?\.$/.test(one))) return [own];
  const [readme] = readmePaths(files);
  const text = (readme === undefined ? undefined : files.read(readme)) ?? "";
  const conda = text.search(/(?:conda|mamba)\s+env\s+(?:create|update)/);
  const other = text.search(/(?:pip3?|uv pip)\s+install\s+(?:-r\s|-e\s|\.(?:\s|$|\[)|--requirement|[a-z])/);
  if (!hasOthers && conda < 0) return other < 0 ? [own] : undefined;
  if (conda < 0 || (other >= 0 && other < conda)) return undefined;
  return [own, evidence(files, readme ?? "", "installs with conda first", "env create")];
}

/** Where a tool has its manifest; undefined where it is not there. */
export function manifestOf(files: ProjectFiles, base: string, value: Manager): string | undefined {
  const candidates: Readonly<Partial<Record<Manager, readonly string[]>>> = {
    pixi: ["pixi.toml", "pyproject.toml"],
    pipenv: ["Pipfile"],
    conda: ["environment.yml", "environment.yaml"],
  };
  return (candidates[value] ?? ["pyproject.toml"]).map((name) => base + name).find((path) => files.has(path));
}
