import * as fc from "fast-check";
import { expect, test } from "vitest";
import { findGpu, gpus, nearGpuNames } from "./gpus.ts";

test.each([
  ["rtx4090", "GeForce RTX 4090", "8.9"],
  ["RTX 4090", "GeForce RTX 4090", "8.9"],
  ["4090", "GeForce RTX 4090", "8.9"],
  ["NVIDIA GeForce RTX 4070 Ti SUPER", "GeForce RTX 4070 Ti Super", "8.9"],
  ["RTX 3080 Laptop GPU", "GeForce RTX 3080", "8.6"],
  ["gtx1080ti", "GeForce GTX 1080 Ti", "6.1"],
  ["a100-80gb", "A100", "8.0"],
  ["A100-SXM4-40GB", "A100", "8.0"],
  ["Tesla V100-SXM2-32GB", "V100", "7.0"],
  ["h100 pcie", "H100", "9.0"],
  ["L4", "L4", "8.9"],
  ["t4", "T4", "7.5"],
  ["p100", "P100", "6.0"],
  ["b200", "B200", "10.0"],
  ["rtx5090", "GeForce RTX 5090", "12.0"],
  ["jetson orin", "Jetson AGX Orin", "8.7"],
  ["RTX A6000", "RTX A6000", "8.6"],
  ["RTX 6000 Ada", "RTX 6000 Ada", "8.9"],
  ["Quadro RTX 6000", "Quadro RTX 6000", "7.5"],
])("%s is the %s", (text, name, capability) => {
  expect(findGpu(text)).toMatchObject({ name, capability });
});

test("a compute capability stands for a GPU of it", () => {
  for (const text of ["8.9", "sm_89", "sm89", "compute_89"]) expect(findGpu(text)?.capability).toBe("8.9");
  expect(findGpu("sm_120")?.capability).toBe("12.0");
});

test("three boards are called RTX 6000, so the name alone is none", () => {
  expect(findGpu("RTX 6000")).toBeUndefined();
});

test("a slip is answered with what may be meant", () => {
  expect(nearGpuNames("rtx409")[0]).toBe("GeForce RTX 4090");
  expect(nearGpuNames("radeon rx 7900 xtx")).toEqual([]);
});

test("every name finds itself", () => {
  for (const gpu of gpus) expect(findGpu(gpu.name)).toEqual(gpu);
});

test("any text is answered", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 5000 }), (text) => {
      findGpu(text);
      expect(nearGpuNames(text).length).toBeLessThan(4);
    }),
  );
});
