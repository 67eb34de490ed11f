import { describe, expect, it } from "vitest";
import { type BaseWishes, chooseBases } from "./bases.ts";
import { systemPackages } from "./system-packages.ts";
import { framework } from "./testing/answers.ts";

const wishes: BaseWishes = {
  manager: "uv",
  python: "3.12",
  gpus: [],
  driver: undefined,
  cuda: "12.8",
  frameworks: [],
  systemNeeds: [],
};

describe("the bases of a project", () => {
  it.each([
    ["plain Python without a GPU", { cuda: undefined }, "python:3.12-slim-trixie"],
    [
      "torch, whose wheels bring CUDA",
      { frameworks: [framework("torch", "2.9.1")] },
      "python:3.12-slim-trixie",
    ],
    [
      "ONNX Runtime, whose wheels do not",
      { frameworks: [framework("onnxruntime-gpu")] },
      "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04",
    ],
    [
      "ONNX Runtime on the Ubuntu that has this Python",
      { frameworks: [framework("onnxruntime-gpu")], python: "3.10" },
      "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu22.04",
    ],
    [
      "ONNX Runtime beside torch, which brings it",
      { frameworks: [framework("torch", "2.9.1"), framework("onnxruntime-gpu")] },
      "python:3.12-slim-trixie",
    ],
    ["pixi, which has CUDA as packages", { manager: "pixi" }, "debian:trixie-slim"],
    ["an old Python, of which Debian 13 has no image", { python: "3.8" }, "python:3.8-slim-bookworm"],
  ] as const)("%s", (_what, more, image) => {
    const bases = chooseBases({ ...wishes, ...more });
    expect(bases.gpu ?? bases.cpu).toBe(image);
  });

  it("takes nvcc from the devel image of the same CUDA, on a Debian that it works on", () => {
    const bases = chooseBases({
      ...wishes,
      frameworks: [framework("torch", "2.9.1")],
      systemNeeds: ["cuda-compiler"],
    });
    expect(bases).toEqual({
      cpu: "python:3.12-slim-bookworm",
      gpu: "python:3.12-slim-bookworm",
      compiler: "nvidia/cuda:12.8.1-devel-ubuntu22.04",
    });
  });

  it("says which images NVIDIA keeps where it has none", () => {
    const frameworks = [framework("onnxruntime-gpu")];
    expect(() => chooseBases({ ...wishes, cuda: "10.0", frameworks })).toThrow(
      expect.objectContaining({ code: "IMPOSSIBLE", hint: expect.stringContaining("12.8") as string }),
    );
  });
});

describe("packages of the system", () => {
  it.each([
    ["python:3.12-slim-trixie", ["libgl1", "libglib2.0-0t64"]],
    ["python:3.12-slim-bookworm", ["libgl1", "libglib2.0-0"]],
    ["nvidia/cuda:12.8.1-base-ubuntu24.04", ["libgl1", "libglib2.0-0t64"]],
    ["nvidia/cuda:12.8.1-base-ubuntu22.04", ["libgl1", "libglib2.0-0"]],
  ])("have the names of %s", (image, names) => {
    expect(systemPackages(["libgl", "glib"], image).runtime).toEqual(names);
  });

  it("have headers where something is compiled, and then only for the build", () => {
    expect(systemPackages(["libpq"], "debian:trixie-slim")).toEqual({
      runtime: ["libpq5"],
      build: ["build-essential", "libpq-dev"],
      unknown: [],
    });
    expect(systemPackages(["libgl"], "debian:trixie-slim").build).toEqual([]);
  });

  it("say what they do not know", () => {
    expect(systemPackages(["quantum"], "debian:trixie-slim").unknown).toEqual(["quantum"]);
  });
});
