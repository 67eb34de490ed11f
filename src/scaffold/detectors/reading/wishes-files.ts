import type { ProjectFiles } from "../../project.ts";
import { normalName, parseRequirement, readRequirements } from "../../requirements.ts";
import { depthOf, isBesides, isRequirementsName, nameOf, saysProject } from "./base.ts";
import { evidence, pairsAt, readToml, textAt, textsAt } from "./parsed.ts";
import { readSetup } from "./setup-file.ts";
import { fromPoetry } from "./wishes-pyproject.ts";
import { addWish, isDeveloperGroup, type Wishes } from "./wish-list.ts";

/** Reads requirements files, setup.py, setup.cfg and Pipfile. */
export function wishesOfFiles(files: ProjectFiles, base: string, wishes: Wishes): void {
  readRequirementFiles(files, base, wishes);
  readSetupFiles(files, base, wishes);
  readPipfile(files, `${base}Pipfile`, wishes);
}

function readRequirementFiles(files: ProjectFiles, base: string, wishes: Wishes): void {
  let paths = files.list
    .map(({ path }) => path)
    .filter((path) => path.startsWith(base) && isRequirementsName(path.slice(base.length)));
  const manifests = ["setup.py", "pixi.toml", "Pipfile"];
  const isListed =
    manifests.some((one) => files.has(base + one)) || saysProject(files, `${base}pyproject.toml`);
  if (paths.length === 0 && wishes.requirements.length === 0 && !isListed) {
    // A project that keeps its only list deeper: `app/requirements.txt`.
    paths = files.list
      .map(({ path }) => path)
      .filter(
        (path) =>
          path.startsWith(base) && depthOf(path) <= 3 && !isBesides(path) && isRequirementsName(nameOf(path)),
      )
      .sort(
        (a, b) =>
          Number(!/requirements?\//.test(a)) - Number(!/requirements?\//.test(b)) || depthOf(a) - depthOf(b),
      )
      .slice(0, 1);
  }
  const groups = new Map(paths.map((path) => [path, groupOf(path.slice(base.length))]));
  const hasMain = [...groups.values()].includes("main");
  const only = paths.length === 1 ? paths[0] : newestBuild(paths);
  for (const [path, named] of groups) {
    const group = !hasMain && path === only && !isDeveloperGroup(named) ? "main" : named;
    wishes.requirementFiles.push({ path, group });
    const read = readRequirements(files, path);
    for (const one of read.wanted) {
      // What another file of the list brings has the group of that file.
      const own = groups.get(one.from.file) ?? group;
      addWish(wishes, one, one.from.file === path ? group : own, one.from);
    }
    for (const one of read.indexes) wishes.indexes.push({ ...one, packages: [] });
  }
}

/** Of lists that part by nothing but the hardware, that for the newest CUDA; undefined where they part by something else. */
function newestBuild(paths: readonly string[]): string | undefined {
  const builds = paths.map((path) => /[-_.](?:cpu|gpu|cuda|cu(\d{2,3}))(?=[-_.])/i.exec(path));
  if (builds.some((one) => one === null)) return undefined;
  const cuda = (path: string): number => Number(builds[paths.indexOf(path)]?.[1] ?? 0);
  return [...paths].sort((a, b) => cuda(b) - cuda(a))[0];
}

/** `requirements-dev.txt`, `dev-requirements.txt` and `requirements/dev.txt` are `dev`. */
function groupOf(path: string): string {
  const stem = path.toLowerCase().replace(/\.(?:txt|in)$/, "");
  const named =
    /^require?ment/.test(stem) && stem.includes("/")
      ? (stem.split("/").at(-1) ?? "")
      : stem.replace(/^require?ments?[-_.]?/, "").replace(/[-_.]?require?ments?$/, "");
  return /^(?:|base|main|prod|production|common|core|runtime|require?ments?|all|install|default|app|pip|lock|frozen)$/.test(
    named,
  )
    ? "main"
    : normalName(named);
}

function readSetupFiles(files: ProjectFiles, base: string, wishes: Wishes): void {
  const path = `${base}setup.py`;
  const setup = readSetup(files, path);
  const add = (file: string, text: string, group: string, line: number | undefined): void => {
    const parsed = parseRequirement(text);
    if (parsed === undefined) return;
    const says = `asks for ${parsed.name}${parsed.version}${group === "main" ? "" : ` in ${group}`}`;
    addWish(
      wishes,
      parsed,
      group,
      line === undefined ? evidence(files, file, says, text) : { file, line, says },
    );
  };
  const range = (file: string, spec: string): void => {
    const from = evidence(files, file, `allows Python ${spec}`, spec);
    wishes.pythons.push({ spec: fromPoetry(spec), kind: "range", from });
  };
  for (const { text, line } of setup?.requires ?? []) add(path, text, "main", line);
  for (const { text, line, group } of setup?.extras ?? []) {
    wishes.extras.add(group);
    add(path, text, group, line);
  }
  if (setup?.python !== undefined) range(path, setup.python.text);
  const cfg = `${base}setup.cfg`;
  for (const { section, key, values } of readIni(files.read(cfg) ?? "")) {
    if (section === "options" && key === "install_requires")
      for (const text of values) add(cfg, text, "main", undefined);
    if (section === "options.extras_require") {
      wishes.extras.add(key);
      for (const text of values) add(cfg, text, key, undefined);
    }
    if (section === "options" && key === "python_requires" && values[0] !== undefined) range(cfg, values[0]);
  }
}

/** The entries of an INI file as setup.cfg has them, lists over several lines included. */
export function readIni(text: string): { section: string; key: string; values: string[] }[] {
  const entries: { section: string; key: string; values: string[] }[] = [];
  let section = "";
  for (const raw of text.slice(0, 256 * 1024).split(/\r?\n/)) {
    const plain = raw.replace(/(?:^|\s)[#;].*$/, "");
    const heading = /^\[([^\]]*)\]\s*$/.exec(plain)?.[1];
    const pair = /^([\w.-]+)\s*[=:]\s*(.*)$/.exec(plain);
    if (heading !== undefined) section = heading.trim();
    else if (/^\s/.test(plain)) {
      if (plain.trim() !== "") entries.at(-1)?.values.push(plain.trim());
    } else if (pair !== null) {
      const first = pair[2]?.trim() ?? "";
      entries.push({ section, key: pair[1] ?? "", values: first === "" ? [] : [first] });
    }
  }
  return entries;
}

function readPipfile(files: ProjectFiles, path: string, wishes: Wishes): void {
  const pipfile = readToml(files, path);
  for (const [part, group] of [
    ["packages", "main"],
    ["dev-packages", "dev"],
  ] as const) {
    for (const [name, value] of pairsAt(pipfile, part)) {
      const written = typeof value === "string" ? value : (textAt(value, "version") ?? "");
      const git = textAt(value, "git");
      const wanted = {
        name: normalName(name),
        version: written === "*" ? "" : written,
        extras: textsAt(value, "extras"),
        url: git === undefined ? undefined : `git+${git}`,
      };
      addWish(wishes, wanted, group, evidence(files, path, `asks for ${name} ${written}`, name));
    }
  }
  const python =
    textAt(pipfile, "requires", "python_version") ?? textAt(pipfile, "requires", "python_full_version");
  if (python !== undefined) {
    const from = evidence(files, path, `is for Python ${python}`, python);
    wishes.pythons.push({ spec: `==${python.split(".").slice(0, 2).join(".")}.*`, kind: "pin", from });
  }
  for (const source of Array.isArray(pipfile?.["source"]) ? (pipfile["source"] as unknown[]) : []) {
    const url = textAt(source, "url");
    if (url !== undefined)
      wishes.indexes.push({ url, packages: [], from: evidence(files, path, `names ${url}`, url) });
  }
}
