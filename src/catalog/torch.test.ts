import { expect, test } from "vitest";
import {
  findTorch,
  newestTorch,
  torchDefaults,
  torchFor,
  torchHasKernels,
  torchHasPython,
  torchIndex,
} from "./torch.ts";
import { torchReleases } from "./torch-releases.ts";

test.each([
  ["2.0.1", "11.7", "0.15.2", "2.0.2"],
  ["2.0.0", "11.7", "0.15.1", "2.0.1"],
  ["2.1.2", "12.1", "0.16.2", "2.1.2"],
  ["2.4.1", "12.1", "0.19.1", "2.4.1"],
  ["2.5", "12.4", "0.20.1", "2.5.1"],
  ["2.6.0+cu124", "12.4", "0.21.0", "2.6.0"],
  ["2.7.1", "12.6", "0.22.1", "2.7.1"],
  ["2.9.1", "12.8", "0.24.1", "2.9.1"],
  ["2.11.0", "13.0", "0.26.0", "2.11.0"],
  ["2.12.0", "13.0", "0.27.0", undefined],
  ["1.13.1", "11.7", "0.14.1", "0.13.1"],
])("PyPI gives torch %s with CUDA %s", (version, cuda, torchvision, torchaudio) => {
  expect(torchDefaults(version)).toMatchObject({ cuda, torchvision, torchaudio });
});

test("pre-releases, nightlies and unknown versions are left alone", () => {
  for (const version of ["2.6.0a0+ecf3bae40a", "2.9.0.dev20250801", "2.6.0rc1", "3.0", "", "2"]) {
    expect(findTorch(version)).toBeUndefined();
  }
});

test.each([
  ["2.6.0", "cu124", "12.0", false],
  ["2.7.1", "12.8", "12.0", true],
  ["2.7.1", "12.8", "12.1", true],
  ["2.7.0", "12.8", "7.0", false],
  ["2.8.0", "cu128", "7.0", true],
  ["2.11.0", "cu128", "7.0", false],
  ["2.11.0", "cu126", "7.0", true],
  ["2.9.0", "cu128", "6.1", false],
  ["2.9.0", "cu126", "6.1", true],
  ["2.5.1", "cu124", "8.9", true],
  ["2.9.1", "cu128", "10.3", true],
  ["2.5.1", "cu124", "3.7", false],
  ["2.5.1", "cu118", "3.7", true],
  ["2.15.0", "13.2", "8.9", undefined],
])("torch %s of %s on a GPU of %s: %s", (version, cuda, capability, has) => {
  expect(torchHasKernels(version, cuda, capability)).toBe(has);
});

test("what fits an RTX 4090 with driver 550 and Python 3.12 is built with CUDA 12", () => {
  const [best] = torchFor({ capabilities: ["8.9"], driver: "550", python: "3.12" });
  expect(best).toMatchObject({ cuda: "12.6", index: "https://download.pytorch.org/whl/cu126" });
});

test("nothing of torch 2.5 fits a Blackwell GPU, and nothing new fits Python 3.8", () => {
  expect(torchFor({ torch: "2.5.1", capabilities: ["12.0"] })).toEqual([]);
  expect(torchFor({ python: "3.8" })[0]?.torch).toBe("2.4.1");
  expect(torchHasPython("2.9.1", "3.9")).toBe(false);
});

test("every release is among the builds of its own CUDA list", () => {
  for (const release of torchReleases) expect(release.cuda).toContain(release.pypiCuda);
  expect(torchIndex("cpu")).toBe("https://download.pytorch.org/whl/cpu");
});

test.each([
  ["", undefined, torchReleases[0]?.points.at(-1)],
  [">=2.0.1,<3.0.0", undefined, torchReleases[0]?.points.at(-1)],
  [">=2.0,<2.5", undefined, "2.4.1"],
  ["<=2.5.0", undefined, "2.5.0"],
  ["~=2.4", undefined, torchReleases[0]?.points.at(-1)],
  ["~=2.4.0", undefined, "2.4.1"],
  ["==2.5.*", undefined, "2.5.1"],
  ["!=2.5.1,<2.6", undefined, "2.5.0"],
  [">=2", "3.9", "2.8.0"],
  ["<1.0", undefined, undefined],
])("the newest torch for %j with Python %s is %s", (requirement, python, version) => {
  expect(newestTorch(requirement, python)).toBe(version);
});
