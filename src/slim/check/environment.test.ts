import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder } from "../../places/testing/folders.ts";
import { readEnvironment } from "./environment.ts";
import { readChecklist } from "./read-checklist.ts";

const image = new Map([
  ["PATH", "/usr/bin"],
  ["HOME", "/root"],
]);

test("global variables may name the image's; those of the run options come from a file and from outside, where they say something", async () => {
  const file = join(await newFolder(), "env");
  await writeFile(file, 'TOKEN="a b"\nEMPTY=\n');
  const list = readChecklist(
    `schemaVersion: 2.0.0
globalEnvVars: [{key: PATH, value: '/opt/bin:$PATH'}]
containerRunOptions: {envFile: ${file}, envVars: [FROM_OUTSIDE, NOT_SET]}`,
    "checks.yaml",
  );
  const { image: named, given } = await readEnvironment(list, image, { FROM_OUTSIDE: "yes" });
  expect([...named]).toEqual([
    ["PATH", "/opt/bin:/usr/bin"],
    ["HOME", "/root"],
  ]);
  expect([...given]).toEqual([
    ["PATH", "/opt/bin:/usr/bin"],
    ["TOKEN", "a b"],
    ["FROM_OUTSIDE", "yes"],
  ]);
});

test("a file that is not there is said", async () => {
  const list = readChecklist("schemaVersion: 2.0.0\ncontainerRunOptions: {envFile: /nowhere/env}", "c.yaml");
  await expect(readEnvironment(list, image, {})).rejects.toMatchObject({ code: "ENV_FILE" });
});
