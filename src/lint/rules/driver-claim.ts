import { findToolkit } from "../../catalog/cuda.ts";
import { cudaTagOf, parseCudaTag } from "../../catalog/cuda-images.ts";
import { compareVersions } from "../../catalog/versions.ts";
import type { Dockerfile } from "../../dockerfile/document.ts";
import { defineRule } from "../rule.ts";

export const driverClaim = defineRule({
  kind: "dockerfile",
  name: "driver-claim",
  group: "cuda",
  severity: "info",
  aliases: [],
  meaning: "A comment asks for the driver that came with a CUDA release, though older ones run it.",
  why: "NVIDIA's installers bundle the newest driver of their day: 550.54.15 with CUDA 12.4.1. What it compiled runs on every driver since 525.60.13, as all of CUDA 12 does, and the 12.4 images also start on the branches 470, 525 and 535. People with a working machine then believe that they must update it.",
  examples: [
    {
      bad: "# Requires NVIDIA driver >= 550.54.15\nFROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nRUN true\n",
      good: "# Requires NVIDIA driver >= 525.60.13\nFROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nRUN true\n",
    },
  ],
  check(file, report) {
    const cuda = onlyCuda(file);
    const toolkit = cuda === undefined ? undefined : findToolkit(cuda);
    if (toolkit === undefined) return;
    for (const comment of file.comments) {
      if (
        !/driver/i.test(comment.text) ||
        !/>=|≥|require|minimum|at least|newer|or later/i.test(comment.text)
      )
        continue;
      const claimed = /\b\d{3}\.\d{2,3}(?:\.\d{2})?\b/.exec(comment.text)?.[0];
      if (claimed === undefined || !toolkit.bundledDriver.startsWith(claimed)) continue;
      if (compareVersions(claimed, toolkit.minimumDriver) <= 0) continue;
      report({
        at: comment,
        message: `driver ${claimed} is the one that came with CUDA ${toolkit.cuda}; ${toolkit.minimumDriver} and newer run it`,
      });
    }
  },
});

/** The CUDA of the file's bases, where all have the same. */
function onlyCuda(file: Dockerfile): string | undefined {
  const found = new Set<string>();
  for (const { base } of file.stages) {
    const tag = base.kind === "image" ? cudaTagOf(base.image) : undefined;
    const cuda = tag === undefined ? undefined : parseCudaTag(tag)?.cuda;
    if (cuda !== undefined) found.add(cuda);
  }
  return found.size === 1 ? [...found][0] : undefined;
}
