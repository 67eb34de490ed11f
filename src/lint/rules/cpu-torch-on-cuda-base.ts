import { cudaTagOf, parseCudaTag } from "../../catalog/cuda-images.ts";
import { cudaImageBytes } from "../../catalog/package-sizes.ts";
import { chainOf, imageStages, instructionsOf } from "../knowledge/bases.ts";
import { torchBuilds } from "../knowledge/torch-builds.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

/** What uses the CUDA of the base without torch, or may. */
const others =
  /tensorflow|onnx|tensorrt|ctranslate2|whisper|cupy|pycuda|numba|jax|paddle|mxnet|llama|ollama|dali|rapids|cud[fn]|cuml|ffmpeg|nvcc|cmake|ninja|\bmake\b|CUDA_HOME|\/usr\/local\/cuda|libcu|cuda-|--from=(?!.*\buv\b)|\.sh\b/i;

export const cpuTorchOnCudaBase = defineRule({
  kind: "dockerfile",
  name: "cpu-torch-on-cuda-base",
  group: "python",
  severity: "warning",
  aliases: [],
  meaning: "torch is installed without CUDA into an image that brings CUDA.",
  why: "The build for processors never looks at a GPU: either the base has gigabytes for nothing, 2 to 3.5 GB in `runtime` and more in `devel`, or the index is the wrong one and a GPU service runs at the speed of a processor. Not reported where something else in the file may use the base's CUDA.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nRUN apt-get update && apt-get install -y python3-pip\nRUN pip install torch==2.9.0 --index-url https://download.pytorch.org/whl/cpu\n",
      good: "FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y python3-pip\nRUN pip install torch==2.9.0 --index-url https://download.pytorch.org/whl/cpu\n",
    },
  ],
  check(file, report, context) {
    for (const stage of imageStages(file)) {
      const image = rootImage(stage);
      const tag = image === undefined ? undefined : cudaTagOf(image);
      const parts = tag === undefined ? undefined : parseCudaTag(tag);
      if (image === undefined || parts?.flavour === undefined || parts.flavour === "base") continue;
      const builds = torchBuilds(file, stage, context);
      const [torch] = builds;
      if (torch === undefined || builds.some(({ cuda }) => cuda !== "cpu")) continue;
      const text = instructionsOf(stage).map((one) => file.text.slice(one.start, one.end));
      if (text.some((one) => others.test(one))) continue;
      const flavour = parts.cudnn === undefined ? "plain" : "cudnn";
      report({
        at: chainOf(stage)[0]?.image ?? stage.from,
        message: `the torch of this image was built without CUDA, so that of ${image} is stored for nothing`,
        waste: cudaImageBytes.runtime[flavour][1],
      });
    }
  },
});
