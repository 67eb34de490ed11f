import { torchCpuBytes } from "../../catalog/package-sizes.ts";
import { formatBytes } from "../../util/bytes.ts";
import { cpuEvidence } from "../knowledge/cpu-or-gpu.ts";
import { cudaTorch, cpuFix } from "../knowledge/cuda-torch.ts";
import { defineRule } from "../rule.ts";

export const torchCpuResolvesCuda = defineRule({
  kind: "dockerfile",
  name: "torch-cpu-resolves-cuda",
  group: "python",
  severity: "warning",
  aliases: [],
  meaning: "An image for machines without a GPU installs torch with all of CUDA.",
  why: "On Linux the torch of PyPI is the CUDA build: with cuBLAS, cuDNN and the other `nvidia-*` packages it is 2.5 to 3.8 GB to download and more on disk, of which a CPU service uses nothing. The build without CUDA is 190 MB and lies at `https://download.pytorch.org/whl/cpu`. Teams report images of 8.6 GB that shrank to 1.7 GB by that one option. The rule speaks where something says that no GPU is meant: the name of the file or stage, `--device cpu`, an empty `CUDA_VISIBLE_DEVICES`.",
  examples: [
    {
      bad: 'FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.9.1\nCMD ["python", "serve.py", "--device=cpu"]\n',
      good: 'FROM python:3.12-slim\nRUN pip install --no-cache-dir torch==2.9.1 --index-url https://download.pytorch.org/whl/cpu\nCMD ["python", "serve.py", "--device=cpu"]\n',
      fixed:
        'FROM python:3.12-slim\nRUN pip install --index-url https://download.pytorch.org/whl/cpu --no-cache-dir torch==2.9.1\nCMD ["python", "serve.py", "--device=cpu"]\n',
    },
    {
      bad: "FROM python:3.12-slim AS serve-cpu\nCOPY requirements.txt .\nRUN uv pip install --system -r requirements.txt\n",
      good: "FROM python:3.12-slim AS serve-cpu\nCOPY requirements.txt .\nRUN uv pip install --system --torch-backend cpu -r requirements.txt\n",
      fixed:
        "FROM python:3.12-slim AS serve-cpu\nCOPY requirements.txt .\nRUN uv pip install --torch-backend cpu --system -r requirements.txt\n",
      files: { "requirements.txt": "fastapi\nsentence-transformers==3.3.1\n" },
    },
  ],
  check(file, report, context) {
    for (const found of cudaTorch(file, context)) {
      const evidence = cpuEvidence(file, found.stage, context);
      if (evidence === undefined) continue;
      const fix = cpuFix(found);
      report({
        at: found.at,
        message: `${found.says} torch for CUDA, about ${formatBytes(found.disk)} on disk, though ${evidence}; the CPU build has ${formatBytes(torchCpuBytes.disk)}`,
        waste: found.disk - torchCpuBytes.disk,
        ...(fix !== undefined && { fix }),
      });
    }
  },
});
