import { packageCommandsOf } from "../knowledge/installs.ts";
import { instructionsOf, imageStages } from "../knowledge/bases.ts";
import { defineRule } from "../rule.ts";

export const jaxLibraryPath = defineRule({
  kind: "dockerfile",
  name: "jax-library-path",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "`LD_LIBRARY_PATH` puts the system's CUDA before the libraries that JAX brings.",
  why: "`jax[cuda12]` and `jax[cuda13]` bring CUDA and cuDNN as wheels and find them by themselves. With `/usr/local/cuda` in `LD_LIBRARY_PATH` the loader takes those of the system first, and JAX stops or falls back to the CPU where their versions differ: its installation page says not to set it. `jax[cuda12-local]` is for the system's CUDA.",
  examples: [
    {
      bad: 'FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04\nENV LD_LIBRARY_PATH=/usr/local/cuda/lib64:${LD_LIBRARY_PATH}\nRUN pip install "jax[cuda12]"\n',
      good: 'FROM nvidia/cuda:12.8.1-base-ubuntu24.04\nRUN pip install "jax[cuda12]"\n',
    },
  ],
  check(file, report) {
    for (const stage of imageStages(file)) {
      const instructions = instructionsOf(stage);
      const jax = packageCommandsOf(file, instructions)
        .flatMap((command) => command.packages)
        .find(({ name, extras }) => name === "jax" && extras.some((extra) => /^cuda\d+$/.test(extra)));
      if (jax === undefined) continue;
      for (const instruction of instructions) {
        if (instruction.keyword !== "ENV") continue;
        const word = instruction.words.find(
          ({ raw }) => raw.startsWith("LD_LIBRARY_PATH=") && /\/usr\/local\/cuda/.test(raw),
        );
        if (word !== undefined)
          report({ at: word, message: `the system's CUDA comes before the libraries of ${jax.word.value}` });
      }
    }
  },
});
