import { compareVersions } from "../catalog/versions.ts";
import type { Answers, StageName } from "./answers.ts";
import { asChosen } from "./as-chosen.ts";
import { chooseBases } from "./bases.ts";
import { type Choices, targetNames } from "./choices.ts";
import { vllmDemands } from "./cuda/vllm.ts";
import { decideCommands } from "./decide-commands.ts";
import { decideCuda } from "./decide-cuda.ts";
import { extrasByUse, trainGroups } from "./decide-groups.ts";
import { asked, type Reason, reasonsFor } from "./decide-reasons.ts";
import { decideStages } from "./decide-stages.ts";
import { evidence } from "./evidence.ts";
import { impossible } from "./impossible.ts";
import type { Project } from "./project.ts";

/** What is decided, and why. */
export interface Decision {
  readonly answers: Answers;
  readonly reasons: readonly Reason[];
}

/**
 * What is to be written for a project: what somebody chose, else what was found, else what the catalogue has. `earlier` are the answers of the
 * run before: of what the catalogue offers, its choice stays as long as it fits. Throws `IMPOSSIBLE` with the nearest that goes,
 * `GPU_UNKNOWN`.
 */
export function decide(found: Project, choices: Choices, earlier: Answers | undefined): Decision {
  const project = asChosen(found, choices);
  const { python, because: pythonWhy } = decidePython(project, choices);
  const cuda = decideCuda(project, choices, python, earlier);
  const commands = decideCommands(project, choices);
  const stages = decideStages(project, choices, cuda, commands);
  const { weights = "volume", system = [] } = choices;
  const decided: Omit<Answers, "bases"> = {
    name: project.name,
    manager: project.manager.value,
    manifest: project.manifest,
    lockFile: project.lockFile,
    python,
    stages,
    only: targetNames.filter((one) => choices.only === undefined || choices.only.includes(one)),
    gpus: cuda.gpus.map((one) => one.name),
    driver: cuda.driver,
    cuda: stages.some((one) => one.endsWith("-gpu")) ? cuda.cuda : undefined,
    torch: cuda.torch,
    registry: choices.registry,
    systemNeeds: project.systemNeeds.map((one) => one.value),
    train: commands.train,
    serve: commands.serve,
    port: commands.port,
    health: commands.health,
    weights,
    weightFolder: weightFolderOf(project, choices, stages),
    dataFolders: project.dataFolders,
    sources: project.sources,
    isPackage: project.isPackage,
    trainGroups: trainGroups(project),
  };
  const frameworks = project.frameworks.map((one) => one.value);
  const jupyter = jupyterOf(project);
  const trackers = trackersOf(project);
  const answers: Answers = {
    ...decided,
    bases: chooseBases({ ...decided, gpus: cuda.gpus, frameworks }),
    ...(system.length === 0 ? {} : { systemPackages: system }),
    frameworks,
    requirementFiles: project.requirementFiles,
    workspace: project.workspace,
    serving: project.serving?.value.kind,
    extras: extrasByUse(project, decided.cuda),
    ...(jupyter === undefined ? {} : { jupyter }),
    ...(trackers.length === 0 ? {} : { trackers }),
    ...(project.versionVariable === undefined ? {} : { versionVariable: project.versionVariable }),
  };
  const because = { ...commands.because, python: pythonWhy };
  return { answers, reasons: reasonsFor(answers, { project, choices, cuda, because }) };
}

/** Where weights lie: said, found, or `models` where a service may well have some. */
function weightFolderOf(
  project: Project,
  choices: Choices,
  stages: readonly StageName[],
): string | undefined {
  if (choices.weightFolder !== undefined)
    return choices.weightFolder === "none" ? undefined : choices.weightFolder;
  const [found] = project.weightFolders;
  if (found !== undefined) return found;
  const names = project.frameworks.map((one) => one.value.name);
  // vLLM fetches its model by name into the cache.
  const mayHave = names.length > 0 && !names.includes("vllm");
  const serves = stages.some((one) => one.startsWith("serve"));
  const wanted = serves && (mayHave || choices.weights !== undefined);
  return wanted || project.weights.length > 0 ? "models" : undefined;
}

function jupyterOf({ notebooks, requirements }: Project): Answers["jupyter"] | undefined {
  if (!notebooks.some((path) => path.endsWith(".ipynb"))) return undefined;
  const has = (name: string) => requirements.some((one) => one.name === name);
  // The package jupyter brings the lab.
  if (has("jupyterlab") || has("jupyter")) return "lab";
  return has("notebook") ? "notebook" : undefined;
}

function trackersOf({ requirements }: Project): NonNullable<Answers["trackers"]> {
  return (["wandb", "mlflow"] as const).filter((name) => requirements.some((one) => one.name === name));
}

/** Python, with a half sentence that says why. Throws `IMPOSSIBLE` for one that vLLM does not install on. */
function decidePython(
  project: Project,
  choices: Choices,
): { readonly python: string; readonly because: string } {
  const python = choices.python ?? project.python.value;
  const vllm = vllmDemands(project);
  if (vllm !== undefined && compareVersions(python, vllm.python) > 0) {
    const because = `${vllm.name} does not install on Python ${python}`;
    if (choices.python !== undefined)
      throw impossible(because, `The nearest that goes is --python ${vllm.python}.`);
    return { python: vllm.python, because };
  }
  return { python, because: choices.python === undefined ? evidence(project.python) : asked };
}
