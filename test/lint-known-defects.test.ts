import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ddiff } from "./support/run.ts";

// The mistakes of the texts that this project began with, each as its author made it.
interface Known {
  files: Record<string, string>;
  /** Rules that must speak. */
  finds: string[];
  /** Of these, what `ddiff fix --unsafe` takes away. */
  mends: string[];
}

const known: Record<string, Known> = {
  "curl in a base that has none, a tool under /root for another user, an unpinned installer": {
    files: {
      Dockerfile:
        'FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04 AS base\nENV DEBIAN_FRONTEND=noninteractive\nFROM base AS dependencies\nRUN curl -fsSL https://pixi.sh/install.sh | bash\nENV PATH="/root/.pixi/bin:${PATH}"\nWORKDIR /app\nCOPY pixi.toml pixi.lock ./\nRUN pixi install\nFROM dependencies AS training\nCOPY src/ src/\nRUN useradd -m -u 1000 trainer\nUSER trainer\nENTRYPOINT ["pixi", "run", "python", "-m"]\n',
    },
    finds: ["tool-absent", "root-home-tool", "curl-pipe-shell", "debian-frontend-env", "pixi-cache-kept"],
    mends: ["pixi-cache-kept"],
  },
  "a package that the release no longer has, and headers where nothing compiles": {
    files: {
      Dockerfile:
        "FROM python:3.11-slim\nRUN apt-get update && apt-get install -y --no-install-recommends libgl1-mesa-glx libglib2.0-0 libxrender-dev && rm -rf /var/lib/apt/lists/*\nUSER 1000\n",
    },
    finds: ["os-package-renamed", "dev-package-in-runtime"],
    mends: ["os-package-renamed"],
  },
  "a health check by a tool that is not there": {
    files: {
      Dockerfile:
        'FROM python:3.11-slim\nUSER 1000\nHEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1\nCMD ["uvicorn", "src.serve:app"]\n',
    },
    finds: ["tool-absent"],
    mends: ["tool-absent"],
  },
  "a base that is going, and an entry point that only the builder has": {
    files: {
      Dockerfile:
        'FROM nvidia/cuda:12.1.0-devel-ubuntu22.04 AS build\nWORKDIR /app\nCOPY . .\nFROM nvidia/cuda:12.1.0-runtime-ubuntu22.04\nCOPY --from=build /app/.pixi /app/.pixi\nUSER 1000\nENTRYPOINT ["pixi", "run", "train"]\n',
    },
    finds: ["cuda-tag-dead", "tool-absent"],
    mends: ["cuda-tag-dead"],
  },
  "patterns that only match at the root": {
    files: {
      Dockerfile: "FROM python:3.12-slim\nCOPY models/ models/\nUSER 1000\n",
      ".dockerignore": "__pycache__/\n*.pyc\n*.pt\n*.onnx\n*.md\n!README.md\n",
      "src/a/__pycache__/b.pyc": "x",
      "models/x.pt": "x",
    },
    finds: ["ignore-pattern-anchored", "ignore-weights-anchored"],
    mends: ["ignore-pattern-anchored", "ignore-weights-anchored"],
  },
  "GPUs that are reserved and hidden, twice over, or for everybody": {
    files: {
      "compose.yaml":
        "services:\n  train:\n    image: lab/train:1\n    runtime: nvidia\n    environment:\n      - CUDA_VISIBLE_DEVICES=0,1\n      - WANDB_API_KEY=${WANDB_API_KEY}\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n              count: all\n              capabilities: [gpu]\n  board:\n    image: tensorflow/tensorflow:latest\n",
    },
    finds: [
      "compose-gpu-masked",
      "compose-runtime-and-devices",
      "compose-optional-variable",
      "compose-image-unpinned",
      "compose-gpu-not-opt-in",
    ],
    mends: ["compose-optional-variable"],
  },
  "a driver that is named as needed and is only the one that came along": {
    files: {
      Dockerfile:
        "# requires NVIDIA driver >= 550.54.15\nFROM nvidia/cuda:12.4.1-base-ubuntu22.04\nUSER 1000\n",
    },
    finds: ["driver-claim"],
    mends: [],
  },
  "CUDA of the base beside CUDA of the wheels": {
    files: {
      Dockerfile:
        "FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04\nRUN apt-get update && apt-get install -y --no-install-recommends python3-pip && rm -rf /var/lib/apt/lists/*\nRUN pip install --no-cache-dir torch==2.4.1\nUSER 1000\n",
    },
    finds: ["cuda-twice"],
    mends: ["cuda-twice"],
  },
  "an option that uv does not have, and a file that no tool reads": {
    files: {
      Dockerfile:
        "FROM lab/base:1\nWORKDIR /w\nCOPY pyproject.yaml /w/\nRUN uv pip install . --no-cache --no-install torch\nUSER 1000\n",
      "pyproject.yaml": "a: b\n",
    },
    finds: ["unknown-pip-option", "project-file-misspelt"],
    mends: [],
  },
  "a clean-up that hides what failed before it": {
    files: {
      Dockerfile:
        'FROM python:3.12-slim\nRUN pip install --no-cache-dir numpy && find / -name "*.a" -exec rm -rf {} + || true\nUSER 1000\n',
    },
    finds: ["swallowed-failure"],
    mends: [],
  },
};

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ddiff-known-"));
  mkdirSync(join(folder, ".git"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function rulesThatSpeak(): Promise<Set<string>> {
  const { stdout } = await ddiff(["lint", "--all", "--json"], { cwd: folder });
  const { findings } = JSON.parse(stdout) as { findings: { rule: string }[] };
  return new Set(findings.map((one) => one.rule));
}

it.each(Object.entries(known))("%s", async (_, { files, finds, mends }) => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  expect([...(await rulesThatSpeak())]).toEqual(expect.arrayContaining(finds));
  await ddiff(["fix", "--unsafe"], { cwd: folder });
  const left = await rulesThatSpeak();
  expect(mends.filter((rule) => left.has(rule))).toEqual([]);
  const [first = ""] = Object.keys(files);
  const once = readFileSync(join(folder, first), "utf8");
  await ddiff(["fix", "--unsafe"], { cwd: folder });
  expect(readFileSync(join(folder, first), "utf8")).toBe(once);
});
