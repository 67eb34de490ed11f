import { readShell } from "../../dockerfile/read-shell.ts";
import type { Stage } from "../../dockerfile/document.ts";
import type { Range } from "../../dockerfile/text.ts";
import { baseHas } from "../../catalog/base-images.ts";
import { baseOf, instructionsOf } from "../knowledge/bases.ts";
import { cudaExtensions } from "../knowledge/cuda-builds.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const cudaExtensionWithoutCompiler = defineRule({
  kind: "dockerfile",
  name: "cuda-extension-without-compiler",
  group: "cuda",
  severity: "error",
  aliases: [],
  meaning: "A stage compiles CUDA code and its base has no nvcc.",
  why: '`base` and `runtime` of `nvidia/cuda`, and `-runtime` of `pytorch/pytorch`, have neither nvcc nor the headers. Some packages then stop with "CUDA_HOME environment variable is not set"; detectron2 and mmcv install without their CUDA operators, which shows at the first call. Compile on `devel` and copy the result.',
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nRUN pip install git+https://github.com/NVIDIA/apex\n",
      good: "FROM nvidia/cuda:12.8.1-devel-ubuntu24.04\nRUN pip install git+https://github.com/NVIDIA/apex\n",
    },
  ],
  check(file, report) {
    for (const stage of file.stages) {
      const base = baseOf(stage);
      if (base?.cuda === undefined || baseHas(base, "nvcc") !== false || bringsCompiler(stage)) continue;
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== "RUN") continue;
        const say = (at: Range, what: string): void =>
          report({ at, message: `${what} needs nvcc, which ${rootImage(stage)} does not have` });
        const [extension] = cudaExtensions(file, instruction);
        if (extension !== undefined) say(extension.word, extension.name);
        for (const script of readShell(file, instruction)) {
          const nvcc = script.commands.find(
            (one) => one.name === "nvcc" && one.depth === 0 && one.joint !== "||",
          );
          if (nvcc?.nameWord !== undefined && nvcc.through.length === 0) say(nvcc.nameWord, "nvcc");
        }
      }
    }
  },
});

/** Whether anything in the stage looks as if it brought nvcc. */
function bringsCompiler(stage: Stage): boolean {
  return instructionsOf(stage).some((one) =>
    one.keyword === "RUN"
      ? /cuda-(?:toolkit|nvcc|compiler|minimal-build|\d)|nvidia-cuda-(?:toolkit|nvcc)|cudatoolkit|install\s+(?:-y\s+)?cuda\b|\.run\b|\.sh\b|\.deb\b/.test(
          one.body.text,
        )
      : /^(?:COPY|ADD)$/.test(one.keyword) && /cuda|\s\/(?:usr(?:\/local)?)?\/?$/.test(one.body.text),
  );
}
