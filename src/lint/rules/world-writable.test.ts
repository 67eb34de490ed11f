import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { worldWritable } from "./world-writable.ts";

describe("modes of chmod", () => {
  it.each([
    "777 /a",
    "-R 0777 /a",
    "a+w /a",
    "a+rwX /a",
    "o+w /a",
    "666 /a",
    "ugo+rw /a",
    "--recursive go+w /a",
  ])("open to everyone: %s", (args) => {
    expect(messagesOf(worldWritable, `FROM debian:12\nRUN chmod ${args}\n`)).toHaveLength(1);
  });

  it.each([
    "755 /a",
    "+x /a",
    "a+rX /a",
    "u+w /a",
    "g=u /a",
    "g+w /a",
    "775 /a",
    "1777 /tmp",
    "777 /tmp",
    "o-w /a",
    "--reference=/b /a",
  ])("not: %s", (args) => {
    expect(messagesOf(worldWritable, `FROM debian:12\nRUN chmod ${args}\n`)).toEqual([]);
  });
});
