import { unquoted } from "../../dockerfile/read-words.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { namesOf } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const visibleDevicesFixed = defineRule({
  kind: "dockerfile",
  name: "visible-devices-fixed",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "ENV says in the image which GPUs of the machine are to be used.",
  why: "Which GPU is free is known when the container starts. With `CUDA_VISIBLE_DEVICES=1` in the image the program finds no GPU at all where it is given a single one, as that is number 0 inside the container, and on a machine with eight everyone's container takes the same. Say it with `--gpus device=1` or `-e`.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-base-ubuntu24.04\nENV CUDA_VISIBLE_DEVICES=0,1\n",
      good: "FROM nvidia/cuda:12.8.1-base-ubuntu24.04\nENV NVIDIA_VISIBLE_DEVICES=all\n",
    },
  ],
  check(file, report) {
    for (const stage of shippedStages(file)) {
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== "ENV") continue;
        for (const { name, value, start, end } of namesOf(instruction)) {
          if (name !== "CUDA_VISIBLE_DEVICES" && name !== "NVIDIA_VISIBLE_DEVICES") continue;
          const text = unquoted(value ?? "", file.escape);
          if (!/^(?:\d+(?:,\d+)*|(?:GPU|MIG)-[\w-]+)$/.test(text)) continue;
          report({
            at: { start, end },
            message: `${name}=${text} ties the image to GPU ${text} of whatever machine it runs on`,
          });
        }
      }
    }
  },
});
