import type { Answers, StageName } from "../answers.ts";
import type { Purpose, Recipe } from "./dockerfile-recipe.ts";
import type { Variant } from "./dockerfile-rewrites.ts";

/** What the writing of one file needs to know. */
export interface Plan {
  readonly answers: Answers;
  readonly recipe: Recipe | undefined;
  readonly stages: readonly {
    readonly name: StageName;
    readonly purpose: Purpose;
    readonly variant: Variant;
  }[];
  /** NVIDIA's base for the GPU variants; undefined where both variants stand on the same. */
  readonly gpuBase: string | undefined;
}

/** The base stage that a variant stands on. */
export function baseOf({ gpuBase }: Plan, variant: Variant): string {
  return variant === "gpu" && gpuBase !== undefined ? "base-gpu" : "base";
}

/** Whether the project is installed as a package. */
export function installsProject({ answers, recipe }: Plan): boolean {
  return answers.isPackage && recipe?.project !== undefined;
}

/** Whether torch is among the packages, by itself or for vLLM. */
export function usesTorch({ torch, frameworks = [] }: Answers): boolean {
  return torch !== undefined || frameworks.some(({ name }) => name === "torch" || name === "vllm");
}

/** Whether the service may need a token of the Hugging Face Hub. */
export function usesToken(answers: Answers): boolean {
  return usesHub(answers) || (answers.serve !== undefined && answers.weights === "download");
}

/** Whether the service fetches its model from the Hugging Face Hub by itself. */
export function usesHub({ frameworks = [], serve }: Answers): boolean {
  return serve !== undefined && frameworks.some(({ name }) => name === "vllm");
}

/** How engines of TensorRT come about: by container/engine.py, or by ONNX Runtime, which keeps its own. Undefined without TensorRT. */
export function enginesBy({ frameworks = [] }: Answers): "script" | "onnxruntime" | undefined {
  const has = (wanted: string) => frameworks.some(({ name }) => name === wanted);
  if (!has("tensorrt")) return undefined;
  return has("onnxruntime-gpu") ? "onnxruntime" : "script";
}

/** Whether training is followed by Weights & Biases, which needs a key. */
export function usesWandb({ trackers = [], stages }: Answers): boolean {
  return trackers.includes("wandb") && stages.some((one) => one.startsWith("train"));
}
