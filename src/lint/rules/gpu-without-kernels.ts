import { torchCapabilities, torchFor, torchHasKernels } from "../../catalog/torch.ts";
import { baseOf, imageStages } from "../knowledge/bases.ts";
import { torchBuilds, torchOfBase } from "../knowledge/torch-builds.ts";
import { defineRule } from "../rule.ts";

export const gpuWithoutKernels = defineRule({
  kind: "dockerfile",
  name: "gpu-without-kernels",
  group: "cuda",
  severity: "error",
  aliases: [],
  meaning: "The build of torch has no code for a GPU that `--gpu` names.",
  why: 'It installs, imports and finds the GPU; the first kernel fails with "no kernel image is available for execution on the device". A build runs on GPUs of the same major compute capability with an equal or higher minor number, and on newer ones where it carries PTX: V100 (7.0) is left out of CUDA 13 and of cu128 since torch 2.11, Blackwell (12.0) needs cu128 or newer and torch 2.7. It is silent without `--gpu`.',
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN pip install torch==2.5.1\n",
      good: "FROM python:3.12-slim\nRUN pip install torch==2.9.0\n",
      target: { gpus: [{ name: "GeForce RTX 5090", capability: "12.0", geforce: true }] },
    },
    {
      bad: "FROM pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime\nRUN true\n",
      good: "FROM pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime\nRUN true\n",
      target: { gpus: [{ name: "B200", capability: "10.0", geforce: false }] },
    },
  ],
  check(file, report, context) {
    const { gpus } = context.target;
    if (gpus.length === 0) return;
    for (const stage of imageStages(file)) {
      // Images of other makers have their own torch, and boards with ARM their own builds.
      if (baseOf(stage) === undefined || /arm/.test(stage.platform ?? "")) continue;
      const torch = torchBuilds(file, stage, context).at(-1) ?? torchOfBase(stage);
      if (torch?.cuda === undefined || torch.version === undefined || torch.cuda === "cpu") continue;
      for (const { name, capability } of gpus) {
        if (torchHasKernels(torch.version, torch.cuda, capability) !== false) continue;
        const has = torchCapabilities(torch.version, torch.cuda)?.join(", ") ?? "";
        const [fits] = torchFor({
          capabilities: gpus.map((one) => one.capability),
          driver: context.target.driver,
        });
        const advice = fits === undefined ? "" : `; torch ${fits.torch} for CUDA ${fits.cuda} has`;
        report({
          at: torch.at,
          message: `${torch.said} for CUDA ${torch.cuda} has no code for ${name} (${capability}), only for ${has}${advice}`,
        });
      }
    }
  },
});
