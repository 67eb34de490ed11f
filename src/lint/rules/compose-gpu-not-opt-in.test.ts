import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { composeGpuNotOptIn } from "./compose-gpu-not-opt-in.ts";

const gpu = "    gpus: all\n";
const service = (name: string, more = "") => `  ${name}:\n    image: lab/${name}:1\n${more}`;

test.each([
  ["the only service", `services:\n${service("train", gpu)}`],
  ["all services", `services:\n${service("train", gpu)}${service("api", gpu)}`],
])("%s of a file for GPUs may need one", (_, text) => {
  expect(messagesOf(composeGpuNotOptIn, text)).toEqual([]);
});

test("what would run without a GPU is stopped by what does not", () => {
  const text = `services:\n${service("web")}${service("train", gpu)}${service("api", gpu)}`;
  expect(messagesOf(composeGpuNotOptIn, text)).toEqual([
    "train cannot start on a machine without an NVIDIA GPU; a profile or a second file makes it a choice",
  ]);
});

test.each([
  ["compose/nvidia/compose.yaml", 0],
  ["nvidia/lab/compose.yaml", 1],
])("%s: %i", (path, count) => {
  const text = `services:\n${service("web")}${service("train", gpu)}`;
  expect(messagesOf(composeGpuNotOptIn, text, { path })).toHaveLength(count);
});
