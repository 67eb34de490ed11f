import { expect, it } from "vitest";
import { torchFor } from "./torch.ts";
import { findVllm, vllmReleases } from "./vllm.ts";

it("names for each row a torch that the catalogue has, with a wheel on PyPI and for the Python", () => {
  for (const { torch, python } of vllmReleases)
    expect(torchFor({ torch, python }).some((one) => one.isPypi)).toBe(true);
});

it.each([
  ["0.10.1", "2.7.1"],
  ["0.10.1.1", "2.7.1"],
  ["0.10.2", "2.8.0"],
  ["0.6.6.post1", "2.5.1"],
  ["0.1.0", undefined],
  ["main", undefined],
])("vLLM %s is built with torch %s", (version, torch) => {
  expect(findVllm(version)?.torch).toBe(torch);
});

it("has the newest first, and no release in two rows", () => {
  for (const [at, row] of vllmReleases.entries()) {
    expect(findVllm(row.from)).toBe(row);
    expect(findVllm(row.to)).toBe(row);
    const older = vllmReleases[at + 1];
    if (older !== undefined) expect(findVllm(older.to)).not.toBe(row);
  }
});
