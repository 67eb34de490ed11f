import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ddiff, type Ran } from "./support/run.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ddiff-base-engine-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Lists the bases of a Docker that answers so when it is asked for images. */
async function list(inspected: string, ...args: string[]): Promise<Ran> {
  await writeFile(join(folder, "answer"), inspected);
  const script = `#!/bin/sh\ncase "$*" in *inspect*) cat ${folder}/answer;; *) echo sha256:1; echo sha256:1;; esac\n`;
  await writeFile(join(folder, "docker"), script);
  await chmod(join(folder, "docker"), 0o755);
  const env = { PATH: `${folder}${delimiter}${process.env["PATH"]}` };
  return ddiff(["base", "list", ...args], { env });
}

/** An image with these labels, in short. */
const image = (labels: Record<string, unknown>, more: object = {}): object => ({
  Id: "sha256:1",
  RepoTags: ["ddiff-base:1"],
  Size: 5e9,
  RootFS: { Layers: ["sha256:a", "sha256:b"] },
  Config: {
    Labels: Object.fromEntries(
      Object.entries({ "": "1", ...labels }).map(([name, value]) => [
        `vnd.ddiff.shared-base${name === "" ? "" : `.${name}`}`,
        value,
      ]),
    ),
  },
  ...more,
});

test("bases are listed by their labels", async () => {
  const listed = await list(
    JSON.stringify([image({ torch: "2.5.1+cu124 2.6.0+cu124", python: "3.10", cuda: "12.4.1" })]),
  );
  expect(listed.stdout).toMatch(
    /^ddiff-base:1 +2\.5\.1\+cu124 2\.6\.0\+cu124 +3\.10 +12\.4\.1 +5 GB +0 of 2$/m,
  );
});

test.each<[string, unknown]>([
  ["no versions", image({ torch: "all of them" })],
  ["a way out of a name", image({ torch: "../../bin/sh" })],
  ["more than a base can have", image({ torch: "2.5.1 ".repeat(100_000) })],
  ["no text", image({ torch: ["2.5.1"] })],
  ["no labels", { Id: 3, Config: null }],
  ["nothing", null],
])("an image whose labels are %s is left out", async (_name, one) => {
  const listed = await list(JSON.stringify([one]), "--json");
  expect(JSON.parse(listed.stdout)).toMatchObject({ bases: [] });
});

test("what an image says of itself does not reach the terminal as it is", async () => {
  const evil = image(
    { torch: "2.5.1", cuda: "\u001b[2J" },
    { RepoTags: ["a\u001b]0;b\u0007"], Size: "x", RootFS: 7 },
  );
  const listed = await list(JSON.stringify([evil]));
  expect(listed.status).toBe(0);
  expect(listed.stdout).not.toMatch(/[\u001b\u0007]/);
});

test("an engine that does not answer in JSON is named", async () => {
  const listed = await list("Cannot connect");
  expect(listed).toMatchObject({
    status: 3,
    stderr: expect.stringContaining("docker does not say which images it has"),
  });
  expect((await list("{}", "--json")).status).toBe(0);
});
