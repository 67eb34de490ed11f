import { cudaTagOf, parseCudaTag } from "../../catalog/cuda-images.ts";
import { majorOf } from "../../catalog/versions.ts";
import { imageStages } from "../knowledge/bases.ts";
import { bringsCuda, torchBuilds } from "../knowledge/torch-builds.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const cudaMajorMismatch = defineRule({
  kind: "dockerfile",
  name: "cuda-major-mismatch",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "torch brings another major release of CUDA than the base image has.",
  why: 'Extensions that are compiled here stop with "The detected CUDA version mismatches the version that was used to compile PyTorch", and libraries that look for cuBLAS or cuDNN by name find one of the other kind. It often comes unasked: `pip install torch` on a base of CUDA 12 has brought CUDA 13 since torch 2.11, and a driver that is new enough for the base (525) is not for the wheel (580). Name the index that fits, or take a base of the same major release.',
  examples: [
    {
      bad: "FROM nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04\nRUN pip install torch==2.5.1\n",
      good: "FROM nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04\nRUN pip install torch==2.5.1 --index-url https://download.pytorch.org/whl/cu118\n",
    },
  ],
  check(file, report, context) {
    for (const stage of imageStages(file)) {
      const image = rootImage(stage);
      const tag = image === undefined ? undefined : cudaTagOf(image);
      const parts = tag === undefined ? undefined : parseCudaTag(tag);
      if (parts === undefined) continue;
      // A later install replaces an earlier one.
      const torch = torchBuilds(file, stage, context).at(-1);
      if (torch?.cuda === undefined || torch.version === undefined || !bringsCuda(torch)) continue;
      if (majorOf(torch.cuda) === majorOf(parts.cuda)) continue;
      report({
        at: torch.at,
        message: `${torch.said} brings CUDA ${torch.cuda}, the base has CUDA ${parts.cuda}`,
      });
    }
  },
});
