import { describe, expect, it } from "vitest";
import { readDockerfile } from "../../dockerfile/read.ts";
import { contextFor } from "../testing/check.ts";
import { torchBuilds, torchOfBase } from "./torch-builds.ts";

function read(run: string, head = "", files: Record<string, string> = {}) {
  const file = readDockerfile(`FROM python:3.12-slim\n${head}RUN ${run}\n`);
  const [stage] = file.stages;
  if (stage === undefined) throw new Error("there is a stage");
  return torchBuilds(file, stage, contextFor({ files })).map((one) => [one.version, one.cuda]);
}

describe("which build of torch an install brings", () => {
  it.each([
    ["PyPI's default of its version", "pip install torch==2.5.1", [["2.5.1", "12.4"]]],
    ["no version is the newest", "pip install torch", [[undefined, "13.0"]]],
    ["a range may be anything", "pip install 'torch>=2'", [[undefined, undefined]]],
    [
      "a local version",
      "pip install torch==2.5.1+cu118 -f https://download.pytorch.org/whl/torch_stable.html",
      [["2.5.1", "11.8"]],
    ],
    [
      "an index",
      "pip install torch==2.5.1 --index-url https://download.pytorch.org/whl/cu121",
      [["2.5.1", "12.1"]],
    ],
    [
      "an index of the CPU",
      "uv pip install torch --extra-index-url=https://download.pytorch.org/whl/cpu",
      [[undefined, "cpu"]],
    ],
    ["uv's backend", "uv pip install --torch-backend=cu128 torch==2.8.0", [["2.8.0", "12.8"]]],
    [
      "a mirror can have any",
      "pip install torch==2.5.1 -i https://mirror.lab.example/simple",
      [["2.5.1", undefined]],
    ],
    [
      "ROCm is not CUDA",
      "pip install torch==2.5.1 --index-url https://download.pytorch.org/whl/rocm6.2",
      [["2.5.1", undefined]],
    ],
    ["a version in an unknown variable", "pip install torch==$TORCH", [[undefined, undefined]]],
    ["what needs torch brings it", "pip install ultralytics", [[undefined, "13.0"]]],
    ["something else", "pip install numpy", []],
  ])("%s", (_, run, wanted) => {
    expect(read(run)).toEqual(wanted);
  });

  it("reads variables of the stage, and requirements of the context", () => {
    expect(read("pip install torch==$V", "ARG V=2.4.1\n")).toEqual([["2.4.1", "12.1"]]);
    expect(read("pip install torch", "ENV UV_TORCH_BACKEND=cpu\n")).toEqual([[undefined, "cpu"]]);
    const files = { "requirements.txt": "numpy\ntorch==2.6.0\n" };
    expect(read("pip install -r requirements.txt", "COPY requirements.txt .\n", files)).toEqual([
      ["2.6.0", "12.4"],
    ]);
  });

  it("reads the tag of pytorch/pytorch", () => {
    const [stage] = readDockerfile("FROM pytorch/pytorch:2.3.0-cuda12.1-cudnn8-runtime\n").stages;
    expect(stage && torchOfBase(stage)).toMatchObject({ version: "2.3.0", cuda: "12.1" });
  });
});
