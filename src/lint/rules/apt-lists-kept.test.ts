import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { aptListsKept } from "./apt-lists-kept.ts";

test.each([
  "rm -rf /var/lib/apt/lists/*",
  "rm -rf /var/lib/apt/lists*",
  "rm -rf /var/lib/apt/lists",
  "rm -rf /var/lib/apt",
])("%s removes the lists", (removal) => {
  const text = `FROM debian:12\nRUN apt-get update && apt-get install -y git && ${removal}\n`;
  expect(messagesOf(aptListsKept, text)).toEqual([]);
});

test.each(["rm -rf /var/lib/apt/lists/partial", "rm -rf /var/lib/dpkg*", "rm -rf /tmp/*"])(
  "%s does not",
  (removal) => {
    const text = `FROM debian:12\nRUN apt-get update && apt-get install -y git && ${removal}\n`;
    expect(messagesOf(aptListsKept, text)).toHaveLength(1);
  },
);
