import { describe, expect, it } from "vitest";
import { type BaseWishes, chooseBases } from "./bases.ts";
import { systemPackages } from "./system-packages.ts";
import { framework } from "./testing/answers.ts";

const wishes: BaseWishes = {
  manager: "uv",
  python: "3.12",
  gpus: [],
  driver: undefined,
  cuda: undefined,
  torch: undefined,
  frameworks: [],
  systemNeeds: [],
  gpu: true,
};

describe("the bases of a project", () => {
  it.each([
    ["plain Python without a GPU", { gpu: false }, "python:3.12-slim-trixie", undefined],
    [
      "torch, whose wheels bring CUDA",
      { frameworks: [framework("torch", "2.9.1")] },
      "python:3.12-slim-trixie",
      "12.8",
    ],
    [
      "ONNX Runtime, whose wheels do not",
      { frameworks: [framework("onnxruntime-gpu")] },
      "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04",
      "12.8",
    ],
    [
      "ONNX Runtime beside torch, which brings it",
      { frameworks: [framework("torch", "2.9.1"), framework("onnxruntime-gpu")] },
      "python:3.12-slim-trixie",
      "12.8",
    ],
    [
      "a Volta, which newer wheels left out",
      { frameworks: [framework("torch", "2.11.0")], gpus: ["V100"] },
      "python:3.12-slim-trixie",
      "12.6",
    ],
    ["pixi, which has CUDA as packages", { manager: "pixi" }, "debian:trixie-slim", "12.8"],
  ] as const)("%s", (_what, more, image, cuda) => {
    const found = chooseBases({ ...wishes, ...more });
    expect(found.bases.gpu ?? found.bases.cpu).toBe(image);
    expect(found.cuda).toBe(cuda);
  });

  it("takes nvcc from the devel image of the same CUDA, on a Debian that it works on", () => {
    const { bases } = chooseBases({
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

  it.each([
    [
      "a GPU that the wheels have no code for",
      { cuda: "12.4", torch: "2.5.1", gpus: ["RTX 5090"] },
      /no code for GeForce RTX 5090/,
    ],
    [
      "a driver that is too old",
      { cuda: "12.8", torch: "2.9.1", driver: "470" },
      /525\.60\.13 or newer, and 470 is older/,
    ],
    [
      "a Python without wheels",
      { torch: "2.2.2", python: "3.13" },
      /no wheels of torch 2\.2\.2 for Python 3\.13/,
    ],
  ] as const)("says what is impossible and what is nearest: %s", (_what, more, reason) => {
    const frameworks = [framework("torch", more.torch)];
    expect(() => chooseBases({ ...wishes, ...more, frameworks })).toThrow(
      expect.objectContaining({
        code: "BASE_IMPOSSIBLE",
        message: expect.stringMatching(reason),
        hint: expect.stringMatching(/nearest/),
      }),
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
