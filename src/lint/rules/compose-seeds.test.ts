import { describe, expect, test } from "vitest";
import { readCompose } from "../../dockerfile/read-compose.ts";
import { readIgnoreFile } from "../../dockerfile/read-ignore-file.ts";
import { rules } from "../rules.ts";
import type { LintContext } from "../rule.ts";

const context = (files: Readonly<Record<string, string>>): LintContext => ({
  path: "docker-compose.yml",
  target: { gpus: [], driver: undefined },
  options: { allowedRegistries: undefined, labels: undefined, strictLabels: false },
  contexts: new Set(),
  today: Date.UTC(2026, 10, 21),
  ignore: undefined,
  read: (path) => files[path],
  files: Object.entries(files).map(([path, text]) => ({ path, size: text.length })),
});

/** The names of the rules of the default profile that find something, with the text that they point at. */
function found(
  kind: "compose" | "ignore",
  text: string,
  files: Readonly<Record<string, string>> = {},
): string[] {
  const list: string[] = [];
  for (const rule of rules) {
    if (rule.kind !== kind || rule.severity === "off") continue;
    const report = ({ at }: { at: { start: number; end: number } }) =>
      list.push(`${rule.name}: ${text.slice(at.start, at.end).split("\n")[0]}`);
    if (rule.kind === "compose") rule.check(readCompose(text), report, context(files));
    if (rule.kind === "ignore") rule.check(readIgnoreFile(text), report, context(files));
  }
  return list;
}

const training = `services:
  train:
    build:
      context: .
      dockerfile: Dockerfile
      target: training
    volumes:
      - ./data:/app/data:ro          # Read-only data mount
      - ./checkpoints:/app/checkpoints  # Writable checkpoint output
    environment:
      - WANDB_API_KEY=\${WANDB_API_KEY}
      - CUDA_VISIBLE_DEVICES=0,1
    shm_size: "8gb"  # Required for DataLoader num_workers > 0
    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              count: all
              capabilities: [gpu]
    command: ["my_project.train", "experiment=baseline"]

  tensorboard:
    image: tensorflow/tensorflow:latest
    ports:
      - "6006:6006"
    command: ["tensorboard", "--logdir=/logs", "--bind_all"]

  inference:
    build:
      context: .
      dockerfile: Dockerfile
      target: inference
    ports:
      - "8000:8000"
    volumes:
      - ./models:/app/models:ro
    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              count: 1
              capabilities: [gpu]
`;
const dockerfile = `FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04 AS training
RUN true
FROM python:3.11-slim AS inference
COPY requirements-inference.txt ./
RUN pip install --no-cache-dir -r requirements-inference.txt
COPY models/ models/
`;

describe("the texts that teams copy from", () => {
  test("a compose file for training and inference", () => {
    expect(found("compose", training, { Dockerfile: dockerfile })).toEqual([
      "compose-gpu-for-cpu-image: driver: nvidia",
      "compose-gpu-masked: CUDA_VISIBLE_DEVICES=0,1",
      "compose-gpu-not-opt-in: driver: nvidia",
      "compose-image-unpinned: image: tensorflow/tensorflow:latest",
      "compose-optional-variable: WANDB_API_KEY=${WANDB_API_KEY}",
    ]);
  });

  test("a GPU is for requirements that use one", () => {
    const files = { Dockerfile: dockerfile, "requirements-inference.txt": "torch==2.6.0\n" };
    expect(found("compose", training, files).join()).not.toContain("compose-gpu-for-cpu-image");
  });

  test("a service with runtime and reservation", () => {
    const text = `services:
  train:
    build: .
    runtime: nvidia
    environment:
      - NVIDIA_VISIBLE_DEVICES=all
    deploy:
      resources:
        reservations:
          devices:
            - capabilities: [gpu]
`;
    expect(found("compose", text)).toEqual([
      "compose-runtime-and-devices: runtime: nvidia",
      "compose-shared-memory: train",
    ]);
  });

  test("a .dockerignore whose patterns hold at the root only", () => {
    const text =
      ".git/\n__pycache__/\n*.pyc\n\n# Large model files\n*.pt\n*.pth\n*.onnx\n\n*.md\n!README.md\n.DS_Store\n.env\n.venv/\n";
    const files = { "src/a/__pycache__/x.pyc": "x", "models/best.pt": "weights", "README.md": "" };
    expect(found("ignore", text, files)).toEqual([
      "ignore-pattern-anchored: __pycache__/",
      "ignore-weights-anchored: *.pt",
    ]);
  });
});
