import {
  type CudaFlavour,
  cudaTagOf,
  livingCudaTags,
  livingTag,
  parseCudaTag,
} from "../../catalog/cuda-images.ts";
import { minorOf } from "../../catalog/versions.ts";
import { cudaImageBytes } from "../../catalog/package-sizes.ts";
import type { Dockerfile, Stage, Word } from "../../dockerfile/document.ts";
import { chainOf, imageStages, instructionsOf } from "../knowledge/bases.ts";
import { mayCompile, runsUnknownScript } from "../knowledge/cuda-builds.ts";
import { packageCommandsOf } from "../knowledge/installs.ts";
import { wantedPackages } from "../knowledge/python-packages.ts";
import { bringsCuda, torchBuilds } from "../knowledge/torch-builds.ts";
import { lockedPackages, lockOf } from "../knowledge/uv-lock.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule, type Fix, type LintContext } from "../rule.ts";

export const cudaTwice = defineRule({
  kind: "dockerfile",
  name: "cuda-twice",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "CUDA's libraries are in the base image, and once more in the wheels that torch brings.",
  why: "Wheels of torch never use the cuBLAS, cuDNN and NCCL of the base: they bring their own as `nvidia-*` packages (3.3 GB on disk: IBM/text-generation-inference #50), so those of a `runtime` base are 2 to 3.5 GB for nothing. `nvidia/cuda:...-base-...`, or a plain Python or Ubuntu image with the three NVIDIA variables, does the same. It is silent when the stage also has something that uses the system's CUDA (TensorFlow before 2.14, onnxruntime-gpu, TensorRT, CTranslate2) or compiles code.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04\nRUN pip install torch==2.9.0\n",
      good: "FROM nvidia/cuda:12.8.1-base-ubuntu24.04\nRUN pip install torch==2.9.0\n",
      fixed: "FROM nvidia/cuda:12.8.1-base-ubuntu24.04\nRUN pip install torch==2.9.0\n",
    },
  ],
  check(file, report, context) {
    for (const stage of imageStages(file)) {
      const image = rootImage(stage);
      const tag = image === undefined ? undefined : cudaTagOf(image);
      const parts = tag === undefined ? undefined : parseCudaTag(tag);
      if (
        image === undefined ||
        tag === undefined ||
        parts?.flavour === undefined ||
        parts.flavour === "base"
      )
        continue;
      const torch = torchBuilds(file, stage, context).find(bringsCuda);
      if (torch === undefined || needsSystemCuda(file, stage, parts.flavour, context)) continue;
      const flavour = parts.cudnn === undefined ? "plain" : "cudnn";
      const fix = fixFor(chainOf(stage)[0], tag);
      report({
        at: chainOf(stage)[0]?.image ?? stage.from,
        message: `${torch.said} brings its own CUDA libraries, so those of ${image} are stored for nothing`,
        waste: cudaImageBytes.runtime[flavour][1] - cudaImageBytes.base.plain[1],
        ...(fix !== undefined && { fix }),
      });
    }
  },
});

const systemCuda =
  /^(?:tensorflow.*|onnxruntime-gpu|tensorrt.*|ctranslate2|faster-whisper|whisperx|cupy.*|pycuda|jax.*|paddlepaddle-gpu|mxnet.*|llama-cpp-python|nvidia-dali.*|torch-tensorrt|cudf.*|cuml.*|sglang)$/;

/** Whether something in the stage uses, or may use, the libraries of the system. */
function needsSystemCuda(
  file: Dockerfile,
  stage: Stage,
  flavour: CudaFlavour,
  context: LintContext,
): boolean {
  const instructions = instructionsOf(stage);
  if (instructions.some((one) => usesLibraries(one.body.text))) return true;
  // Without the headers of devel nothing is compiled against them.
  if (
    flavour === "devel" &&
    instructions.some((one) => mayCompile(file, one) || runsUnknownScript(file, one))
  )
    return true;
  // Programs that another stage built for this one may be linked with them.
  if (
    instructions.some(
      (one) =>
        one.keyword === "COPY" &&
        one.flags.some((flag) => flag.name === "from" && !/uv/.test(flag.value ?? "")),
    )
  )
    return true;
  return packageCommandsOf(file, instructions).some((command) => {
    if (command.manager === "apt")
      return command.packages.some(({ name }) =>
        /^(?:cuda|libcu|libnv|libnccl|tensorrt|nvidia-cuda)/.test(name),
      );
    const lock = command.manager === "uv" ? lockOf(file, context) : undefined;
    const wanted = lock === undefined ? wantedPackages(file, command, context) : lockedPackages(lock);
    return wanted.some(({ name }) => systemCuda.test(name));
  });
}

function usesLibraries(text: string): boolean {
  return /\/usr\/local\/cuda|CUDA_HOME|libcudnn|libcublas/.test(text);
}

function fixFor(root: Stage | undefined, tag: string): Fix | undefined {
  const image: Word | undefined = root?.image;
  const at = image?.raw.lastIndexOf(`:${tag}`) ?? -1;
  const parts = parseCudaTag(livingTag(tag) ?? tag);
  if (image === undefined || parts === undefined || at < 0 || image.raw.includes("@")) return undefined;
  const base = livingCudaTags(minorOf(parts.cuda), "base", false).find((one) => one.endsWith(`-${parts.os}`));
  if (base === undefined || image.raw.length !== image.end - image.start) return undefined;
  const start = image.start + at + 1;
  return { title: `take ${base}`, risk: "unsafe", edits: [{ start, end: start + tag.length, text: base }] };
}
