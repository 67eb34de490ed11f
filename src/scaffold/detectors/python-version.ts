import { satisfies } from "@renovatebot/pep440";
import { compareVersions, minorOf } from "../../catalog/versions.ts";
import type { Detector, Draft, Evidence, ProjectFiles } from "../project.ts";
import { wheelLimits } from "./python-wheels.ts";
import { baseOf } from "./reading/base.ts";
import { containerFacts } from "./reading/container-commands.ts";
import { evidence, readToml, textsAt } from "./reading/parsed.ts";
import { readmePaths } from "./reading/readme.ts";
import { readSetup } from "./reading/setup-file.ts";
import type { PythonWish } from "./reading/wish-list.ts";
import { wishesOf } from "./reading/wishes.ts";

const minors = ["3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"];

/** Where nothing tells more, nearly every package has wheels for this one. */
const widelyServed = "3.13";

/** The Python: one that is chosen somewhere, else the newest that the project and what it asks for allow. */
export const pythonVersion: Detector = (files, draft) => {
  const base = baseOf(files);
  const wishes = wishesOf(files).pythons;
  const main = wishes.filter(({ from }) => from.file === draft.manifest);
  const ranges = (main.length > 0 ? main : wishes).filter(({ kind }) => kind === "range");
  const pins = [
    ...versionFiles(files, base),
    ...wishes.filter(({ kind, from }) => kind === "pin" && believesPin(draft, from)),
    ...lockedPython(files, draft, wishes.length > 0),
  ];
  const inRange = (python: string): boolean => ranges.every(({ spec }) => allows(spec, python));
  for (const pin of pins) {
    const python = [...minors].reverse().find((one) => allows(pin.spec, one));
    if (python !== undefined && (inRange(python) || ranges.length === 0)) {
      draft.python = { value: python, because: [pin.from] };
      return;
    }
  }
  const because: Evidence[] = ranges.map(({ from }) => from);
  let allowed = minors.filter((one) => ranges.length === 0 || inRange(one));
  if (allowed.length === 0) allowed = minors.filter((one) => ranges.some(({ spec }) => allows(spec, one)));
  const narrow = (keep: (python: string) => boolean, from: Evidence): void => {
    const left = allowed.filter(keep);
    if (left.length === 0 || left.length === allowed.length) return;
    allowed = left;
    because.push(from);
  };
  for (const { python, from } of wheelLimits(files, draft))
    narrow((one) => compareVersions(one, python) <= 0, from);
  const hints = weakHints(files, draft, base);
  const hint = ranges.some(({ spec }) => /<|==|~=/.test(spec))
    ? hints.find(({ isTested }) => isTested === true)
    : hints[0];
  const fits = hint !== undefined && allowed.includes(hint.python) ? hint : undefined;
  if (fits !== undefined) {
    draft.python = { value: fits.python, because: [fits.from, ...because] };
    return;
  }
  narrow((one) => compareVersions(one, widelyServed) <= 0, {
    file: draft.manifest ?? "",
    says: `leaves the newest open; ${widelyServed} has wheels of nearly everything`,
  });
  draft.python = { value: allowed.at(-1) ?? widelyServed, because };
};

/** A conda environment's Python is the project's only where conda installs it. */
function believesPin(draft: Draft, from: Evidence): boolean {
  if (!/\.ya?ml$/.test(from.file)) return true;
  return from.file === draft.manifest || draft.manager.value === "conda" || draft.manager.value === "none";
}

/** The Python that the lock file of a conda environment has, where its manifest asks for none. */
function lockedPython(files: ProjectFiles, draft: Draft, isAsked: boolean): PythonWish[] {
  const { locked, lockFile } = wishesOf(files);
  const [python] = locked.get("python") ?? [];
  if (isAsked || python === undefined || lockFile === undefined || draft.lockFile !== lockFile) return [];
  const minor = minorOf(python.version);
  const from = { file: lockFile, line: python.line, says: `has Python ${python.version}` };
  return [{ spec: `==${minor}.*`, kind: "pin", from }];
}

function versionFiles(files: ProjectFiles, base: string): PythonWish[] {
  const found: PythonWish[] = [];
  for (const [name, pattern] of [
    [".python-version", /^(?:cpython-|python-)?(3\.\d+)/m],
    ["runtime.txt", /^python-(3\.\d+)/m],
    [".tool-versions", /^python\s+(3\.\d+)/m],
    ["mise.toml", /^python\s*=\s*"(3\.\d+)/m],
  ] as const) {
    for (const path of new Set([base + name, name])) {
      const minor = pattern.exec((files.read(path) ?? "").slice(0, 10_000))?.[1];
      if (minor !== undefined)
        found.push({
          spec: `==${minor}.*`,
          kind: "pin",
          from: evidence(files, path, `names Python ${minor}`, minor),
        });
    }
  }
  return found;
}

/** Whether a minor release is in the range, in any of its point releases. */
function allows(spec: string, python: string): boolean {
  return spec.split("||").some((choice) => {
    const plain = choice.trim();
    if (plain === "" || plain === "*") return true;
    const exact = /^={2,3}(\d+\.\d+)(?:\.\d+)?(?:\.\*)?$/.exec(plain)?.[1];
    if (exact !== undefined) return exact === python;
    try {
      return satisfies(`${python}.0`, plain) || satisfies(`${python}.99`, plain);
    } catch {
      return true;
    }
  });
}

/** Hints that are no rule: the Python of a Dockerfile, of the README, the newest that was tested. */
function weakHints(
  files: ProjectFiles,
  draft: Draft,
  base: string,
): { python: string; from: Evidence; isTested?: boolean }[] {
  const hints: { python: string; from: Evidence; isTested?: boolean }[] = [];
  for (const { image, file, line } of containerFacts(files, draft).images) {
    const python = /(?:^|\/)python:(3\.\d+)|python(3\.\d+)/.exec(image);
    const minor = python?.[1] ?? python?.[2];
    if (minor !== undefined)
      hints.push({ python: minor, from: { file, line, says: `starts from ${image}` } });
  }
  for (const path of [...readmePaths(files), `${base}INSTALL.md`]) {
    const made =
      /(?:conda|mamba) create[^\n]{0,80}python\s*={1,2}\s*(3\.\d+)|(?:--python[= ]|\buv venv -p |\bvirtualenv -p )(?:python)?(3\.\d+)|\bpython(3\.\d+) -m venv/.exec(
        (files.read(path) ?? "").slice(0, 200_000),
      );
    const python = made?.slice(1).find((one) => one !== undefined);
    if (python !== undefined)
      hints.push({
        python,
        from: evidence(files, path, `makes an environment with Python ${python}`, python),
      });
  }
  const cog = /^\s+python_version:\s*["']?(3\.\d+)/m.exec(files.read(`${base}cog.yaml`) ?? "")?.[1];
  if (cog !== undefined)
    hints.push({ python: cog, from: evidence(files, `${base}cog.yaml`, `runs with Python ${cog}`, cog) });
  const pyproject = readToml(files, `${base}pyproject.toml`);
  const setup = readSetup(files, `${base}setup.py`);
  for (const [file, list] of [
    [`${base}pyproject.toml`, textsAt(pyproject, "project", "classifiers")],
    [`${base}setup.py`, setup?.classifiers ?? []],
  ] as const) {
    const newest = list
      .map((one) => /Python :: (3\.\d+)$/.exec(one)?.[1])
      .filter((one) => one !== undefined)
      .sort(compareVersions)
      .at(-1);
    // What was tested years ago says that nobody looked since, not that nothing newer works.
    if (newest !== undefined && compareVersions(newest, "3.9") >= 0)
      hints.push({
        python: minorOf(newest),
        isTested: true,
        from: evidence(files, file, `was tested up to Python ${newest}`, newest),
      });
  }
  return hints;
}
