import { toolkitBuildsFor } from "../../catalog/cuda.ts";
import { cudaTagOf, parseCudaTag } from "../../catalog/cuda-images.ts";
import { compareVersions, majorOf } from "../../catalog/versions.ts";
import type { Stage } from "../../dockerfile/document.ts";
import { unquoted } from "../../dockerfile/read-words.ts";
import { namesOf, rootImage } from "../knowledge/variables.ts";
import { defineRule, type LintContext } from "../rule.ts";

export const torchArchListWrong = defineRule({
  kind: "dockerfile",
  name: "torch-arch-list-wrong",
  group: "cuda",
  severity: "error",
  aliases: [],
  meaning:
    "`TORCH_CUDA_ARCH_LIST` names an architecture that the base's CUDA cannot build for, or leaves out a GPU that `--gpu` names.",
  why: 'nvcc stops with "Unsupported gpu architecture": CUDA 12.6 does not know 10.0 and 12.0, CUDA 13 has dropped what is below 7.5. And what was not compiled for a GPU fails there when its first kernel starts, unless the list ends in `+PTX` of an older architecture.',
  examples: [
    {
      bad: 'FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nENV TORCH_CUDA_ARCH_LIST="8.0;9.0;12.0"\n',
      good: 'FROM nvidia/cuda:12.8.1-devel-ubuntu22.04\nENV TORCH_CUDA_ARCH_LIST="8.0;9.0;12.0"\n',
    },
    {
      bad: 'FROM nvidia/cuda:12.8.1-devel-ubuntu22.04\nENV TORCH_CUDA_ARCH_LIST="8.0"\n',
      good: 'FROM nvidia/cuda:12.8.1-devel-ubuntu22.04\nENV TORCH_CUDA_ARCH_LIST="8.0+PTX"\n',
      target: { gpus: [{ name: "H100", capability: "9.0", geforce: false }] },
    },
  ],
  check(file, report, context) {
    for (const stage of file.stages) {
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== "ENV" && instruction.keyword !== "ARG") continue;
        for (const { name, value, start, end } of namesOf(instruction)) {
          if (name !== "TORCH_CUDA_ARCH_LIST" || value === undefined || value.includes("$")) continue;
          const list = unquoted(value, file.escape)
            .split(/[\s;,]+/)
            .filter((one) => one !== "");
          if (!list.every((one) => /^\d+\.\d[af]?(?:\+PTX)?$/.test(one))) continue;
          const message = unbuildable(stage, list) ?? missing(list, context);
          if (message !== undefined) report({ at: { start, end }, message });
        }
      }
    }
  },
});

function unbuildable(stage: Stage, list: readonly string[]): string | undefined {
  const image = rootImage(stage);
  const tag = image === undefined ? undefined : cudaTagOf(image);
  const parts = tag === undefined ? undefined : parseCudaTag(tag);
  if (parts?.flavour !== "devel") return undefined;
  const bad = list.map(numberOf).filter((one) => toolkitBuildsFor(parts.cuda, one) === false);
  return bad.length === 0 ? undefined : `CUDA ${parts.cuda} of the base cannot build for ${bad.join(", ")}`;
}

function missing(list: readonly string[], { target }: LintContext): string | undefined {
  const without = target.gpus.find(({ capability }) => !list.some((one) => runs(one, capability)));
  return without === undefined
    ? undefined
    : `what is compiled for ${list.join(", ")} does not run on ${without.name} (${without.capability})`;
}

function runs(one: string, capability: string): boolean {
  const built = numberOf(one);
  if (compareVersions(built, capability) > 0) return false;
  return one.endsWith("+PTX") || majorOf(built) === majorOf(capability);
}

function numberOf(one: string): string {
  return /^\d+\.\d/.exec(one)?.[0] ?? one;
}
