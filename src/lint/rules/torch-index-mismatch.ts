import { cudaOfIndex } from "../../catalog/cuda.ts";
import { findTorch, torchIndex } from "../../catalog/torch.ts";
import { torchInstalls } from "../knowledge/torch-builds.ts";
import { defineRule } from "../rule.ts";

export const torchIndexMismatch = defineRule({
  kind: "dockerfile",
  name: "torch-index-mismatch",
  group: "python",
  severity: "error",
  aliases: [],
  meaning: "torch is asked for in a version that was never built for the named CUDA.",
  why: "Each release of torch is built for two to four versions of CUDA, each in an index of its own. With `--index-url` of another one pip ends with `No matching distribution found`; with `--extra-index-url` it silently takes PyPI's build for a CUDA that nobody chose.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.9.1 --index-url https://download.pytorch.org/whl/cu121\n",
      good: "FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.9.1 --index-url https://download.pytorch.org/whl/cu126\n",
    },
    {
      bad: "FROM python:3.12-slim\nRUN pip install torch==2.6.0+cu121 --extra-index-url https://download.pytorch.org/whl/cu121\n",
      good: "FROM python:3.12-slim\nRUN pip install torch==2.6.0+cu124 --extra-index-url https://download.pytorch.org/whl/cu124\n",
    },
  ],
  check(file, report, context) {
    for (const { asked, version, local, index, install } of torchInstalls(file, context)) {
      if (asked.name !== "torch" || version === undefined || index.kind === "unknown") continue;
      const tag = local ?? index.tag;
      const cuda = tag === undefined ? undefined : cudaOfIndex(tag);
      const release = findTorch(version);
      // Some releases have builds for 12.9 besides those that were announced.
      if (cuda === "12.9") continue;
      // Of the newest release only PyPI's own build may be known.
      if (tag === undefined || cuda === undefined || release === undefined || release.cuda.length < 2)
        continue;
      if (release.cuda.includes(cuda)) continue;
      const living = release.cuda.map((one) => torchIndex(one).split("/").at(-1)).join(", ");
      const fate =
        local === undefined && !index.only ? "pip takes PyPI's build instead" : "there is nothing to install";
      report({
        at: asked.request?.word ?? install.command,
        message: `torch ${version} was built for ${living} and not for ${tag}, so ${fate}`,
      });
    }
  },
});
