import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { torchCompanionMismatch } from "./torch-companion-mismatch.ts";
import { torchCpuResolvesCuda } from "./torch-cpu-resolves-cuda.ts";
import { torchCudaOnPlainBase } from "./torch-cuda-on-plain-base.ts";
import { torchIndexMismatch } from "./torch-index-mismatch.ts";
import { torchPythonMismatch } from "./torch-python-mismatch.ts";
import { torchReinstalled } from "./torch-reinstalled.ts";

const whl = "https://download.pytorch.org/whl";
const run = (command: string, base = "python:3.12-slim"): string => `FROM ${base}\nRUN ${command}\n`;

test.each([
  'FROM python:3.12-slim\nENV CUDA_VISIBLE_DEVICES=""\nRUN pip install torch\n',
  "FROM python:3.12-slim\nENV CUDA_VISIBLE_DEVICES=-1\nRUN pip install ultralytics\n",
  "FROM python:3.12-slim\nENV INFER_DEVICE=cpu\nRUN python -m pip install torch torchvision\n",
  "FROM python:3.12 AS build\nRUN pip install torch\nFROM python:3.12 AS cpu\nCOPY --from=build /usr/local /usr/local\n",
  "FROM ubuntu:24.04\nRUN pip install faiss-cpu && pip install sentence-transformers\n",
])("%j is meant for CPUs and gets CUDA", (text) => {
  expect(messagesOf(torchCpuResolvesCuda, text)).toHaveLength(1);
  expect(messagesOf(torchCudaOnPlainBase, text)).toEqual([]);
});

test.each([
  run("pip install torch && serve --device cpu", "nvidia/cuda:12.6.3-base-ubuntu24.04"),
  run("pip install torch && serve --device cpu", "pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime"),
  run("pip install torch && serve --device cpu", "registry.lab.example/base:1"),
  run("pip install torch && serve --device cpu", "python:3.12-alpine"),
  run(`pip install torch --index-url ${whl}/cpu && serve --device cpu`),
  run("pip install torch==2.6.0+cpu && serve --device cpu"),
  run("pip install torch@https://lab.example/torch.whl && serve --device cpu"),
  run("pip install $TORCH && serve --device cpu"),
  run("conda install pytorch cpuonly && pip install timm && serve --device cpu"),
  `FROM python:3.12-slim\nENV PIP_EXTRA_INDEX_URL=${whl}/cpu\nRUN pip install torch && serve --device cpu\n`,
  "FROM python:3.12-slim\nARG PIP_INDEX_URL\nRUN pip install torch && serve --device cpu\n",
])("%j gets what it should, or that is not known", (text) => {
  expect(messagesOf(torchCpuResolvesCuda, text)).toEqual([]);
});

test("a requirements file that names the index of CPU builds is believed", () => {
  const text = "FROM python:3.12-slim AS cpu\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n";
  const files = { "requirements.txt": `--extra-index-url ${whl}/cpu\ntorch==2.6.0\n` };
  expect(messagesOf(torchCpuResolvesCuda, text, { files })).toEqual([]);
  expect(
    messagesOf(torchCpuResolvesCuda, text, { files: { "requirements.txt": "torch==2.6.0\n" } }),
  ).toHaveLength(1);
});

test("a compose file beside it that speaks of GPUs is reason enough for CUDA", () => {
  const text = run("pip install torch");
  expect(messagesOf(torchCudaOnPlainBase, text)).toHaveLength(1);
  const files = { "compose.yaml": "services:\n  a:\n    build: .\n    gpus: all\n" };
  expect(messagesOf(torchCudaOnPlainBase, text, { files })).toEqual([]);
});

test.each([
  [`pip install torch==2.9.1 --index-url ${whl}/cu118`, 1],
  [`pip install torch==2.2.0 --index-url ${whl}/cu128`, 1],
  [`pip install torch==2.5.1 --extra-index-url ${whl}/cu124`, 0],
  [`pip install torch==2.9.1 --index-url ${whl}/cu129`, 0],
  [`pip install torch==99.1.0 --index-url ${whl}/cu118`, 0],
  [`pip install torch --index-url ${whl}/cu118`, 0],
  [`pip install torch==2.9.1 --index-url ${whl}/$CUDA`, 0],
])("%s: %i builds are missing", (command, count) => {
  expect(messagesOf(torchIndexMismatch, run(command))).toHaveLength(count);
});

test.each([
  ["torch==2.4.1 torchvision==0.19.1 torchaudio==2.4.1", 0],
  ["torch==2.4.1 torchvision==0.20.1", 1],
  ["torch==2.4.1 torchvision==0.19.0 torchaudio==2.4.0", 2],
  ["torch==2.4.1+cu121 torchvision==0.19.1+cu121", 0],
  ["torch==2.4.1 'torchvision>=0.18'", 0],
  ["torch>=2.4 torchvision==0.20.1", 0],
  ["torch==2.0.0 torchaudio==2.0.1", 0],
])("of %s, %i do not belong together", (packages, count) => {
  expect(messagesOf(torchCompanionMismatch, run(`pip install ${packages}`))).toHaveLength(count);
});

test("torch is held against the Python of the base alone", () => {
  expect(messagesOf(torchPythonMismatch, run("pip install torch==2.2.2", "python:3.13"))).toHaveLength(1);
  expect(messagesOf(torchPythonMismatch, run("pip install torch==2.2.2", "python:3.11"))).toEqual([]);
  expect(
    messagesOf(torchPythonMismatch, run("uv venv -p 3.11 && uv pip install torch==2.2.2", "python:3.13")),
  ).toEqual([]);
});

const base = "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime";
test.each([
  ["pip install torch==2.6.0", 1],
  ["pip install -U torch", 1],
  ["pip install torch", 0],
  ["pip install 'torch>=2.4'", 0],
  ["pip install torch==2.5.1", 0],
  ["pip install timm", 0],
])("%s over a base with torch 2.5.1 installs %i more", (command, count) => {
  expect(messagesOf(torchReinstalled, run(command, base))).toHaveLength(count);
});
