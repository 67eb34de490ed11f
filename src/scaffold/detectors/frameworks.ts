import { compareVersions } from "../../catalog/versions.ts";
import type {
  Detector,
  Draft,
  Evidence,
  Found,
  Framework,
  FrameworkName,
  ProjectFiles,
  Requirement,
} from "../project.ts";
import { buildHints } from "./frameworks/builds.ts";
import { addImported } from "./frameworks/imported.ts";
import { frameworkOf, impliedBy } from "./frameworks/known.ts";
import { installed } from "./reading/installed.ts";
import { forRunning, type Wishes } from "./reading/wish-list.ts";
import { wishesOf } from "./reading/wishes.ts";

/** The frameworks with what is known of their CUDA: what is asked for, what the lock file brings, what the code imports. */
export const frameworks: Detector = (files, draft) => {
  if (draft.manager.value === "r") {
    ofR(draft);
    return;
  }
  const wishes = wishesOf(files);
  const found = new Map<FrameworkName, Evidence[]>();
  const add = (name: FrameworkName, from: Evidence): void => {
    const because = found.get(name);
    if (because === undefined) found.set(name, [from]);
    else if (because.length < 3) because.push(from);
  };
  const own = installed(files, draft);
  addAsked(own, found, add);
  // Where nothing that always is installed needs a framework, the extras say which one the code works with.
  if (found.size === 0)
    addAsked(
      forRunning(draft.requirements).filter(({ name }) => frameworkOf[name] !== "cupy"),
      found,
      add,
    );
  // The lock file does not tell for whom it brings a package: it counts where something is asked for that may bring it.
  for (const name of ["torch", "tensorflow", "vllm"] as const) {
    const [locked] = wishes.locked.get(name) ?? [];
    if (
      locked !== undefined &&
      !found.has(name) &&
      wishes.lockFile !== undefined &&
      !onlyForOthers(wishes, own, name)
    )
      add(name, { file: wishes.lockFile, line: locked.line, says: `has ${name} ${locked.version}` });
  }
  addImported(files, draft, found, add);
  if (found.has("onnxruntime-gpu")) found.delete("onnxruntime");
  draft.frameworks = [...found].map(([name, because]) => describe(files, draft, wishes, name, because));
};

/** The frameworks that packages are or need. */
function addAsked(
  wanted: readonly Requirement[],
  found: ReadonlyMap<FrameworkName, Evidence[]>,
  add: (name: FrameworkName, from: Evidence) => void,
): void {
  for (const { name, from } of wanted) {
    const framework = frameworkOf[name];
    if (framework !== undefined) add(framework, from);
  }
  for (const { name, from, version } of wanted) {
    const framework = impliedBy.get(name);
    if (framework !== undefined && !found.has(framework))
      add(framework, { ...from, says: `asks for ${name}${version}, which needs ${framework}` });
  }
}

/** Whether a package is asked for, but only by developers or in extras that are not installed. */
function onlyForOthers(wishes: Wishes, own: readonly Requirement[], name: string): boolean {
  const brings = (one: Requirement): boolean => one.name === name || impliedBy.get(one.name) === name;
  return wishes.requirements.some(brings) && !own.some(brings);
}

function describe(
  files: ProjectFiles,
  draft: Draft,
  wishes: Wishes,
  name: FrameworkName,
  because: readonly Evidence[],
): Found<Framework> {
  const names = Object.keys(frameworkOf).filter((one) => frameworkOf[one] === name);
  const asked = draft.requirements.filter((one) => names.includes(one.name));
  const locked = names.flatMap((one) => wishes.locked.get(one) ?? []);
  const exact = asked
    .map(({ version }) => /^={2,3}([^,*]+)$/.exec(version)?.[1])
    .find((one) => one !== undefined);
  const newest = [...locked].sort((a, b) =>
    compareVersions(b.version.split("+")[0] ?? "", a.version.split("+")[0] ?? ""),
  )[0]?.version;
  const version = (newest ?? exact)?.split("+")[0];
  const hints = buildHints(files, draft, wishes, name, names);
  const cuda = hints.find((one) => one.cuda !== undefined)?.cuda;
  const says = new Set(hints.map(({ build }) => build));
  const [build = "open"] = says.size === 1 ? [...says] : [];
  const told = hints
    .map(({ from }) => from)
    .filter((from) => !because.some((one) => one.file === from.file && one.line === from.line));
  return { value: { name, version, build, cuda }, because: [...because, ...told].slice(0, 5) };
}

function ofR(draft: Draft): void {
  for (const name of ["torch", "tensorflow"] as const) {
    const asked = draft.requirements.find((one) => one.name === name && one.groups.includes("main"));
    if (asked === undefined) continue;
    const value: Framework = { name, version: undefined, build: "open", cuda: undefined };
    draft.frameworks.push({ value, because: [asked.from] });
  }
}
