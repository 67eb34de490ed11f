import { describe, expect, test } from "vitest";
import { cpuDefinition, gpuDefinition } from "./examples.ts";
import { planBase } from "./plan.ts";
import { readDefinition } from "./read-definition.ts";
import { stepsOf } from "./steps.ts";
import { baseTag, dayOf } from "./tag.ts";

const planOf = (text: string) => planBase(readDefinition(text, "base.yaml"));

/** A definition with some settings changed. */
function base(changes: Readonly<Record<string, string>>): string {
  const settings = {
    version: "1",
    os: "ubuntu22.04",
    cuda: "12.4.1",
    python: "[3.10]",
    torch: "[2.5.1]",
    ...changes,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

describe("the default", () => {
  test("is the image of seed 000", () => {
    const plan = planOf(gpuDefinition);
    expect(plan.image).toBe("nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04");
    expect(plan.pythons).toEqual([{ version: "3.10", isSystems: true }]);
    expect(plan.torches.map(({ version, cuda, companions }) => [version, cuda, ...companions])).toEqual([
      ["2.4.1", "12.4", "torchvision==0.19.1", "torchaudio==2.4.1"],
      ["2.5.1", "12.4", "torchvision==0.20.1", "torchaudio==2.5.1"],
      ["2.6.0", "12.4", "torchvision==0.21.0", "torchaudio==2.6.0"],
      ["2.7.1", "12.6", "torchvision==0.22.1", "torchaudio==2.7.1"],
      ["2.9.0", "12.6", "torchvision==0.24.0", "torchaudio==2.9.0"],
    ]);
    expect(plan.definition.packages).toHaveLength(14);
    expect(plan.notes).toEqual([]);
    expect(baseTag(plan, dayOf(new Date("2025-12-05T12:00:00Z")))).toBe("cu12.4.1-py3.10-torch-251205");
  });

  test("has one without CUDA beside it", () => {
    const plan = planOf(cpuDefinition);
    expect(plan.image).toBe("ubuntu:22.04");
    expect(new Set(plan.torches.map(({ index }) => index))).toEqual(
      new Set(["https://download.pytorch.org/whl/cpu"]),
    );
    expect(baseTag(plan, "251205")).toBe("cpu-py3.10-torch-251205");
  });
});

describe("what goes", () => {
  test.each<[string, Record<string, string>, RegExp | string]>([
    ["PyPI's own build needs no index", { torch: "[2.5.1]" }, "undefined"],
    ["another comes from PyTorch's", { torch: "[2.9.0]" }, "https://download.pytorch.org/whl/cu126"],
    [
      "or from a mirror of it",
      { torch: "[2.9.0]", indexes: "{torch: 'https://mirror.lab/whl/'}" },
      "https://mirror.lab/whl/cu126",
    ],
    ["a CUDA that is asked for", { torch: "[{version: 2.9.0, cuda: 12.8}]" }, "undefined"],
    [
      "the GPU decides where the nearest build has no code",
      { cuda: "12.8.1", torch: "[2.11.0]", capabilities: "['7.0']" },
      "https://download.pytorch.org/whl/cu126",
    ],
  ])("%s", (_name, changes, index) => {
    expect(String(planOf(base(changes)).torches[0]?.index)).toBe(index);
  });

  test("cuDNN's older spelling is NVIDIA's", () => {
    const plan = planOf(base({ cuda: "12.2.2", torch: "[2.4.1]" }));
    expect(plan.image).toBe("nvidia/cuda:12.2.2-cudnn8-devel-ubuntu22.04");
  });

  test("what is newer than the catalogue is taken, and said", () => {
    expect(planOf(base({ cuda: "12.9.9" })).notes.join()).toMatch(/12\.9\.9.*was not checked/);
    expect(planOf(base({ torch: "[2.9.7]" })).notes.join()).toMatch(/2\.9\.7 is newer than the catalogue/);
  });
});

describe("what cannot be is refused with the reason and the nearest that can", () => {
  test.each<[string, Record<string, string>, RegExp, RegExp]>([
    [
      "no wheels for a new Python",
      { python: "[3.13]", torch: "[2.4.1]" },
      /line 5: torch 2\.4\.1 has no wheels for Python 3\.13, only for 3\.8 to 3\.12/,
      /Python 3\.12, or torch 2\.5\.1/,
    ],
    [
      "no wheels for an old Python",
      { python: "[3.9]", torch: "[2.9.0]" },
      /no wheels for Python 3\.9/,
      /Python 3\.10, or torch 2\.8\.0/,
    ],
    [
      "no wheels for that CUDA",
      { torch: "[{version: 2.5.1, cuda: 12.8}]" },
      /no wheels for CUDA 12\.8, only for 11\.8, 12\.1, 12\.4/,
      /cuda: "12\.4"/,
    ],
    [
      "no wheels for that major CUDA",
      { cuda: "13.0.3", os: "ubuntu24.04", torch: "[2.5.1]" },
      /no wheels for CUDA 13/,
      /CUDA 12\.4/,
    ],
    [
      "CUDA of another major",
      { torch: "[{version: 2.9.0, cuda: 13.0}]" },
      /cannot be extended by the compiler of CUDA 12\.4/,
      /cuda: "12\.6"/,
    ],
    [
      "no code for that GPU",
      { cuda: "12.8.1", torch: "[{version: 2.9.0, cuda: 12.6}]", capabilities: "['12.0']" },
      /has no code for compute capability 12\.0, only for 5\.0 .* 9\.0/,
      /cuda: "12\.8"/,
    ],
    [
      "no build with code for all GPUs",
      { cuda: "12.8.1", torch: "[2.10.0]", capabilities: "['6.0', '12.0']" },
      /has no code for compute capability 6\.0/,
      /leave 6\.0 out/,
    ],
    ["a torch that never was", { torch: "[3.0.0]" }, /the catalogue has no torch 3\.0\.0/, /2\.15\.0/],
    [
      "an image that does not exist for the OS",
      { os: "ubuntu24.04" },
      /CUDA 12\.4\.1 was not built for ubuntu24\.04/,
      /ubuntu22\.04/,
    ],
    ["an image that is gone", { cuda: "12.4.0" }, /12\.4\.0/, /cuda: 12\.4\.1/],
    [
      "an image without cuDNN",
      { cuda: "12.5.1", os: "ubuntu24.04" },
      /no image with cuDNN for ubuntu24\.04/,
      /ubuntu22\.04/,
    ],
    [
      "CUDA on Debian",
      { os: "debian12" },
      /NVIDIA has no images of CUDA for Debian/,
      /cuda: 12\.4\.1 on ubuntu22\.04|os: ubuntu22\.04/,
    ],
    ["a system without apt", { os: "rockylinux9" }, /has no apt/, /ubuntu2\d\.04/],
    [
      "a system that nobody knows",
      { os: "ubuntu23.11" },
      /the catalogue has no ubuntu23\.11/,
      /ubuntu2\d\.04/,
    ],
    [
      "a capability that the compiler does not know",
      { capabilities: "['12.0']" },
      /compiler of CUDA 12\.4 does not build for compute capability 12\.0, only for 5\.0 to 9\.0/,
      /9\.0/,
    ],
    [
      "GPUs without CUDA",
      { cuda: "cpu", capabilities: "['8.0']" },
      /for CPUs compiles for no GPU/,
      /name a cuda/,
    ],
    [
      "NVIDIA's profiler without CUDA",
      { cuda: "cpu", profiler: "nsight-systems-2024.6.2" },
      /NVIDIA's repository/,
      /Leave profiler out/,
    ],
    [
      "CUDA's torch without CUDA",
      { cuda: "cpu", torch: "[{version: 2.5.1, cuda: 12.4}]" },
      /in a base for CPUs/,
      /Leave its cuda out/,
    ],
    [
      "a torchvision of another torch",
      { torch: "[{version: 2.5.1, torchvision: 0.21.0}]" },
      /torchvision 0\.21\.0 is not for torch 2\.5\.1/,
      /0\.20\.1/,
    ],
    [
      "a torchaudio after the last",
      { cuda: "12.6.3", torch: "[{version: 2.12.0, torchaudio: 2.12.0}]" },
      /torchaudio 2\.12\.0 is not for torch 2\.12\.0/,
      /leave it out/,
    ],
    [
      "a package that the system lost",
      { os: "ubuntu24.04", cuda: "cpu", python: "[3.12]", system: "[libgl1-mesa-glx]" },
      /ubuntu24\.04 has no package libgl1-mesa-glx/,
      /libgl1\./,
    ],
    ["torch among the packages", { packages: "[Torch>=2]" }, /torch comes with each torch/, /under torch/],
    [
      "CUDA among the packages",
      { packages: "[nvidia-cudnn-cu12]" },
      /would be in the base twice/,
      /leave it out/,
    ],
    ["the same torch twice", { torch: "[2.5.1, 2.5.1]" }, /torch 2\.5\.1 is named twice/, /once/],
    ["the same package twice", { packages: "[PyYAML, pyyaml==6.0.3]" }, /pyyaml is named twice/, /once/],
    [
      "flash-attn of another Python",
      {
        torch:
          "[{version: 2.5.1, flash-attn: {3.10: 'https://x.lab/flash_attn-2.8.3+cu12torch2.5cxx11abiFALSE-cp311-cp311-linux_x86_64.whl'}}]",
      },
      /is for Python 3\.11, not 3\.10/,
      /cp310/,
    ],
    [
      "flash-attn of another torch",
      {
        torch:
          "[{version: 2.5.1, flash-attn: {3.10: 'https://x.lab/flash_attn-2.8.3%2Bcu12torch2.4cxx11abiFALSE-cp310-cp310-linux_x86_64.whl'}}]",
      },
      /is built for torch 2\.4, not 2\.5\.1/,
      /torch2\.5/,
    ],
    [
      "flash-attn of a Python that is not there",
      {
        torch:
          "[{version: 2.5.1, flash-attn: {3.12: 'https://x.lab/flash_attn-2.8.3-cp312-cp312-linux_x86_64.whl'}}]",
      },
      /the base has no Python 3\.12/,
      /3\.10/,
    ],
  ])("%s", (_name, changes, why, nearest) => {
    expect(() => planOf(base(changes))).toThrowError(
      expect.objectContaining({
        code: "IMPOSSIBLE",
        exitStatus: 3,
        message: expect.stringMatching(why),
        hint: expect.stringMatching(nearest),
      }),
    );
  });
});

const steps = (torches: string) => stepsOf(planOf(base({ torch: torches, packages: "[numpy, einops]" })));

describe("the parts of a base", () => {
  test("are the same whichever torches there are beside them, in whatever order", () => {
    const all = steps("[2.9.0, 2.5.1, 2.6.0, 2.7.1, 2.4.1]");
    for (const torches of ["[2.5.1]", "[2.5.1, 2.6.0]", "[2.7.1, 2.9.0]", "[2.4.1, 2.7.1]"])
      for (const step of steps(torches)) expect(all).toContainEqual(step);
  });

  test("hold what several torches pin once", () => {
    const wheels = (all: ReturnType<typeof steps>) =>
      all.flatMap(({ words }) => words.filter((word) => word.startsWith("nvidia-")));
    const all = wheels(steps("[2.4.1, 2.5.1, 2.6.0, 2.7.1, 2.9.0]"));
    expect(new Set(all).size).toBe(all.length);
    expect(all).toContain("nvidia-cublas-cu12==12.4.5.8");
    // 2.6.0 needs what 2.5.1 has, and no more that others share.
    expect(wheels(steps("[2.5.1, 2.6.0]"))).toEqual(wheels(steps("[2.5.1]")));
  });

  test("are torches of their own for each Python, on the same CUDA", () => {
    const all = stepsOf(planOf(base({ python: "[3.10, 3.12]", torch: "[2.5.1, 2.6.0]" })));
    expect(all.filter(({ name }) => name.startsWith("torch-")).map(({ makes }) => makes)).toEqual([
      "python3.10/torch2.5.1",
      "python3.12/torch2.5.1",
      "python3.10/torch2.6.0",
      "python3.12/torch2.6.0",
    ]);
  });
});
