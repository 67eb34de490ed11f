import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyPatch } from "diff";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixFiles, patchOf } from "./fix-files.ts";
import { lint } from "./lint.ts";
import { replaceFile } from "./replace-file.ts";
import { testDay } from "./testing/check.ts";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ddiff-fix-")));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function lintHere(paths = ["."]) {
  const wishes = {
    only: ["legacy-key-value"],
    profile: undefined,
    failOn: undefined,
    shellcheck: false,
    all: false,
    target: {},
  };
  const places = {
    paths,
    cwd: folder,
    config: undefined,
    context: undefined,
    stdin: undefined,
    baseline: undefined,
  };
  return lint({ ...wishes, ...places, today: testDay });
}

async function fixHere(paths?: string[], write = true) {
  const { files } = await lintHere(paths);
  return fixFiles(files, { unsafe: false, write });
}

const path = (name: string): string => join(folder, name);

test("a fix keeps mode, line ends, the mark of byte order, and leaves nothing beside the file", async () => {
  writeFileSync(path("Dockerfile"), "\uFEFF# hi\r\nFROM scratch\r\nENV a b\r\n# bye");
  chmodSync(path("Dockerfile"), 0o640);
  expect(await fixHere()).toHaveLength(1);
  expect(readFileSync(path("Dockerfile"), "utf8")).toBe("\uFEFF# hi\r\nFROM scratch\r\nENV a=b\r\n# bye");
  expect(statSync(path("Dockerfile")).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder)).toEqual(["Dockerfile"]);
  expect(await fixHere()).toEqual([]);
});

test("a dry run writes nothing, and its patch makes what a fix makes", async () => {
  const before = `FROM scratch\nENV a b\n${"# x\n".repeat(20)}ENV c d`;
  writeFileSync(path("Dockerfile"), before);
  const [fixed] = await fixHere(["Dockerfile"], false);
  expect(readFileSync(path("Dockerfile"), "utf8")).toBe(before);
  if (fixed === undefined) throw new Error("nothing was fixed");
  const patch = patchOf(fixed);
  expect(patch).toMatch(/^--- a\/Dockerfile\n\+\+\+ b\/Dockerfile\n@@ /);
  await fixHere();
  expect(applyPatch(before, `${patch}\n`)).toBe(readFileSync(path("Dockerfile"), "utf8"));
});

test("a fix through a symbolic link writes where it leads, and the link stays", async () => {
  writeFileSync(path("real.txt"), "FROM scratch\nENV a b\n");
  symlinkSync("real.txt", path("Dockerfile"));
  await fixHere(["Dockerfile"]);
  expect(lstatSync(path("Dockerfile")).isSymbolicLink()).toBe(true);
  expect(readFileSync(path("real.txt"), "utf8")).toBe("FROM scratch\nENV a=b\n");
});

test("what a comment silences is not mended", async () => {
  const text = "FROM scratch\n# ddiff ignore=legacy-key-value because old\nENV a b\n";
  writeFileSync(path("Dockerfile"), text);
  expect(await fixHere()).toEqual([]);
});

test("a file that is no UTF-8 is not written", async () => {
  const bytes = Buffer.concat([
    Buffer.from("FROM scratch\n# caf"),
    Buffer.from([0xe9]),
    Buffer.from("\nENV a b\n"),
  ]);
  writeFileSync(path("Dockerfile"), bytes);
  await expect(fixHere()).rejects.toMatchObject({ code: "NOT_UTF8" });
  expect(readFileSync(path("Dockerfile"))).toEqual(bytes);
});

test("a file that somebody else wrote meanwhile is not written", async () => {
  writeFileSync(path("x"), "newer");
  await expect(replaceFile(path("x"), Buffer.from("old"), Buffer.from("mine"))).rejects.toMatchObject({
    code: "FILE_CHANGED",
  });
  expect(readFileSync(path("x"), "utf8")).toBe("newer");
  expect(readdirSync(folder)).toEqual(["x"]);
});
