import { cudaTagOf, parseCudaTag } from "../../catalog/cuda-images.ts";
import { findFramework } from "../../catalog/frameworks.ts";
import { compareVersions, majorOf } from "../../catalog/versions.ts";
import { instructionsOf } from "../knowledge/bases.ts";
import { packageCommandsOf, type PackageRequest } from "../knowledge/installs.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const frameworkCudaMismatch = defineRule({
  kind: "dockerfile",
  name: "framework-cuda-mismatch",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "TensorFlow or ONNX Runtime was built for another CUDA or cuDNN than the base has.",
  why: "Unlike torch, `onnxruntime-gpu` and plain `tensorflow` take cuBLAS and cuDNN from the system, of the major release that they were built with: onnxruntime-gpu needs CUDA 12 and cuDNN 9 since 1.19, CUDA 11 and cuDNN 8 before. With others they print a warning and compute on the CPU. Take the base that fits; `tensorflow[and-cuda]` brings its own.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.2.2-cudnn8-runtime-ubuntu22.04\nRUN pip install onnxruntime-gpu==1.20.1\n",
      good: "FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu22.04\nRUN pip install onnxruntime-gpu==1.20.1\n",
    },
    {
      bad: "FROM nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04\nRUN pip install tensorflow==2.16.1\n",
      good: "FROM nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04\nRUN pip install 'tensorflow[and-cuda]==2.16.1'\n",
    },
  ],
  check(file, report) {
    for (const stage of shippedStages(file)) {
      const image = rootImage(stage);
      const tag = image === undefined ? undefined : cudaTagOf(image);
      const parts = tag === undefined ? undefined : parseCudaTag(tag);
      if (image === undefined || parts === undefined) continue;
      const base = { cuda: parts.cuda, cudnn: cudnnOf(parts.cudnn, parts.cuda) };
      const all = instructionsOf(stage);
      // Another cuDNN or CUDA may be put in by hand.
      if (
        all.some((one) =>
          /cudnn|cuda-(?:toolkit|libraries)|nvidia-/.test(one.keyword === "RUN" ? one.body.text : ""),
        )
      )
        continue;
      for (const { manager, packages, instruction } of packageCommandsOf(file, all)) {
        if ((manager !== "pip" && manager !== "uv-pip") || !stage.instructions.includes(instruction))
          continue;
        for (const request of packages) {
          const wants = wantsOf(request);
          const wrong = wants && mismatch(wants, base);
          if (wrong !== undefined)
            report({ at: request.word, message: `${request.name} ${wrong} of ${image}` });
        }
      }
    }
  },
});

interface Libraries {
  readonly cuda: string;
  readonly cudnn: string | undefined;
}

function cudnnOf(written: string | undefined, cuda: string): string | undefined {
  if (written === undefined) return undefined;
  return /\d+$/.exec(written)?.[0] ?? (compareVersions(cuda, "12.4") >= 0 ? "9" : undefined);
}

/** What a request of a known version takes from the system. */
function wantsOf({ name, version, extras, word }: PackageRequest): Libraries | undefined {
  const exact = /^==\s*(\d+\.\d+(?:\.\d+)?)$/.exec(version)?.[1];
  if (!word.literal || exact === undefined || extras.length > 0) return undefined;
  const build = name === "onnxruntime-gpu" ? findFramework("onnxruntime-gpu", exact) : undefined;
  const tensorflow =
    name === "tensorflow" || name === "tensorflow-gpu" ? findFramework("tensorflow", exact) : undefined;
  return build ?? tensorflow;
}

function mismatch(wants: Libraries, base: Libraries): string | undefined {
  if (majorOf(wants.cuda) !== majorOf(base.cuda))
    return `was built for CUDA ${wants.cuda}, not for the ${base.cuda}`;
  if (wants.cudnn !== undefined && base.cudnn !== undefined && majorOf(wants.cudnn) !== majorOf(base.cudnn))
    return `was built for cuDNN ${wants.cudnn}, not for the ${base.cudnn}`;
  return undefined;
}
