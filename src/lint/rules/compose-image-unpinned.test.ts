import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { composeImageUnpinned } from "./compose-image-unpinned.ts";

test.each([
  ["postgres:latest", 1],
  ["redis", 1],
  ["opea/agent:latest", 1],
  ["localhost:5000/agent", 1],
  ["workflow:latest", 0],
  ["my-agent", 0],
])("%s: what no registry has was built on the machine (%i)", (image, count) => {
  const text = `services:\n  one:\n    image: ${image}\n`;
  expect(messagesOf(composeImageUnpinned, text)).toHaveLength(count);
});

test("an image that another service of the file builds is the one of the file", () => {
  const text = "services:\n  one:\n    image: lab/app:latest\n    build: .\n  two:\n    image: lab/app\n";
  expect(messagesOf(composeImageUnpinned, text)).toEqual([]);
});
