import { baseOf } from "../knowledge/bases.ts";
import { cudaExtensions } from "../knowledge/cuda-builds.ts";
import { defineRule } from "../rule.ts";

export const torchArchListMissing = defineRule({
  kind: "dockerfile",
  name: "torch-arch-list-missing",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "A CUDA extension of torch is compiled without `TORCH_CUDA_ARCH_LIST`.",
  why: 'torch asks the GPU of the machine for which architecture to compile, and a build has none: it stops with "IndexError: list index out of range", apex compiles for every architecture that it knows (an hour instead of minutes), and detectron2 and mmcv leave their CUDA code out without a word. `ENV TORCH_CUDA_ARCH_LIST="8.0;8.6;8.9;9.0+PTX"` says which GPUs the image is for. NGC\'s images set it, so they are left alone.',
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-devel-ubuntu24.04\nRUN pip install git+https://github.com/facebookresearch/detectron2.git\n",
      good: 'FROM nvidia/cuda:12.8.1-devel-ubuntu24.04\nENV TORCH_CUDA_ARCH_LIST="8.0;8.6;9.0+PTX"\nRUN pip install git+https://github.com/facebookresearch/detectron2.git\n',
    },
  ],
  check(file, report) {
    for (const stage of file.stages) {
      const base = baseOf(stage);
      if (base?.cuda === undefined || base.name.startsWith("nvcr.io/nvidia/pytorch")) continue;
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== "RUN") continue;
        const { variables } = file.before(instruction);
        const set = (name: string): boolean =>
          variables.has(name) || instruction.body.text.includes(`${name}=`);
        if (
          set("TORCH_CUDA_ARCH_LIST") ||
          set("TCNN_CUDA_ARCHITECTURES") ||
          variables.get("FORCE_CUDA") === "0"
        )
          continue;
        const [extension] = cudaExtensions(file, instruction);
        if (extension === undefined) continue;
        report({
          at: extension.word,
          message: `${extension.name} is compiled where there is no GPU to ask, without TORCH_CUDA_ARCH_LIST`,
        });
      }
    }
  },
});
