import type { StageName } from "./answers.ts";
import { type Choices, stageNames } from "./choices.ts";
import { gpuOnly } from "./cuda/gpu-only.ts";
import type { CudaDecision } from "./decide-cuda.ts";
import type { Commands } from "./decide-commands.ts";
import { impossible } from "./impossible.ts";
import type { Project } from "./project.ts";

/** The stages that there is something to run in, or those that were asked for. Throws `IMPOSSIBLE`. */
export function decideStages(
  project: Project,
  choices: Choices,
  { cuda, why }: CudaDecision,
  { train, serve }: Commands,
): readonly StageName[] {
  const wanted = choices.stages;
  const gpu = wanted?.find((one) => one.endsWith("-gpu"));
  if (gpu !== undefined && cuda === undefined)
    throw impossible(
      `${gpu} needs a GPU: ${why.gpu}`,
      `Name one with --gpu, or take --target ${gpu.replace("gpu", "cpu")}.`,
    );
  const unserved = wanted?.find((one) => one.startsWith("serve"));
  if (unserved !== undefined && serve === undefined)
    throw impossible(
      `${unserved} needs a program that answers requests, and none was found`,
      "Name it with --serve.",
    );
  const onlyGpu = cuda !== undefined && gpuOnly(project) !== undefined;
  return stageNames.filter((one) => {
    if (wanted !== undefined) return wanted.includes(one);
    if (one === "dev") return true;
    if (one.endsWith("-gpu") && cuda === undefined) return false;
    if (one.endsWith("-cpu") && onlyGpu) return false;
    if (one.startsWith("serve")) return serve !== undefined;
    // Without anything to run there still is an image with the packages.
    return train !== undefined || serve === undefined || hasTraining(project);
  });
}

function hasTraining(project: Project): boolean {
  return project.entryPoints.some((one) => one.purpose === "train");
}
