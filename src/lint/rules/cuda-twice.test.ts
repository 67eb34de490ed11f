import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { cudaTwice } from "./cuda-twice.ts";

const runtime = "FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04\n";
const torch = "RUN pip install torch==2.9.0\n";
const lock = [
  'version = 1\n[[package]]\nname = "app"\nversion = "0"\nsource = { virtual = "." }\ndependencies = [\n    { name = "torch" },\n]\n',
  '[[package]]\nname = "torch"\nversion = "2.9.0"\nsource = { registry = "https://pypi.org/simple" }\n',
].join("\n");

describe("CUDA in the base and in the wheels", () => {
  it.each([
    ["torch of PyPI on runtime", `${runtime}${torch}`, {}],
    [
      "torch of an index",
      `${runtime}RUN uv pip install torch --index-url https://download.pytorch.org/whl/cu128\n`,
      {},
    ],
    ["in a stage that stands on one", `${runtime.trim()} AS base\nFROM base\n${torch}`, {}],
    ["devel on which nothing is compiled", `FROM nvidia/cuda:12.8.1-devel-ubuntu24.04\n${torch}`, {}],
    [
      "by a lock file",
      `${runtime}COPY uv.lock pyproject.toml ./\nRUN uv sync --locked\n`,
      { "uv.lock": lock },
    ],
    [
      "by requirements",
      `${runtime}COPY requirements.txt .\nRUN pip install -r requirements.txt\n`,
      { "requirements.txt": "torch==2.9.0\n" },
    ],
  ])("found: %s", (_, text, files) => {
    expect(messagesOf(cudaTwice, text, { files })).toHaveLength(1);
  });

  it.each([
    ["a base without libraries", `FROM nvidia/cuda:12.8.1-base-ubuntu24.04\n${torch}`],
    [
      "a build for CPUs",
      `${runtime}RUN pip install torch --index-url https://download.pytorch.org/whl/cpu\n`,
    ],
    ["an index that is not known", `${runtime}RUN pip install torch -i https://mirror.lab.example/simple\n`],
    ["something that needs the system's cuDNN", `${runtime}${torch}RUN pip install onnxruntime-gpu\n`],
    ["code is compiled against it", `FROM nvidia/cuda:12.8.1-devel-ubuntu24.04\n${torch}RUN make -C /src\n`],
    ["programs of another stage may use it", `FROM b AS b\n${runtime}${torch}COPY --from=b /out /out\n`],
    [
      "a stage that only lends files",
      `${runtime.trim()} AS b\n${torch}FROM python:3.12-slim\nCOPY --from=b /out /out\n`,
    ],
  ])("silent: %s", (_, text) => {
    expect(messagesOf(cudaTwice, text)).toEqual([]);
  });
});
