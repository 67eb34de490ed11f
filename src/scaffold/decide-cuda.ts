import type { Gpu } from "../catalog/gpus.ts";
import type { Answers } from "./answers.ts";
import type { Choices } from "./choices.ts";
import { chooseToolkit } from "./cuda/choose-toolkit.ts";
import { chooseTorch, chooseTorchForCpu, torchWhy } from "./cuda/choose-torch.ts";
import { gpuNamed, type Machine } from "./cuda/machine.ts";
import { systemCudaFor } from "./cuda/system-cuda.ts";
import { evidence } from "./evidence.ts";
import { impossible } from "./impossible.ts";
import type { Framework, Project } from "./project.ts";

/** What is decided about GPUs, and why. */
export interface CudaDecision {
  readonly gpus: readonly Gpu[];
  readonly driver: string | undefined;
  /** Undefined for CPU only. */
  readonly cuda: string | undefined;
  readonly torch: string | undefined;
  /** Half sentences, for display. */
  readonly why: { readonly gpu: string; readonly cuda: string; readonly torch: string };
}

/**
 * GPU, driver, CUDA and torch that go together: what was asked for, else what the project's files say, else what the catalogue has newest.
 * Throws `IMPOSSIBLE` with the nearest that goes, `GPU_UNKNOWN`.
 */
export function decideCuda(
  project: Project,
  choices: Choices,
  python: string,
  earlier: Answers | undefined,
): CudaDecision {
  const gpus = (choices.gpus ?? []).map(gpuNamed);
  const torch = project.frameworks.find((one) => one.value.name === "torch");
  const cpuOnly = whyCpuOnly(project, choices);
  if (cpuOnly !== undefined) {
    const version = torch && chooseTorchForCpu(project, torch, python, earlier);
    const why = { gpu: cpuOnly, cuda: cpuOnly, torch: torchWhy(torch, version) };
    return { gpus: [], driver: undefined, cuda: undefined, torch: version, why };
  }
  const machine: Machine = { gpus, driver: choices.driver, cuda: choices.cuda, python };
  const gpu = gpus.length > 0 ? "asked for" : "none is named: any that the wheels run on";
  if (torch !== undefined) {
    const chosen = chooseTorch(project, torch, machine, earlier);
    return { ...machine, ...chosen, why: { gpu, ...chosen.why } };
  }
  const frameworks = project.frameworks.map((one) => one.value);
  const ofImage = systemCudaFor(frameworks, project.manager.value) !== undefined;
  const user = project.frameworks.find((one) => usesCuda(one.value));
  const { cuda, why } = chooseToolkit(user, machine, ofImage);
  return { ...machine, cuda, torch: undefined, why: { gpu, cuda: why, torch: "not asked for" } };
}

/** Why there is nothing for GPUs; undefined where there is. Throws `IMPOSSIBLE` where a GPU is asked for, and the project has CPU builds. */
function whyCpuOnly(project: Project, { gpus, driver, cuda }: Choices): string | undefined {
  const asksForGpu = (gpus ?? []).length > 0 || driver !== undefined || cuda !== undefined;
  const cpuBuild = project.frameworks.find((one) => one.value.name === "torch" && one.value.build === "cpu");
  if (asksForGpu && cpuBuild !== undefined) {
    throw impossible(
      `a GPU is asked for, but ${evidence(cpuBuild)}`,
      "Let the project ask for CUDA builds, or take --gpu none.",
    );
  }
  if (gpus?.length === 0) return "CPU only is asked for";
  if (cpuBuild !== undefined) return evidence(cpuBuild);
  const wanted =
    asksForGpu ||
    project.frameworks.some((one) => usesCuda(one.value)) ||
    project.systemNeeds.some((one) => one.value === "cuda-compiler");
  return wanted ? undefined : "nothing that was found uses CUDA";
}

/** Whether a framework wants CUDA unless somebody says otherwise. */
function usesCuda({ name, build }: Framework): boolean {
  if (build === "cpu") return false;
  // These come without CUDA where nothing asks for it.
  return build === "cuda" || (name !== "onnxruntime" && name !== "jax" && name !== "tensorflow");
}
