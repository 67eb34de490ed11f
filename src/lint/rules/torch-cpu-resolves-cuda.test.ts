import { expect, test } from "vitest";
import { checkWith } from "../testing/check.ts";
import { torchCpuResolvesCuda } from "./torch-cpu-resolves-cuda.ts";

test.each([
  ["torch==2.9.1", "6 GB", 5.3],
  ["'torch>=2.0.1,<3'", "4 GB", 3.3],
  ["'torch<2.6'", "4.5 GB", 3.8],
  ["sentence-transformers", "4 GB", 3.3],
])("pip install %s is counted as the version that comes, %s", (packages, size, waste) => {
  const [one] = checkWith(
    torchCpuResolvesCuda,
    `FROM python:3.11 AS cpu\nRUN pip install ${packages}\n`,
  ).findings;
  expect(one?.message).toContain(`torch for CUDA, about ${size} on disk`);
  expect((one?.waste ?? 0) / 1e9).toBeCloseTo(waste, 1);
});
