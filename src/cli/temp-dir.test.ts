import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder } from "../places/testing/folders.ts";
import { makeRunDirectory } from "./temp-dir.ts";

const program = `import { makeRunDirectory } from ${JSON.stringify(join(import.meta.dirname, "temp-dir.ts"))};
const { path } = makeRunDirectory(process.argv[1]); console.log(path);`;

test("the folder is for this user only, and goes with all that is in it", async () => {
  const root = join(await newFolder(), "not", "there");
  const directory = makeRunDirectory(root);
  expect(statSync(directory.path).mode & 0o777).toBe(0o700);
  writeFileSync(join(directory.path, "large"), "x");
  directory.remove();
  directory.remove();
  expect(readdirSync(root)).toEqual([]);
});

test("what a killed run left goes with the next run; a living run's folder stays", async () => {
  const root = await newFolder();
  const dead = spawnSync(
    process.execPath,
    ["-e", `${program} process.kill(process.pid, "SIGKILL");`, "--input-type=module", root],
    { encoding: "utf8" },
  );
  expect(existsSync(dead.stdout.trim())).toBe(true);
  const living = spawn(process.execPath, [
    "-e",
    `${program} setInterval(() => {}, 1000);`,
    "--input-type=module",
    root,
  ]);
  try {
    const path = await new Promise<string>((resolve) =>
      living.stdout.once("data", (chunk) => resolve(String(chunk).trim())),
    );
    const mine = makeRunDirectory(root);
    expect(
      readdirSync(root)
        .map((name) => join(root, name))
        .sort(),
    ).toEqual([mine.path, path].sort());
    mine.remove();
  } finally {
    living.kill("SIGKILL");
  }
});

test("a folder of a process that has this number now, but began at another time, is stale", async () => {
  const root = await newFolder();
  const mine = makeRunDirectory(root);
  const name = mine.path.slice(root.length + 1);
  const reused = name.replace(/-\d+-\w{6}$/, "-1-abcdef");
  mkdirSync(join(root, reused));
  makeRunDirectory(root);
  expect(existsSync(join(root, reused))).toBe(false);
  expect(existsSync(mine.path)).toBe(true);
});

test("what another boot left goes; folders of other machines, other programs and behind links stay", async () => {
  const root = await newFolder();
  const mine = makeRunDirectory(root);
  const [, machine = "", boot = ""] = mine.path.slice(root.length + 1).split("-");
  const otherBoot = `ddiff-${machine}-00000000-1-1-abcdef`;
  const otherMachine = `ddiff-00000000-${boot}-999999999-1-abcdef`;
  const link = `ddiff-${machine}-${boot}-999999999-1-abcdef`;
  for (const name of [otherBoot, otherMachine, "ddiff-notes", "target"]) mkdirSync(join(root, name));
  writeFileSync(join(root, "target", "precious"), "x");
  symlinkSync(join(root, "target"), join(root, link));
  makeRunDirectory(root);
  expect(existsSync(join(root, otherBoot))).toBe(false);
  for (const name of [otherMachine, "ddiff-notes", "target/precious", link])
    expect(existsSync(join(root, name))).toBe(true);
});

test("a place that cannot be written is an error with a remedy", async () => {
  const file = join(await newFolder(), "file");
  writeFileSync(file, "");
  expect(() => makeRunDirectory(join(file, "x"))).toThrowError(
    expect.objectContaining({ code: "TEMPDIR_UNUSABLE", hint: expect.stringContaining("--tempdir") }),
  );
});
