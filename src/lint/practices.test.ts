import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import type { Rule } from "./rule.ts";
import { rules } from "./rules.ts";
import { allRules } from "./selectors.ts";
import { messagesOf, type Surroundings } from "./testing/check.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "lint-practices.md"), "utf8");
/** The tables of practices; what follows is about other linters. */
const practices = page.slice(0, page.indexOf("\n## Rules of others"));

const cuda = "FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04\n";
const slim = "FROM python:3.12-slim\n";
const devices =
  "deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n";
const service = (name: string, rest: string): string => `services:\n  ${name}:\n    ${rest}\n`;

/** A rule, and the practice left out as the page's texts have it. */
const broken: readonly (readonly [rule: string, text: string, around?: Surroundings])[] = [
  ["devel-in-final", 'FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nCMD ["python3", "train.py"]\n'],
  [
    "build-tools-in-final",
    `FROM python:3.12 AS builder\nRUN pip wheel -w /w pycocotools\n${slim}RUN apt-get update && apt-get install -y --no-install-recommends build-essential\nCOPY --from=builder /w /w\nRUN pip install --no-cache-dir /w/*\nCMD ["python", "serve.py"]\n`,
  ],
  ["debian-frontend-env", `${cuda}ENV DEBIAN_FRONTEND=noninteractive\n`],
  ["apt-recommends", `${slim}RUN apt-get update && apt-get install -y ffmpeg\n`],
  ["apt-lists-kept", `${slim}RUN apt-get update && apt-get install -y ffmpeg\n`],
  [
    "apt-update-alone",
    `${slim}RUN apt-get update\nRUN apt-get install -y pkg1\nRUN apt-get install -y pkg2\n`,
  ],
  [
    "consecutive-run",
    `${slim}RUN apt-get update\nRUN apt-get install -y pkg1\nRUN apt-get install -y pkg2\n`,
  ],
  ["opencv-gui-without-libgl", `${slim}RUN pip install opencv-python\n`],
  ["os-package-renamed", "FROM python:3.11-slim\nRUN apt-get update && apt-get install -y libgl1-mesa-glx\n"],
  ["dev-package-in-runtime", `${cuda}RUN apt-get update && apt-get install -y libxrender-dev ffmpeg\n`],
  ["curl-pipe-shell", `${cuda}RUN curl -fsSL https://pixi.sh/install.sh | bash\n`],
  ["tool-absent", `${cuda}RUN curl -fsSL https://pixi.sh/install.sh | bash\n`],
  [
    "root-home-tool",
    'FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN curl -fsSL https://pixi.sh/install.sh | bash\nENV PATH="/root/.pixi/bin:${PATH}"\nRUN useradd -m -u 1000 trainer\nUSER trainer\nENTRYPOINT ["pixi", "run", "python", "-m"]\n',
  ],
  ["copy-before-dependencies", `${slim}COPY . .\nRUN pip install -r requirements.txt\n`],
  ["pixi-cache-kept", "FROM ghcr.io/prefix-dev/pixi:0.58.0\nCOPY pixi.toml pixi.lock ./\nRUN pixi install\n"],
  [
    "lock-flag-missing",
    "FROM ghcr.io/prefix-dev/pixi:0.58.0\nCOPY pixi.toml pixi.lock ./\nRUN pixi install\n",
    { files: { "pixi.toml": "", "pixi.lock": "version: 6\n" } },
  ],
  ["missing-user", `${slim}CMD ["python", "train.py"]\n`],
  ["root-user", `${slim}USER root\nCMD ["python", "train.py"]\n`],
  [
    "chown-doubles-copy",
    `${slim}COPY models /app/models\nRUN useradd -m -u 1000 appuser && chown -R appuser:appuser /app\n`,
    { files: { "models/x.onnx": "x".repeat(21_000_000) } },
  ],
  ["shell-form-command", `${slim}CMD uvicorn src.serve:app --host 0.0.0.0\n`],
  ["broken-json-form", `${slim}CMD ['uvicorn', 'src.serve:app']\n`],
  ["torch-cpu-resolves-cuda", `FROM python:3.11-slim AS inference-cpu\nRUN pip install torch\n`],
  [
    "cpu-torch-on-cuda-base",
    `${cuda}RUN pip install torch --index-url https://download.pytorch.org/whl/cpu\n`,
  ],
  ["pip-cache-kept", `${slim}RUN pip install -r requirements-inference.txt\n`],
  ["weights-baked-in", `${slim}COPY models/ models/\n`, { files: { "models/x.pt": "x".repeat(21_000_000) } }],
  ["missing-healthcheck", `${slim}CMD ["uvicorn", "src.serve:app"]\n`],
  [
    "healthcheck-ignores-status",
    `${slim}HEALTHCHECK --interval=30s CMD curl http://localhost:8000/health || exit 1\n`,
  ],
  [
    "healthcheck-file-exists",
    `${slim}HEALTHCHECK --interval=60s --timeout=5s --retries=3 CMD test -f /tmp/training_alive || exit 1\n`,
  ],
  ["server-on-loopback", `${slim}CMD ["uvicorn", "src.serve:app", "--port", "8000"]\n`],
  ["expose-format", `${slim}EXPOSE 0.0.0.0:8000:8000\n`],
  ["port-out-of-range", `${slim}EXPOSE 80000\n`],
  [
    "compose-model-mount-writable",
    service("inference", "image: lab/serve:1\n    volumes:\n      - ./models:/app/models"),
  ],
  [
    "compose-optional-variable",
    service("train", "image: lab/train:1\n    environment:\n      - WANDB_API_KEY=${WANDB_API_KEY}"),
  ],
  [
    "compose-secret-in-environment",
    service(
      "train",
      "image: lab/train:1\n    environment:\n      - WANDB_API_KEY=7f3c9a1be24d4f5f8a6b7c8d9e0f1a2b3c4d5e6f",
    ),
  ],
  [
    "compose-gpu-masked",
    service(
      "train",
      `image: lab/train:1\n    environment:\n      - CUDA_VISIBLE_DEVICES=0,1\n    ${devices}              count: all\n              capabilities: [gpu]`,
    ),
  ],
  ["visible-devices-fixed", `${cuda}ENV CUDA_VISIBLE_DEVICES=0,1\n`],
  [
    "compose-shared-memory",
    service(
      "train",
      `image: pytorch/pytorch:2.9.0\n    ${devices}              count: all\n              capabilities: [gpu]\n    command: ["python", "train.py"]`,
    ),
  ],
  [
    "compose-gpu-capabilities-missing",
    service("train", `image: lab/train:1\n    ${devices}              count: all`),
  ],
  [
    "compose-gpu-count-and-ids",
    service(
      "train",
      `image: lab/train:1\n    ${devices}              count: 1\n              device_ids: ["0"]\n              capabilities: [gpu]`,
    ),
  ],
  [
    "compose-gpu-not-opt-in",
    `${service("train", `image: lab/train:1\n    ${devices}              count: all\n              capabilities: [gpu]`)}  tensorboard:\n    image: lab/board:1\n`,
  ],
  [
    "compose-gpu-for-cpu-image",
    service("inference", `build: .\n    ${devices}              count: 1\n              capabilities: [gpu]`),
    {
      files: {
        Dockerfile:
          "FROM python:3.11-slim AS inference\nRUN pip install --no-cache-dir onnxruntime==1.20.0\n",
      },
    },
  ],
  ["compose-image-unpinned", service("tensorboard", "image: tensorflow/tensorflow:latest")],
  ["compose-port-quotes", service("ssh", "image: lab/train:1\n    ports:\n      - 22:22")],
  ["compose-root-writable", service("inference", "image: lab/serve:1")],
  [
    "compose-runtime-and-devices",
    service(
      "train",
      `image: lab/train:1\n    runtime: nvidia\n    ${devices}              capabilities: [gpu]`,
    ),
  ],
  [
    "ignore-file-missing",
    `${slim}COPY . .\n`,
    { files: { "data/a.bin": "x".repeat(30_000_000), ".git/HEAD": "x", "a.py": "" } },
  ],
  ["ignore-artefacts-sent", "*.md\n", { files: { ".pixi/envs/default/bin/python": "ELF", "a.py": "" } }],
  ["ignore-pattern-anchored", "__pycache__/\n*.pyc\n", { files: { "src/__pycache__/a.pyc": "x" } }],
  ["ignore-weights-anchored", "*.pt\n*.onnx\n", { files: { "models/x.pt": "x" } }],
  ["ignore-negation-without-effect", "!README.md\n*.md\n", { files: { "README.md": "x" } }],
  [
    "copy-ignored-file",
    `${slim}COPY models/ models/\n`,
    { files: { ".dockerignore": "models/\n", "models/x.onnx": "x" } },
  ],
  ["latest-base", "FROM condaforge/miniforge3:latest\n"],
  ["untagged-base", "FROM python\n"],
  ["base-without-digest", slim],
  ["cuda-tag-dead", "FROM nvidia/cuda:12.1.0-runtime-ubuntu22.04\n"],
  ["os-end-of-life", "FROM ubuntu:18.04\n"],
  ["language-end-of-life", "FROM python:3.8-slim\n"],
  ["cuda-twice", `${cuda}RUN pip install torch==2.6.0\n`],
  ["cudnn-twice", `${cuda}RUN apt-get update && apt-get install -y libcudnn9-cuda-12\n`],
  [
    "cuda-major-mismatch",
    `${cuda}RUN pip install torch==2.9.0 --index-url https://download.pytorch.org/whl/cu130\n`,
  ],
  [
    "framework-cuda-mismatch",
    "FROM nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04\nRUN pip install onnxruntime-gpu==1.20.0\n",
  ],
  ["driver-claim", `# Requires NVIDIA driver >= 550.54.15\n${cuda}`],
  ["driver-too-old", cuda, { target: { driver: "440" } }],
  ["secret-in-arg-or-env", `${slim}ENV WANDB_API_KEY=my-secret-key\n`],
  ["secret-file-copied", `${slim}COPY .env /app/.env\n`],
  ["constant-platform", "FROM --platform=linux/amd64 python:3.12-slim\n"],
  ["base-platform-mismatch", "FROM --platform=linux/amd64 arm64v8/python:3.12-slim\n"],
  [
    "whole-stage-copied",
    `FROM python:3.12 AS builder\nRUN pip install torch\n${slim}COPY --from=builder / /\n`,
  ],
  [
    "environment-moved",
    `FROM ghcr.io/prefix-dev/pixi:0.58.0 AS builder\nWORKDIR /app\nRUN pixi install --frozen\nFROM ubuntu:24.04\nCOPY --from=builder /app/.pixi /opt/pixi\n`,
  ],
  ["conda-cache-kept", "FROM condaforge/miniforge3:24.9.2-0\nRUN mamba install -y pytorch-cpu\n"],
  [
    "removed-in-later-layer",
    `${slim}RUN apt-get update && apt-get install -y ffmpeg\nRUN rm -rf /tmp/* /var/tmp/* /var/lib/apt/lists/*\n`,
  ],
  [
    "download-left",
    `FROM buildpack-deps:noble\nRUN curl -fsSLO https://lab.example/quarto.tar.gz && tar -xzf quarto.tar.gz -C /opt\n`,
  ],
  [
    "swallowed-failure",
    "FROM condaforge/miniforge3:24.9.2-0\nRUN mamba install -y pytorch-cpu && mamba clean -afy && find /opt/conda -name '*.a' -delete 2>/dev/null || true\n",
  ],
  ["anaconda-base", "FROM continuumio/anaconda3:2024.10-1\n"],
  ["torch-reinstalled", "FROM pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime\nRUN pip install torch==2.6.0\n"],
  [
    "conda-then-pip-torch",
    "FROM condaforge/miniforge3:24.9.2-0\nRUN mamba install -y pytorch=2.3.0\nRUN pip install torch==2.5.1\n",
  ],
  ["sudo-in-run", "FROM condaforge/miniforge3:24.9.2-0\nRUN sudo chown -R jovyan /opt/conda/conda-meta\n"],
  [
    "sudo-without-password",
    "FROM condaforge/miniforge3:24.9.2-0\nRUN apt-get update && apt-get install -y sudo && echo 'jovyan ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers\n",
  ],
];

const byName = new Map<string, Rule>(rules.map((rule) => [rule.name, rule]));
const linked = (text: string): string[] =>
  [...text.matchAll(/\]\(rules\/([a-z\d-]+)\.md\)/g)].map((match) => match[1] ?? "");

describe("docs/lint-practices.md", () => {
  test("names only rules that are there", () => {
    const names = new Set(allRules.map((rule) => rule.name));
    expect(linked(page).length).toBeGreaterThan(50);
    expect(linked(page).filter((name) => !names.has(name))).toEqual([]);
  });

  test("names only rules that are tried below", () => {
    const tried = new Set(broken.map(([name]) => name));
    expect([...new Set(linked(practices))].filter((name) => !tried.has(name))).toEqual([]);
  });

  it.each(broken.map((row) => [row[0], row] as const))(
    "%s speaks where the practice is left out",
    (_, row) => {
      const [name, text, around] = row;
      const rule = byName.get(name);
      expect(rule === undefined ? [] : messagesOf(rule, text, around)).not.toEqual([]);
    },
  );
});
