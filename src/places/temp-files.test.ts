import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { processMark } from "../util/process-mark.ts";
import { makeFolder, openUnnamed, sweepAbandoned } from "./temp-files.ts";
import { withLock } from "./temp-files-lock.ts";
import { newFolder } from "./testing/folders.ts";

const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).pathname);

/** Runs a script in another process until it prints something, then kills it the hard way. */
async function killed(script: string): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [first] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGKILL");
  await once(child, "exit");
  return first.toString().trim();
}

test("what a killed process left is removed, what a living one writes stays", async () => {
  const folder = await newFolder();
  const mark = await killed(
    `import { processMark } from ${module("../util/process-mark.ts")}; console.log(processMark()); setInterval(() => {}, 1000);`,
  );
  await mkdir(join(folder, `.x-${mark}`));
  await writeFile(join(folder, `.x-${mark}`, "blob"), "half");
  await mkdir(join(folder, `.x-${processMark()}`));
  await mkdir(join(folder, ".x-somebody else's"));
  await sweepAbandoned(folder, ".x-");
  const left = await readdir(folder);
  expect(left).toHaveLength(2);
  expect(left).not.toContain(`.x-${mark}`);
});

test("a process id that is used again by another process does not protect what the first one left", async () => {
  const folder = await newFolder();
  const [pid, started, ...rest] = processMark().split("-");
  const other = [pid, String(Number(started) - 1), ...rest].join("-");
  await mkdir(join(folder, `.x-${other}`));
  await sweepAbandoned(folder, ".x-");
  expect(await readdir(folder)).toEqual([]);
});

test("what a process on another host writes is removed only when it is old", async () => {
  const folder = await newFolder();
  const path = join(folder, ".x-4-77-elsewhere-0123456789ab");
  await mkdir(path);
  await sweepAbandoned(folder, ".x-");
  expect(await readdir(folder)).toHaveLength(1);
  const before = new Date(Date.now() - 48 * 3600 * 1000);
  await utimes(path, before, before);
  await sweepAbandoned(folder, ".x-");
  expect(await readdir(folder)).toEqual([]);
});

test("a nameless file leaves nothing in its folder, and takes away what a killed process left there", async () => {
  const folder = await newFolder();
  const [pid, started, ...rest] = processMark().split("-");
  await writeFile(join(folder, `ddiff-${[pid, String(Number(started) - 1), ...rest].join("-")}.tmp`), "left");
  const file = await openUnnamed(folder);
  await file.write("text");
  expect(await readdir(folder)).toEqual([]);
  const back = Buffer.alloc(4);
  await file.read(back, 0, 4, 0);
  expect(back.toString()).toBe("text");
  await file.close();
});

test("folders that were made are taken away again as far as they are empty", async () => {
  const folder = await newFolder();
  const unmake = await makeFolder(join(folder, "a/b/c"));
  await writeFile(join(folder, "a/kept"), "");
  await unmake();
  expect(await readdir(join(folder, "a"))).toEqual(["kept"]);
  await (await makeFolder(join(folder, "a")))();
  expect(await readdir(folder)).toEqual(["a"]);
});

test("the lock lets one in at a time", async () => {
  const folder = await newFolder();
  const counter = join(folder, "counter");
  await writeFile(counter, "0");
  const add = () =>
    withLock(folder, async () => {
      const n = Number(await readFile(counter, "utf8"));
      await sleep(1);
      await writeFile(counter, String(n + 1));
    });
  await Promise.all(Array.from({ length: 12 }, add));
  expect(await readFile(counter, "utf8")).toBe("12");
  expect(await readdir(folder)).toEqual(["counter"]);
});

test("the lock of a killed process holds nobody up, and the lock of a living one gives a clear error", async () => {
  const folder = await newFolder();
  await killed(
    `import { withLock } from ${module("./temp-files-lock.ts")};
     await withLock(${JSON.stringify(folder)}, async () => { console.log("in"); await new Promise((r) => setTimeout(r, 60000)); });`,
  );
  expect((await stat(join(folder, ".ddiff-lock"))).isDirectory()).toBe(true);
  expect(await withLock(folder, async () => "mine", 5000)).toBe("mine");
  await withLock(folder, async () => {
    await expect(withLock(folder, async () => "no", 100)).rejects.toMatchObject({ code: "PLACE_BUSY" });
  });
  expect(await readdir(folder)).toEqual([]);
});
