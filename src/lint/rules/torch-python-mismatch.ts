import { findTorch, torchHasPython } from "../../catalog/torch.ts";
import { baseOf } from "../knowledge/bases.ts";
import { placeOfTorch, torchInstalls } from "../knowledge/torch-builds.ts";
import { defineRule } from "../rule.ts";

export const torchPythonMismatch = defineRule({
  kind: "dockerfile",
  name: "torch-python-mismatch",
  group: "python",
  severity: "error",
  aliases: [],
  meaning: "torch is pinned to a version without wheels for the Python of the base image.",
  why: "PyPI has no source of torch: without a wheel for this Python, pip ends with `No matching distribution found`. A new Python has its first torch months after its release, and old releases of torch never get it.",
  examples: [
    {
      bad: "FROM python:3.13-slim\nRUN pip install --no-cache-dir torch==2.3.1\n",
      good: "FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.3.1\n",
    },
  ],
  check(file, report, context) {
    // Another Python than that of the base may come from anywhere.
    if (/conda|mamba|pixi|pyenv|deadsnakes|uv (?:venv|python)|python_version|--python/.test(file.text))
      return;
    for (const found of torchInstalls(file, context)) {
      const { asked, version, stage, install } = found;
      const python = baseOf(stage)?.python;
      if (asked.name !== "torch" || version === undefined || python === undefined) continue;
      if (install.manager === "uv" || torchHasPython(version, python) !== false) continue;
      const [oldest = "", newest = ""] = findTorch(version)?.python ?? [];
      report({
        at: placeOfTorch(found),
        message: `torch ${version} has wheels for Python ${oldest} to ${newest}, and the base has ${python}`,
      });
    }
  },
});
