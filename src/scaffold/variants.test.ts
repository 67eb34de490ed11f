import { expect, it } from "vitest";
import type { Project } from "./project.ts";
import { torchProject } from "./testing/project.ts";
import { variantsOf } from "./variants.ts";

const all = { pythons: [], cudas: [] };

it("lists each CUDA that torch has wheels for, and one variant without", () => {
  const { variants, left } = variantsOf(torchProject({ version: "2.9.1" }), { driver: "550" }, all);
  const tags = new Set(variants.map((one) => one.tag));
  expect([...tags]).toEqual([
    "cu12.8.1-py3.12-torch2.9.1",
    "cu12.6.3-py3.12-torch2.9.1",
    "cpu-py3.12-torch2.9.1",
  ]);
  expect(left).toMatchObject([{ cuda: "13.0", because: expect.stringContaining("driver 550") as string }]);
});

it("lists nothing without a GPU for what runs on GPUs only, and counts the torch that vLLM brings", () => {
  const from = { file: "requirements.txt", says: "asks for vllm" };
  const torch = torchProject();
  const project: Project = {
    ...torch,
    frameworks: [
      { value: { name: "vllm", version: "0.13.0", build: "open", cuda: undefined }, because: [] },
      ...torch.frameworks,
    ],
    requirements: [{ name: "vllm", version: "==0.13.0", extras: [], groups: ["main"], from }],
  };
  const { variants } = variantsOf(project, { serve: ["vllm", "serve", "lab/model"] }, all);
  expect(variants.length).toBeGreaterThan(0);
  for (const { tag, size } of variants) {
    expect(tag).toMatch(/^cu/);
    expect(size.compressed).toBeGreaterThan(2e9);
  }
});

it("says again to init what was said about the project", () => {
  const project = torchProject({ version: "2.9.1" });
  const { variants } = variantsOf(project, { manager: "pip", frameworks: [] }, all);
  expect(variants.map((one) => one.tag)).toEqual(["cpu-py3.12", "cpu-py3.12"]);
  expect(variants[0]?.init.join(" ")).toMatch(/ --manager pip --framework none$/);
});
