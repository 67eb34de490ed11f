import { execFileSync } from "node:child_process";
import { link, mkdir, open, symlink, writeFile } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder } from "../testing/folders.ts";
import { measureFolder } from "./measure-folder.ts";
import { MeasuredParts, withShared } from "./measured-parts.ts";

const block = 4096;

test("a hard link counts once, a hole takes no disk, and no link is followed", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "a"), Buffer.alloc(10_000, 1));
  await link(join(folder, "a"), join(folder, "b"));
  await symlink("/", join(folder, "root"));
  const sparse = await open(join(folder, "sparse"), "w");
  await sparse.truncate(50_000_000);
  await sparse.close();
  const found = await measureFolder(folder);
  expect(found?.content).toBe(50_010_000);
  expect(found?.disk).toBeGreaterThanOrEqual(10_000);
  expect(found?.disk).toBeLessThan(10_000 + 6 * block);
});

test("names that are no text are measured, and what is not there is nothing", async () => {
  const folder = await newFolder();
  await mkdir(Buffer.from(`${folder}/caf\xe9`, "latin1"));
  await writeFile(Buffer.from(`${folder}/caf\xe9/\x1b[2J\n`, "latin1"), "123");
  expect((await measureFolder(folder))?.content).toBe(3);
  expect(await measureFolder(join(folder, "absent"))).toBeUndefined();
});

test("folders are measured that lie deeper than any path can tell", async () => {
  const folder = await newFolder();
  const dig =
    "import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(60):\n    for name in ('a' * 200, 'b' * 200):\n        os.mkdir(name)\n        open(f'{name}.txt', 'w').write('12345')\n    os.chdir(name)";
  execFileSync("python3", ["-c", dig, folder]);
  try {
    const before = readdirSync("/proc/self/fd").length;
    const found = await measureFolder(folder);
    expect(found?.content).toBe(120 * 5);
    expect(found?.disk).toBeGreaterThanOrEqual(120 * 5);
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
    const stop = AbortSignal.abort(new Error("stopped"));
    await measureFolder(folder, { signal: stop }).catch(() => {});
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
  } finally {
    execFileSync("rm", ["-rf", folder]);
  }
});

test("only what lies below one folder is content", async () => {
  const folder = await newFolder();
  await mkdir(join(folder, "diff"));
  await writeFile(join(folder, "diff/file"), "12345");
  await writeFile(join(folder, "diff-of-another"), "123");
  await writeFile(join(folder, "link"), "the engine's own");
  expect((await measureFolder(folder, { contentIn: join(folder, "diff") }))?.content).toBe(5);
});

test("what two layers share by hard links is a part of its own, held with each of them", async () => {
  const folder = await newFolder();
  for (const name of ["one", "two"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "one/own"), Buffer.alloc(100));
  await writeFile(join(folder, "one/shared"), Buffer.alloc(5000));
  await link(join(folder, "one/shared"), join(folder, "two/shared"));
  const measuring = new MeasuredParts(undefined);
  for (const name of ["one", "two"])
    expect(await measuring.add(name, "layer", join(folder, name))).toBe(true);
  expect(await measuring.add("gone", "layer", join(folder, "gone"))).toBe(false);
  const { parts, shared } = measuring.finish();
  const content = (ids: Iterable<string>): number =>
    [...ids].reduce((sum, id) => sum + (parts.get(id)?.cost.content ?? 0), 0);
  expect([...parts.values()].map(({ cost }) => cost.content)).toEqual([100, 0, 5000]);
  expect(content(withShared(["two"], shared))).toBe(5000);
  expect(content(withShared(["one", "two"], shared))).toBe(5100);
});
