import { satisfies } from "@renovatebot/pep440";
import { findFramework } from "../../catalog/frameworks.ts";
import { torchReleases } from "../../catalog/torch-releases.ts";
import { findTorch } from "../../catalog/torch.ts";
import { compareVersions, minorOf } from "../../catalog/versions.ts";
import type { Detector, Draft, Evidence, Framework, ProjectFiles } from "../project.ts";
import { baseOf } from "./reading/base.ts";
import { containerFacts } from "./reading/container-commands.ts";
import { evidence, readToml, textsAt } from "./reading/parsed.ts";
import { readSetup } from "./reading/setup-file.ts";
import type { PythonWish } from "./reading/wish-list.ts";
import { wishesOf } from "./reading/wishes.ts";

const minors = ["3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"];

/** Where nothing tells more, nearly every package has wheels for this one. */
const widelyServed = "3.13";

/** The last Python with wheels of old releases: whoever pins one of them cannot take a newer Python. Read from PyPI's files. */
const wheels: Readonly<Record<string, readonly (readonly [below: string, python: string])[]>> = {
  torch: [
    ["1.4", "3.7"],
    ["1.7.1", "3.8"],
    ["1.11", "3.9"],
    ["1.13", "3.10"],
    ["2.0", "3.11"],
  ],
  tensorflow: [
    ["2.2", "3.7"],
    ["2.4", "3.8"],
  ],
  "tensorflow-gpu": [
    ["2.2", "3.7"],
    ["2.4", "3.8"],
    ["2.5", "3.8"],
    ["2.8", "3.9"],
    ["2.12", "3.10"],
  ],
  numpy: [
    ["1.12", "3.6"],
    ["1.17.3", "3.7"],
    ["1.19.3", "3.8"],
    ["1.21.2", "3.9"],
    ["1.23.2", "3.10"],
    ["1.26", "3.11"],
    ["2.1", "3.12"],
    ["2.3.2", "3.13"],
  ],
  scipy: [
    ["1.5.4", "3.8"],
    ["1.7.2", "3.9"],
    ["1.9.2", "3.10"],
    ["1.11.2", "3.11"],
    ["1.14.1", "3.12"],
  ],
  pandas: [
    ["1.1.3", "3.8"],
    ["1.3.3", "3.9"],
    ["1.5.1", "3.10"],
    ["2.1.1", "3.11"],
    ["2.2.3", "3.12"],
  ],
  "scikit-learn": [
    ["0.24", "3.8"],
    ["1.0.2", "3.9"],
    ["1.1.3", "3.10"],
    ["1.3.1", "3.11"],
    ["1.5.2", "3.12"],
  ],
};

/** The Python: one that is chosen somewhere, else the newest that the project and what it asks for allow. */
export const pythonVersion: Detector = (files, draft) => {
  const base = baseOf(files);
  const wishes = wishesOf(files).pythons;
  const main = wishes.filter(({ from }) => from.file === draft.manifest);
  const ranges = (main.length > 0 ? main : wishes).filter(({ kind }) => kind === "range");
  const pins = [
    ...versionFiles(files, base),
    ...wishes.filter(({ kind, from }) => kind === "pin" && believesPin(draft, from)),
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
  for (const { python, from } of packageLimits(draft))
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

/** The last Python that the pinned frameworks and packages have wheels for. */
function packageLimits(draft: Draft): { python: string; from: Evidence }[] {
  const limits: { python: string; from: Evidence }[] = [];
  for (const { value, because } of draft.frameworks) {
    const file = because[0] ?? { file: "", says: "" };
    const says = (python: string): Evidence => ({
      ...file,
      says: `${file.says}, which has wheels up to Python ${python}`,
    });
    const known =
      value.name === "torch"
        ? torchPythons(value)
        : value.version !== undefined && (value.name === "tensorflow" || value.name === "jax")
          ? findFramework(value.name, value.version)?.python
          : undefined;
    if (known !== undefined) limits.push({ python: known[1], from: says(known[1]) });
  }
  for (const { name, version, from } of draft.requirements) {
    const exact = /^={2,3}(\d[\w.]*)(?:\+\w+)?$/.exec(version)?.[1];
    const row =
      exact === undefined ? undefined : wheels[name]?.find(([below]) => compareVersions(exact, below) < 0);
    if (row !== undefined)
      limits.push({
        python: row[1],
        from: { ...from, says: `${from.says}, which has wheels up to Python ${row[1]}` },
      });
  }
  return limits;
}

/** Python's of the pinned torch, else of the newest that was built for the CUDA that is asked for, else of the newest. */
function torchPythons({ version, cuda }: Framework): readonly [string, string] | undefined {
  if (version !== undefined) return findTorch(version)?.python;
  if (cuda !== undefined && compareVersions(cuda, "11.8") < 0)
    return ["3.7", compareVersions(cuda, "11.6") < 0 ? "3.10" : "3.11"];
  return (
    torchReleases.find((one) => cuda === undefined || !cuda.includes(".") || one.cuda.includes(cuda)) ??
    torchReleases[0]
  )?.python;
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
  for (const name of ["README.md", "README.rst", "readme.md", "INSTALL.md"]) {
    const minor = /(?:conda|mamba) create[^\n]{0,80}python\s*={1,2}\s*(3\.\d+)|--python[= ](3\.\d+)/.exec(
      (files.read(base + name) ?? "").slice(0, 200_000),
    );
    const python = minor?.[1] ?? minor?.[2];
    if (python !== undefined)
      hints.push({
        python,
        from: evidence(files, base + name, `makes an environment with Python ${python}`, python),
      });
  }
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
