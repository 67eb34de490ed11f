import { type CudaFlavour, livingCudaTags } from "../catalog/cuda-images.ts";
import type { Answers, StageName } from "./answers.ts";

/** What the image of a stage is for. */
export function purposeOf(stage: StageName): "train" | "serve" | "dev" {
  return stage === "dev" ? "dev" : stage.startsWith("train") ? "train" : "serve";
}

/** Whether a stage has CUDA. `dev` has it where the project has a GPU stage. */
export function usesGpu(stage: StageName, answers: Pick<Answers, "cuda">): boolean {
  return stage.endsWith("-gpu") || (stage === "dev" && answers.cuda !== undefined);
}

/** An image's name in parts: `ghcr.io/lab/app-serve` and `cu12.8.1-py3.12-torch2.9.1`. */
export interface ImageOfStage {
  readonly repository: string;
  readonly tag: string;
}

/** What the image of a stage is called, in every file that names it. */
export function imageOf(answers: Answers, stage: StageName): ImageOfStage {
  const prefix = answers.registry === undefined ? "" : `${answers.registry}/`;
  return {
    repository: `${prefix}${answers.name}-${purposeOf(stage)}`,
    tag: tagOf(answers, usesGpu(stage, answers)),
  };
}

/** The tag that says what is inside: `cu12.8.1-py3.12-torch2.9.1`, `cpu-py3.12-torch2.9.1`, `cpu-r`. */
function tagOf(answers: Answers, gpu: boolean): string {
  const hardware = gpu && answers.cuda !== undefined ? `cu${cudaPoint(answers.cuda)}` : "cpu";
  const language = answers.manager === "r" ? "r" : `py${answers.python}`;
  const torch = answers.torch === undefined ? [] : [`torch${answers.torch.split("+")[0] ?? ""}`];
  return [hardware, language, ...torch].join("-");
}

/** The newest point release of a CUDA (`12.8` is `12.8.1`), as NVIDIA's images have it; the minor where there are none. */
function cudaPoint(minor: string): string {
  const flavours: readonly CudaFlavour[] = ["base", "runtime"];
  for (const flavour of flavours) {
    const point = livingCudaTags(minor, flavour, false)[0]?.split("-")[0];
    if (point !== undefined) return point;
  }
  return minor;
}
