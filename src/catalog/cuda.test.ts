import { expect, test } from "vitest";
import { cudaOfDriver, cudaOfIndex, driverRuns, driverRunsWheel, toolkitBuildsFor } from "./cuda.ts";

test.each([
  ["550", "12.4"],
  ["535.104.05", "12.2"],
  ["565.57.01", "12.7"],
  ["525.60.13", "12.0"],
  ["470", "11.4"],
  ["418.40", "10.1"],
  ["999", "13.3"],
])("driver %s supports CUDA %s", (driver, cuda) => {
  expect(cudaOfDriver(driver)).toBe(cuda);
});

test.each([
  // From issue reports and NVIDIA's tables: any 12.x wheel runs from 525.60.13 on.
  ["550", "cu128", true],
  ["525.60.13", "12.9", true],
  ["525.53", "12.0", false],
  ["470", "11.8", true],
  ["470", "12.1", false],
  ["575.57.08", "13.0", false],
  ["580", "cu130", true],
  ["550", "99.0", undefined],
])("driver %s with wheels of %s: %s", (driver, cuda, runs) => {
  expect(driverRunsWheel(driver, cuda).runs).toBe(runs);
});

test.each([
  // An RTX 4090 with driver 550 is refused by images of 12.8 although wheels of 12.8 run on it.
  ["550", "12.8.1", true, false],
  ["550", "12.8.1", false, true],
  ["550", "12.4.1", true, true],
  ["535", "12.4.1", true, true],
  ["535", "12.6.3", true, false],
  ["535", "12.6.3", false, true],
  ["545", "12.4.1", false, false],
  ["470", "12.9.1", false, false],
  ["470", "11.4.3", true, true],
  ["580", "12.8.1", true, true],
  ["550", "13.3.1", true, undefined],
  ["610", "13.3.1", true, true],
])("driver %s, image of CUDA %s, GeForce %s: %s", (driver, cuda, geforce, runs) => {
  expect(driverRuns(driver, cuda, geforce).runs).toBe(runs);
});

test("an index is named after its CUDA", () => {
  expect(["cu92", "cu118", "cu121", "cu130", "cpu", "rocm6.2"].map(cudaOfIndex)).toEqual([
    "9.2",
    "11.8",
    "12.1",
    "13.0",
    undefined,
    undefined,
  ]);
});

test("CUDA 13 builds for nothing before Turing, CUDA 12.6 for nothing after Hopper", () => {
  expect(toolkitBuildsFor("13.0", "7.0")).toBe(false);
  expect(toolkitBuildsFor("12.9", "7.0")).toBe(true);
  expect(toolkitBuildsFor("12.6", "12.0")).toBe(false);
  expect(toolkitBuildsFor("12.8.1", "12.0")).toBe(true);
});
