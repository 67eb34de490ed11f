import { findFramework, frameworks } from "../../catalog/frameworks.ts";
import { torchReleases } from "../../catalog/torch-releases.ts";
import { findTorch } from "../../catalog/torch.ts";
import { compareVersions } from "../../catalog/versions.ts";
import type { Draft, Evidence, Framework, ProjectFiles } from "../project.ts";
import { isBesides } from "./reading/base.ts";
import { pythonFiles } from "./reading/python-files.ts";

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

/** The last Python that the frameworks and packages which are asked for have wheels for. */
export function wheelLimits(
  files: ProjectFiles,
  draft: Draft,
): { readonly python: string; readonly from: Evidence }[] {
  const limits: { python: string; from: Evidence }[] = [];
  const add = (python: string | undefined, from: Evidence, says = from.says): void => {
    if (python !== undefined)
      limits.push({ python, from: { ...from, says: `${says}, which has wheels up to Python ${python}` } });
  };
  for (const { value, because } of draft.frameworks) {
    const from = because[0] ?? { file: "", says: "" };
    const asked = draft.requirements.find(({ name }) => name === value.name);
    if (value.name === "torch") add(torchPythons(value, limitOf(asked?.version))?.[1], from);
    if (value.name !== "tensorflow" && value.name !== "jax") continue;
    const limit = limitOf(asked?.version);
    const known =
      value.version === undefined
        ? limit === undefined
          ? undefined
          : frameworks[value.name].find((one) => compareVersions(one.from, limit) < 0)
        : findFramework(value.name, value.version);
    add(known?.python?.[1], from);
    const old =
      value.name === "tensorflow" && value.version === undefined ? tensorflow1Use(files) : undefined;
    add(old && "3.7", old ?? from, "works with TensorFlow 1");
  }
  for (const { name, version, from } of draft.requirements) {
    const exact = /^={2,3}(\d[\w.]*)(?:\+\w+)?$/.exec(version)?.[1];
    const limit = limitOf(version);
    const row = wheels[name]?.find(([below]) =>
      exact === undefined
        ? limit !== undefined && compareVersions(limit, below) <= 0
        : compareVersions(exact, below) < 0,
    );
    add(row?.[1], from);
  }
  return limits;
}

/** The version that a range stays below: 2 for `>=1.20,<2`, 1.27 for `==1.26.*` and `~=1.26.0`; undefined where it is open. */
function limitOf(version = ""): string | undefined {
  const limits = version.split(",").flatMap((part) => {
    const [, operator, number = ""] = /^(<|==|~=)(\d+(?:\.\d+)*)(?:\.\*)?/.exec(part) ?? [];
    if (operator === "<") return [number];
    const parts = number.split(".").map(Number);
    const kept = operator === "~=" ? parts.slice(0, -1) : part.endsWith(".*") ? parts : [];
    return kept.length === 0
      ? []
      : [kept.map((one, at) => (at === kept.length - 1 ? one + 1 : one)).join(".")];
  });
  return limits.sort(compareVersions)[0];
}

/** Python's of the pinned torch, else of the newest that was built for the CUDA that is asked for, else of the newest. */
function torchPythons(
  { version, cuda }: Framework,
  limit: string | undefined,
): readonly [string, string] | undefined {
  if (version !== undefined) return findTorch(version)?.python;
  if (cuda !== undefined && compareVersions(cuda, "11.8") < 0)
    return ["3.7", compareVersions(cuda, "11.6") < 0 ? "3.10" : "3.11"];
  const allowed = torchReleases.filter(
    ({ torch }) => limit === undefined || compareVersions(torch, limit) < 0,
  );
  return (
    allowed.find((one) => cuda === undefined || !cuda.includes(".") || one.cuda.includes(cuda)) ?? allowed[0]
  )?.python;
}

/** Where the code uses what TensorFlow 2 no longer has. */
function tensorflow1Use(files: ProjectFiles): Evidence | undefined {
  for (const { path, imports } of pythonFiles(files)) {
    if (!imports.has("tensorflow") || isBesides(path)) continue;
    const text = files.read(path) ?? "";
    if (/compat\.v1|disable_v2_behavior|disable_eager_execution/.test(text)) return undefined;
    const at = text.search(
      /\btf\.(?:Session|placeholder|contrib|app\.flags|get_default_graph|ConfigProto)\b/,
    );
    if (at >= 0) return { file: path, line: text.slice(0, at).split("\n").length, says: "" };
  }
  return undefined;
}
