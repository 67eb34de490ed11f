import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { composeSharedMemory } from "./compose-shared-memory.ts";

const service = (name: string, more = "") =>
  `services:\n  ${name}:\n    image: lab/app:1\n    gpus: all\n${more}`;

test.each([
  service("train"),
  service("app", "    command: torchrun main.py\n"),
  service("app", "    command: vllm serve x\n"),
])("%j needs more", (text) => {
  expect(messagesOf(composeSharedMemory, text)).toHaveLength(1);
});

test.each([
  service("notebook", "    command: jupyter-lab --port=8888\n"),
  service("train", "    shm_size: 8gb\n"),
  service("train", "    ipc: host\n"),
  service("api"),
])("%j does not, as far as can be seen", (text) => {
  expect(messagesOf(composeSharedMemory, text)).toEqual([]);
});
