import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { copyFromUnknownStage } from "./copy-from-unknown-stage.ts";
import { latestBase } from "./latest-base.ts";
import { untaggedBase } from "./untagged-base.ts";

test("a name that a bake or compose file gives to a context is no image", () => {
  const text = "FROM wheels AS from-bake\nFROM debian:12\nCOPY --from=nginx / /\n";
  expect(messagesOf(untaggedBase, text)).toHaveLength(1);
  expect(messagesOf(untaggedBase, text, { contexts: ["wheels"] })).toEqual([]);
  expect(messagesOf(copyFromUnknownStage, text)).toHaveLength(1);
  expect(messagesOf(copyFromUnknownStage, text, { contexts: ["nginx"] })).toEqual([]);
});

test("an image that is all a variable is somebody else's choice, in quotes as well", () => {
  expect(messagesOf(untaggedBase, 'ARG BASE=none\nFROM "${BASE}"\n')).toEqual([]);
});

test.each([
  ["registry.example/gaudi/1.21.0/pytorch-installer", 0],
  ["registry.example:5000/gaudi/pytorch", 1],
  ["lab/torch-2.6", 1],
])("%s without a tag and with latest: %i findings", (image, count) => {
  expect(messagesOf(untaggedBase, `FROM ${image}\n`)).toHaveLength(count);
  expect(messagesOf(latestBase, `FROM ${image}:latest\n`)).toHaveLength(count);
});
