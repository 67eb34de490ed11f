import { torchCpuBytes } from "../../catalog/package-sizes.ts";
import { formatBytes } from "../../util/bytes.ts";
import { cpuEvidence, mentionsGpu } from "../knowledge/cpu-or-gpu.ts";
import { cudaTorch } from "../knowledge/cuda-torch.ts";
import { defineRule } from "../rule.ts";

export const torchCudaOnPlainBase = defineRule({
  kind: "dockerfile",
  name: "torch-cuda-on-plain-base",
  group: "python",
  severity: "info",
  aliases: [],
  meaning: "torch comes with all of CUDA into an image that does not speak of GPUs.",
  why: "Nothing in the file, its name or the compose files beside it says that a GPU is there, and `pip install torch` brings CUDA all the same: 2.5 to 3.8 GB. If it runs on CPUs, take the build from `https://download.pytorch.org/whl/cpu`. If it is meant for GPUs, all is well: a plain base and CUDA from the wheels is the smallest way to have it; ignore the rule there.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.9.1 fastapi\n",
      good: "FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.9.1 --index-url https://download.pytorch.org/whl/cpu\n",
    },
    {
      bad: "FROM python:3.12-slim\nRUN pip install --no-cache-dir sentence-transformers\n",
      good: "FROM python:3.12-slim\nENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility\nRUN pip install --no-cache-dir sentence-transformers\n",
    },
  ],
  check(file, report, context) {
    for (const found of cudaTorch(file, context)) {
      if (cpuEvidence(file, found.stage, context) !== undefined || mentionsGpu(file, context)) continue;
      report({
        at: found.at,
        message: `${found.says} torch for CUDA, about ${formatBytes(found.disk)} on disk; without a GPU, the build of whl/cpu has ${formatBytes(torchCpuBytes.disk)}`,
      });
    }
  },
});
