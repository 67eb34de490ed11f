import { torchDefaults } from "../../catalog/torch.ts";
import { minorOf } from "../../catalog/versions.ts";
import type { Answers } from "../answers.ts";
import type { FrameworkName } from "../project.ts";

/** The two builds of a project's packages. */
export type Variant = "cpu" | "gpu";

/** How the packages of a variant differ from those that the project's own files lead to. */
export interface Rewrite {
  /** `cpu`, `cu128`: where torch comes from; undefined for where the project's files say. */
  readonly torch: string | undefined;
  /** Programs of sed for a list of requirements, one each line. */
  readonly sed: readonly string[];
}

/** What has to change so that a variant gets packages for its hardware, although one lock file serves both. */
export function rewriteFor(answers: Answers, variant: Variant): Rewrite {
  const names = new Set((answers.frameworks ?? []).map(({ name }) => name));
  const torch = torchFrom(answers, variant);
  const sed: string[] = [];
  if (variant === "cpu") {
    const hasCuda = torch !== undefined || names.has("jax") || names.has("tensorflow");
    const dropped = [
      ...(hasCuda ? ["nvidia-", "cuda-(bindings|pathfinder|toolkit)", "triton", "pytorch-triton"] : []),
      ...(names.has("jax") ? ["jax-cuda"] : []),
      ...(names.has("cupy") ? ["cupy"] : []),
      ...(names.has("tensorrt") ? ["tensorrt"] : []),
    ];
    if (dropped.length > 0) sed.push(`/^(${dropped.join("|")})/d`);
    if (names.has("jax")) sed.push("s/^jax\\[[^]]*\\]/jax/");
    if (names.has("tensorflow")) sed.push("s/^tensorflow\\[[^]]*\\]/tensorflow/");
    if (names.has("onnxruntime-gpu")) sed.push("s/^onnxruntime-gpu(\\[[^]]*\\])?/onnxruntime/");
  } else if (names.has("onnxruntime") && !names.has("onnxruntime-gpu")) {
    sed.push("s/^onnxruntime([^-]|$)/onnxruntime-gpu\\1/");
  }
  if (torch !== undefined) sed.push("s/\\+(cpu|cu[0-9]+)//");
  return { torch, sed };
}

/** The same for a conda environment's file, whose solver chooses CPU builds by itself where nothing asks for CUDA. */
export function environmentRewrites({ frameworks = [] }: Answers, variant: Variant): string[] {
  if (variant === "gpu" || !frameworks.some(({ build }) => build === "cuda")) return [];
  const has = (name: FrameworkName) => frameworks.some((one) => one.name === name);
  const item = "^( *- *)([a-z-]+::)?";
  return [
    `/${item}(pytorch-cuda|cuda|cudatoolkit|cudnn|nccl|(cuda|nvidia)-[a-z0-9-]+)([ =<>]|$)/d`,
    `s/${item}(pytorch|tensorflow|faiss)-gpu/\\1\\3-cpu/`,
    ...(has("tensorflow") || has("jax") ? [`s/${item}(tensorflow|jax)\\[[^]]*\\]/\\1\\3/`] : []),
    ...(has("onnxruntime-gpu") ? [`s/${item}onnxruntime-gpu/\\1onnxruntime/`] : []),
    ...(has("torch") ? ["s/\\+cu[0-9]+//", "/--(extra-)?index-url.*pytorch/d"] : []),
  ];
}

function torchFrom(answers: Answers, variant: Variant): string | undefined {
  const torch = answers.frameworks?.find(({ name }) => name === "torch");
  if (torch === undefined || (answers.extras?.[variant]?.length ?? 0) > 0) return undefined;
  if (variant === "cpu") return torch.build === "cpu" ? undefined : "cpu";
  if (torch.build === "cuda" || answers.cuda === undefined) return undefined;
  const version = answers.torch ?? torch.version;
  const own = version === undefined ? undefined : torchDefaults(version)?.cuda;
  if (torch.build === "open" && own === minorOf(answers.cuda)) return undefined;
  return `cu${minorOf(answers.cuda).replace(".", "")}`;
}

/** The index of a build of torch. */
export function torchIndexOf(build: string): string {
  return `https://download.pytorch.org/whl/${build}`;
}
