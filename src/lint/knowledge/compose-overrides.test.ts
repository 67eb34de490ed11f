import { expect, test } from "vitest";
import type { Rule } from "../rule.ts";
import { composeImageUnpinned } from "../rules/compose-image-unpinned.ts";
import { composeRootWritable } from "../rules/compose-root-writable.ts";
import { composeSharedMemory } from "../rules/compose-shared-memory.ts";
import { messagesOf } from "../testing/check.ts";

const main = `services:
  serve:
    build: .
    image: lab/serve:cpu
    read_only: true
  train:
    build: .
    image: lab/train:cpu
    shm_size: 8gb
`;
const gpu = "    gpus: all\n";

test.each([
  ["a root that the file below decides about", composeRootWritable, `  serve:\n    image: lab/serve:cu12\n`],
  ["a service without an image of its own", composeRootWritable, `  inference:\n${gpu}`],
  ["shared memory of the file below", composeSharedMemory, `  train:\n    image: lab/train:cu12\n${gpu}`],
  ["an image that the file below builds", composeImageUnpinned, `  serve:\n    image: lab/serve\n`],
] satisfies [string, Rule, string][])("an override says nothing of %s", (_, rule, services) => {
  const text = `services:\n${services}`;
  for (const path of ["compose.gpu.yaml", "deploy/docker-compose.override.yml"])
    expect(messagesOf(rule, text, { path, files: { "compose.yaml": main } })).toEqual([]);
});

test.each([
  ["a service that only the override has", composeRootWritable, `  inference:\n    image: lab/more:1\n`],
  ["a size that it takes back", composeSharedMemory, `  train:\n    shm_size: 64mb\n${gpu}`],
  ["an image that nobody builds", composeImageUnpinned, `  board:\n    image: lab/board\n`],
] satisfies [string, Rule, string][])("an override answers for %s", (_, rule, services) => {
  const around = { path: "compose.gpu.yaml", files: { "compose.yaml": main } };
  expect(messagesOf(rule, `services:\n${services}`, around)).toHaveLength(1);
});

test("the main file answers for itself, whatever stands beside it", () => {
  const text = "services:\n  serve:\n    image: lab/serve:1\n";
  const around = { path: "compose.yaml", files: { "docker-compose.yml": main } };
  expect(messagesOf(composeRootWritable, text, around)).toHaveLength(1);
});
