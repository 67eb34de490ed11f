import { describe, expect, it } from "vitest";
import { driverRuns, driverRunsWheel } from "../catalog/cuda.ts";
import { findGpu } from "../catalog/gpus.ts";
import { torchHasKernels, torchHasPython } from "../catalog/torch.ts";
import { torchReleases } from "../catalog/torch-releases.ts";
import { DdiffError } from "../util/errors.ts";
import type { Choices } from "./choices.ts";
import { decide } from "./decide.ts";
import type { Project } from "./project.ts";
import { projectWith, torchProject } from "./testing/project.ts";

function refusal(project: Project, choices: Choices): { message: string; hint: string } {
  try {
    decide(project, choices, undefined);
  } catch (error) {
    if (error instanceof DdiffError && error.code === "IMPOSSIBLE")
      return { message: error.message, hint: error.hint ?? "" };
    throw error;
  }
  throw new Error("it was not refused");
}

describe("what goes together", () => {
  it.each([
    ["the wheel of PyPI where nothing is asked for", { version: "2.5.1" }, {}, "12.4", "2.5.1"],
    [
      "an older CUDA that is asked for",
      { version: "2.9.1" },
      { driver: "550", cuda: "12.6" },
      "12.6",
      "2.9.1",
    ],
    ["code for the GPU", { version: "2.11.0" }, { gpus: ["v100"] }, "12.6", "2.11.0"],
    ["what is asked for", { version: "2.9.1" }, { cuda: "13.0" }, "13.0", "2.9.1"],
    ["what the project's index says", { version: "2.5.1", cuda: "12.1" }, {}, "12.1", "2.5.1"],
    ["a torch that is new enough for the GPU", {}, { gpus: ["rtx5090"], driver: "570" }, "12.8", "2.11.0"],
  ] as const)("takes %s", (_, torch, choices, cuda, version) => {
    const { answers } = decide(torchProject(torch), choices as Choices, undefined);
    expect(answers).toMatchObject({ cuda, torch: version });
    expect(answers.stages).toContain("train-gpu");
  });

  it("takes a build that is pinned although nobody knows its kernels, and says so", () => {
    const choices = { gpus: ["b200"], driver: "580" };
    const { answers, reasons } = decide(torchProject({ version: "2.15.0" }), choices, undefined);
    expect(answers).toMatchObject({ torch: "2.15.0", cuda: "13.2" });
    expect(reasons.find((one) => one.topic === "CUDA")?.because).toContain(
      "does not know whether it has code for B200",
    );
  });

  it("takes for a GPU beside an Arm processor a build that has code for it there", () => {
    const { answers } = decide(torchProject(), { gpus: ["gh200"] }, undefined);
    const { torch = "", cuda = "" } = answers;
    expect(torchHasKernels(torch, cuda, "9.0", "aarch64")).toBe(true);
    const { reasons } = decide(torchProject({ version: "2.7.1" }), { gpus: ["gh200"] }, undefined);
    expect(reasons.find((one) => one.topic === "CUDA")?.because).toContain("does not know");
  });

  it("stays without CUDA where the project wants CPU builds, and says why", () => {
    const { answers, reasons } = decide(torchProject({ build: "cpu", version: "2.5.1" }), {}, undefined);
    expect(answers.stages).toEqual(["train-cpu", "dev"]);
    expect(reasons.find((one) => one.topic === "GPU")?.because).toContain("requirements.txt:1");
  });

  it("keeps what it chose before as long as that fits", () => {
    const before = decide(torchProject(), { driver: "550" }, undefined).answers;
    const kept = decide(torchProject(), {}, before).answers;
    expect(kept).toMatchObject({ cuda: before.cuda, torch: before.torch });
    expect(decide(torchProject({ version: "2.5.1" }), {}, before).answers.torch).toBe("2.5.1");
  });

  it("never decides for what the catalogue says cannot be", () => {
    const drivers = [undefined, "450", "525", "535", "550", "570", "580", "610"];
    const gpus = [undefined, "k80", "p100", "v100", "t4", "a100", "rtx4090", "h100", "rtx5090", "b200"];
    const versions = [undefined, ...torchReleases.map((one) => one.points.at(-1))];
    let decided = 0;
    let refused = 0;
    for (const driver of drivers)
      for (const gpu of gpus)
        for (const version of versions)
          for (const python of ["3.8", "3.12", "3.14"]) {
            const choices: Choices = {
              python,
              ...(driver === undefined ? {} : { driver }),
              ...(gpu === undefined ? {} : { gpus: [gpu] }),
            };
            try {
              const { answers } = decide(torchProject({ version }), choices, undefined);
              decided += 1;
              const { torch = "", cuda = "" } = answers;
              expect(torchHasPython(torch, python)).toBe(true);
              if (driver !== undefined) expect(driverRunsWheel(driver, cuda).runs).toBe(true);
              const capability = gpu === undefined ? undefined : findGpu(gpu)?.capability;
              if (capability !== undefined) expect(torchHasKernels(torch, cuda, capability)).not.toBe(false);
            } catch (error) {
              if (!(error instanceof DdiffError)) throw error;
              refused += 1;
              expect(error.code).toBe("IMPOSSIBLE");
              expect(error.hint ?? "").not.toBe("");
            }
          }
    expect(decided).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(500);
  });

  it("chooses an image of NVIDIA's that the driver starts, and refuses one that it does not", () => {
    const project = projectWith({
      frameworks: [
        {
          value: { name: "onnxruntime-gpu", version: "1.20.0", build: "cuda", cuda: undefined },
          because: [],
        },
      ],
    });
    const { answers } = decide(project, {}, undefined);
    expect(answers.bases.gpu).toMatch(/^nvidia\/cuda:12\.8.*-cudnn-runtime-/);
    const wishes: Choices = { gpus: ["rtx4090"], driver: "550" };
    const older = decide(project, wishes, undefined);
    expect(driverRuns("550", older.answers.cuda ?? "", true).runs).toBe(true);
    expect(older.reasons.find((one) => one.topic === "CUDA")?.because).toContain("starts on driver 550");
    const { message, hint } = refusal(project, { ...wishes, cuda: "12.8" });
    expect(message).toContain("GeForce");
    const nearest = /\b1\d\.\d\b/.exec(hint)?.[0] ?? "";
    expect(driverRuns("550", nearest, true).runs).toBe(true);
  });

  it("says of a driver that is too old for a framework which one it needs", () => {
    const project = projectWith({
      frameworks: [
        { value: { name: "tensorflow", version: "2.20.0", build: "cuda", cuda: undefined }, because: [] },
      ],
    });
    const { message, hint } = refusal(project, { driver: "470" });
    expect(message).toContain("CUDA 12.5 does not run on driver 470");
    expect(hint).toMatch(/CUDA 11\.8; CUDA 12\.5 needs driver 525/);
  });
});

describe("what excludes each other is refused with the nearest that goes", () => {
  it.each([
    [
      "torch too old for the GPU",
      { version: "2.5.1" },
      { gpus: ["rtx5090"] },
      "no code for GeForce RTX 5090",
      "torch 2.7.1",
    ],
    ["a driver too old", { version: "2.9.1" }, { driver: "470" }, "525.60.13", "torch 2."],
    [
      "a CUDA that torch was not built for",
      { version: "2.9.1" },
      { cuda: "12.1" },
      "only for 12.6, 12.8, 13.0",
      "--cuda 12.6",
    ],
    ["a Python without wheels", { version: "2.1.2" }, { python: "3.13" }, "3.8 to 3.11", "torch 2."],
    ["a GPU for CPU builds", { build: "cpu" }, { gpus: ["a100"] }, "requirements.txt:1", "--gpu none"],
    [
      "a stage for GPUs without one",
      { build: "cpu" },
      { stages: ["train-gpu"] },
      "train-gpu needs a GPU",
      "train-cpu",
    ],
    ["a service that is not there", {}, { stages: ["serve-cpu"] }, "serve-cpu needs a program", "--serve"],
  ] as const)("%s", (_, torch, choices, why, nearest) => {
    const { message, hint } = refusal(torchProject(torch), choices as unknown as Choices);
    expect(message).toContain(why);
    expect(hint).toContain(nearest);
  });

  it("a lock file with the wheels of PyPI, where the driver needs others", () => {
    const { message, hint } = refusal(torchProject({ version: "2.11.0" }, { lockFile: "uv.lock" }), {
      driver: "550",
    });
    expect(message).toContain("uv.lock");
    expect(hint).toContain("https://download.pytorch.org/whl/cu12");
  });

  it("a GPU that nobody knows, with what may be meant", () => {
    expect(() => decide(torchProject(), { gpus: ["rtx4091"] }, undefined)).toThrow(
      expect.objectContaining({ code: "GPU_UNKNOWN", hint: expect.stringContaining("RTX 4090") as string }),
    );
  });
});

describe("vLLM and TensorRT", () => {
  const serve = ["vllm", "serve", "lab/model"];

  it("take the torch that vLLM is built with, by the wheels of PyPI, and a Python that it has", () => {
    const project = vllm("0.10.1", { python: { value: "3.13", because: [] } });
    const { answers, reasons } = decide(project, { serve, gpus: ["l40s"], driver: "550" }, undefined);
    expect(answers).toMatchObject({ torch: "2.7.1", cuda: "12.6", python: "3.12", health: "/health" });
    expect(reasons.find((one) => one.topic === "Python")?.because).toContain(
      "does not install on Python 3.13",
    );
  });

  it("are for GPUs only, so that no image without CUDA is written", () => {
    expect(decide(vllm("0.10.1"), { serve }, undefined).answers.stages).toEqual(["serve-gpu", "dev"]);
    const tensorrt = projectWith({
      frameworks: [
        { value: { name: "tensorrt", version: "10.3.0", build: "cuda", cuda: "12" }, because: [] },
      ],
      requirements: [requirement("tensorrt-cu12", "main")],
    });
    const { answers, reasons } = decide(tensorrt, {}, undefined);
    expect(answers.stages).toEqual(["train-gpu", "dev"]);
    expect(reasons.find((one) => one.topic === "stages")?.because).toContain("tensorrt-cu12");
  });

  it("bring a C compiler into the image of vLLM, which compiles when it starts", () => {
    expect(decide(vllm("0.10.1"), { serve }, undefined).answers.systemNeeds).toContain("runtime-compiler");
  });

  it("refuse a Python that vLLM does not install on, and a driver for which it is too new", () => {
    expect(refusal(vllm("0.10.1"), { serve, python: "3.13" })).toEqual({
      message: "vllm 0.10.1 does not install on Python 3.13",
      hint: "The nearest that goes is --python 3.12.",
    });
    const { message, hint } = refusal(vllm("0.28.0"), { serve, driver: "550" });
    expect(message).toContain("vllm 0.28.0 has the wheels of PyPI");
    expect(hint).toMatch(/The nearest that goes is vllm 0\.\d+\.\d+, .* ask for it, and run this again/);
  });
});

describe("what runs needs of the system", () => {
  it("the libraries that R's packages load", () => {
    const project = projectWith({
      r: true,
      manager: { value: "r", because: [] },
      requirements: [
        requirement("sf", "main"),
        requirement("plumber", "main"),
        requirement("magick", "Suggests"),
      ],
    });
    expect(decide(project, {}, undefined).answers.systemNeeds).toEqual([
      "gdal",
      "geos",
      "proj",
      "udunits",
      "sodium",
    ]);
  });

  it("Jupyter where there are notebooks and the package, and a folder for trackers", () => {
    const requirements = [requirement("jupyterlab", "dev"), requirement("wandb", "main")];
    const project = projectWith({ notebooks: ["notebooks/look.ipynb"], requirements });
    expect(decide(project, {}, undefined).answers).toMatchObject({ jupyter: "lab", trackers: ["wandb"] });
    expect(decide(projectWith({ requirements }), {}, undefined).answers.jupyter).toBeUndefined();
  });
});

describe("what somebody says goes before what was found", () => {
  it("of frameworks: one that was found keeps what is known of it, the others are as named", () => {
    const project = torchProject({ version: "2.9.1" });
    const { answers } = decide(project, { frameworks: ["torch", "onnxruntime"] }, undefined);
    expect(answers.frameworks?.map((one) => [one.name, one.version])).toEqual([
      ["torch", "2.9.1"],
      ["onnxruntime", undefined],
    ]);
    const none = decide(project, { frameworks: [] }, undefined);
    expect(none.answers).toMatchObject({ frameworks: [], cuda: undefined, torch: undefined });
    expect(none.reasons).toContainEqual({ topic: "framework", value: "none", because: "asked for" });
  });

  it("of the system: packages are added, and needs left out", () => {
    const needs = ["ffmpeg", "libgl"].map((value) => ({ value, because: [] }));
    const choices: Choices = { system: ["libzstd1"], without: ["libgl"] };
    const { answers, reasons } = decide(projectWith({ systemNeeds: needs }), choices, undefined);
    expect(answers).toMatchObject({ systemNeeds: ["ffmpeg"], systemPackages: ["libzstd1"] });
    expect(reasons.map((one) => `${one.topic} ${one.value}`)).toEqual(
      expect.arrayContaining(["needs ffmpeg", "needs not libgl", "apt packages libzstd1"]),
    );
  });

  it("of the system: without nvcc nothing is for GPUs that only had it for a reason", () => {
    const project = projectWith({ systemNeeds: [{ value: "cuda-compiler", because: [] }] });
    expect(decide(project, {}, undefined).answers.bases.compiler).toContain("devel");
    const { answers } = decide(project, { without: ["cuda-compiler"] }, undefined);
    expect(answers).toMatchObject({ cuda: undefined, bases: { compiler: undefined } });
  });

  it("of folders: what is mounted is no part of the program", () => {
    const project = projectWith({
      sources: ["app", "nets", "train.py"],
      dataFolders: ["data"],
      weightFolders: ["weights"],
    });
    const { answers } = decide(project, { weightFolder: "nets", dataFolders: [] }, undefined);
    expect(answers).toMatchObject({ weightFolder: "nets", dataFolders: [], sources: ["app", "train.py"] });
    const other = decide(project, { weightFolder: "none", sources: ["lib"] }, undefined).answers;
    expect(other).toMatchObject({ weightFolder: undefined, dataFolders: ["data"], sources: ["lib"] });
  });
});

describe("commands and stages", () => {
  it("serves with what was found, for everyone in the network of the container", () => {
    const project = projectWith({
      serving: {
        value: { kind: "fastapi", target: "app.main:app", port: 8000, health: "/health" },
        because: [{ file: "app/main.py", line: 3, says: "makes a FastAPI" }],
      },
    });
    const { answers } = decide(project, { port: 9000 }, undefined);
    expect(answers.serve).toEqual(["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "9000"]);
    expect(answers).toMatchObject({
      port: 9000,
      health: "/health",
      stages: ["train-cpu", "serve-cpu", "dev"],
    });
  });

  it.each([
    [["uvicorn", "a:app", "--port", "8000"], 9000, ["uvicorn", "a:app", "--port", "9000"]],
    [["gunicorn", "a:app", "--bind", "0.0.0.0:8000"], 9000, ["gunicorn", "a:app", "--bind", "0.0.0.0:9000"]],
    [
      ["streamlit", "run", "a.py", "--server.port=8501"],
      80,
      ["streamlit", "run", "a.py", "--server.port=80"],
    ],
    [["python", "a.py"], 9000, ["python", "a.py"]],
  ])("puts %j on port %i", (command, port, expected) => {
    const from = { file: "Procfile", says: "" };
    const project = projectWith({ entryPoints: [{ purpose: "serve", command, from }] });
    const { answers } = decide(project, { port }, undefined);
    expect(answers).toMatchObject({ serve: expected, port });
  });

  it("takes the port that a command names", () => {
    const { answers } = decide(projectWith(), { serve: ["vllm", "serve", "m", "--port", "8100"] }, undefined);
    expect(answers.port).toBe(8100);
  });

  it("leaves out of serving what only training needs, and not what chooses the hardware", () => {
    const project = torchProject(
      { version: "2.9.1" },
      {
        requirements: [
          requirement("torch", "main"),
          requirement("wandb", "train"),
          requirement("pytest", "dev"),
          requirement("torch", "cu128"),
          requirement("uvicorn", "serve"),
        ],
        extras: ["cu128", "serve"],
      },
    );
    const { answers } = decide(project, {}, undefined);
    expect(answers.trainGroups).toEqual(["train"]);
    expect(answers.extras).toEqual({ serve: ["serve"], gpu: ["cu128"] });
  });
});

function requirement(name: string, group: string): Project["requirements"][number] {
  return { name, version: "", extras: [], groups: [group], from: { file: "pyproject.toml", says: "" } };
}

/** A project that asks for vLLM. */
function vllm(version: string, more: Partial<Project> = {}): Project {
  const torch = torchProject();
  const value = { name: "vllm", version, build: "open", cuda: undefined } as const;
  return {
    ...torch,
    frameworks: [{ value, because: [] }, ...torch.frameworks],
    requirements: [requirement("vllm", "main")],
    entryPoints: [],
    ...more,
  };
}
