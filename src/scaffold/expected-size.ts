import {
  cudaImageBytes,
  nvidiaWheelBytes,
  torchCpuBytes,
  torchCudaBytes,
  wheelBytes,
  wheelSizes,
} from "../catalog/package-sizes.ts";
import { findTorch } from "../catalog/torch.ts";
import type { Answers, StageName } from "./answers.ts";
import { purposeOf, usesGpu } from "./image-names.ts";
import type { Project } from "./project.ts";

/** What an image should weigh: its base and the packages that the catalogue knows. A lower bound, as it knows only the big ones. */
export function expectedSize(
  packages: readonly string[],
  answers: Answers,
  stage: StageName,
): { compressed: number; disk: number } {
  const gpu = usesGpu(stage, answers);
  const base = baseBytes((gpu ? answers.bases.gpu : undefined) ?? answers.bases.cpu);
  let [compressed, disk] = base;
  // vLLM brings torch with it.
  const all = new Set(packages.includes("vllm") ? [...packages, "torch"] : packages);
  for (const name of all) {
    const bytes = name === "torch" ? torchBytes(answers, gpu) : packageBytes(name, gpu);
    compressed += bytes[0];
    disk += bytes[1];
  }
  return { compressed, disk };
}

/** The packages that a stage has: serving does without those of training, and only dev has all. */
export function packagesOf(project: Project, answers: Answers, stage: StageName): string[] {
  const purpose = purposeOf(stage);
  const { extras = {}, trainGroups } = answers;
  const wanted = new Set([
    "main",
    "default",
    ...(extras[purpose] ?? []),
    ...(purpose === "serve" ? [] : trainGroups),
    ...(extras[usesGpu(stage, answers) ? "gpu" : "cpu"] ?? []),
  ]);
  return project.requirements
    .filter(
      ({ groups }) => purpose === "dev" || groups.length === 0 || groups.some((group) => wanted.has(group)),
    )
    .map((one) => one.name);
}

function torchBytes({ torch, cuda }: Answers, gpu: boolean): [number, number] {
  if (!gpu || cuda === undefined) return [torchCpuBytes.wheel, torchCpuBytes.disk];
  const { wheel, disk } = torchCudaBytes(torch);
  const usual = nvidiaWheelBytes(findTorch(torch ?? "")?.pypiCuda ?? cuda);
  const own = nvidiaWheelBytes(cuda);
  return [Math.round(wheel * (1 + (own - usual) / disk)), disk + own - usual];
}

function packageBytes(name: string, gpu: boolean): [number, number] {
  // Triton comes with CUDA builds of torch only.
  if (name === "triton" && !gpu) return [0, 0];
  return [wheelBytes(name) ?? 0, wheelSizes.find((one) => one.name === name)?.diskBytes ?? 0];
}

const mb = 1_000_000;

function baseBytes(base: string): [number, number] {
  const flavour = /-(base|runtime|devel)-/.exec(base)?.[1];
  if (base.includes("nvidia/cuda") && (flavour === "base" || flavour === "runtime" || flavour === "devel")) {
    const [compressed, disk] = cudaImageBytes[flavour][base.includes("cudnn") ? "cudnn" : "plain"];
    return [compressed, disk];
  }
  if (base.includes("slim") && base.includes("python")) return [43 * mb, 125 * mb];
  if (base.includes("ubuntu")) return [30 * mb, 80 * mb];
  return [30 * mb, 80 * mb];
}
