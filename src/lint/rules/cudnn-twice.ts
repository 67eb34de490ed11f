import { cudaTagOf, parseCudaTag } from "../../catalog/cuda-images.ts";
import { instructionsOf } from "../knowledge/bases.ts";
import { packageCommandsOf } from "../knowledge/installs.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

/** cuDNN 9 with its engines, on disk. */
const cudnnBytes = 1_200_000_000;

export const cudnnTwice = defineRule({
  kind: "dockerfile",
  name: "cudnn-twice",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "apt or pip installs cuDNN on a base that has it.",
  why: "cuDNN is about 1.2 GB on disk. The `cudnn` flavours of `nvidia/cuda` have it in `/usr/lib`, held at a version that fits their CUDA; a second one by apt replaces it in a new layer while the first stays stored below, and one by pip lies beside it (SYSTRAN/faster-whisper #848: 6.07 to 4.6 GB). Leave out the install, or take the flavour without cuDNN.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04\nRUN apt-get update && apt-get install -y libcudnn9-cuda-12\n",
      good: "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nRUN apt-get update && apt-get install -y libcudnn9-cuda-12\n",
    },
  ],
  check(file, report) {
    for (const stage of shippedStages(file)) {
      const image = rootImage(stage);
      const tag = image === undefined ? undefined : cudaTagOf(image);
      if (image === undefined || tag === undefined || parseCudaTag(tag)?.cudnn === undefined) continue;
      const own = new Set(stage.instructions);
      for (const command of packageCommandsOf(file, instructionsOf(stage))) {
        if (command.action !== "install" || !own.has(command.instruction)) continue;
        for (const { name, word } of command.packages) {
          if (!/^(?:libcudnn\d+(?:-cuda-\d+)?|cudnn\d*-cuda-\d+|nvidia-cudnn(?:-cu\d+)?)$/.test(name))
            continue;
          report({
            at: word,
            message: `${name} is a second cuDNN beside that of ${image}`,
            waste: cudnnBytes,
          });
        }
      }
    }
  },
});
