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

  it.each([
    ["/home/app", "$HOME", 0],
    ["/home/app", "/home/app/", 0],
    ["/home/app", "/home/app/bin", 1],
  ])("where ENV HOME is %s, tells %s so often: %i", (home, path, count) => {
    const text = `FROM debian:12\nENV HOME=${home}\nRUN chmod -R 777 ${path}\n`;
    expect(messagesOf(worldWritable, text)).toHaveLength(count);
  });

  it("tells a home that ENV does not set", () => {
    expect(messagesOf(worldWritable, "FROM debian:12\nRUN chmod -R 777 $HOME\n")).toHaveLength(1);
  });
});
