import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { BudgetReport } from "../src/inspect/budget/judge.ts";
import { newFolder } from "../src/places/testing/folders.ts";
import { noise, writeImage } from "./support/images.ts";
import { ddiff, type Ran } from "./support/run.ts";
import { startServer } from "./support/server.ts";

let folder: string;

beforeEach(async () => {
  folder = await newFolder();
  const base = { "usr/lib/base": noise("base", 60_000) };
  await writeImage(`oci:${folder}/released:app`, [base], folder);
  const cache = { "root/.cache/pip/http/a": noise("cache", 30_000), "opt/new": noise("new", 5000) };
  await writeImage(`oci:${folder}/pr:app`, [base, cache], folder);
});

function budget(...args: string[]): Promise<Ran> {
  return ddiff(["budget", ...args], { cwd: folder, env: { XDG_CACHE_HOME: folder, NO_COLOR: "1" } });
}

async function put(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text);
}

describe("ddiff budget", () => {
  test("fails on a hard limit, warns of a soft one, and does as --fail-on says", async () => {
    await put(".ddiff.yaml", "budget: { limits: { files: { soft: 90kB }, classes: { pip-cache: 20kB } } }\n");
    const broken = await budget("oci:pr:app");
    expect(broken).toMatchObject({ status: 1, stderr: "" });
    expect(broken.stdout).toMatch(/^1 hard limit and 1 soft are broken\n\noci:pr:app, linux\/amd64\n/);
    expect(broken.stdout).toMatch(/\n {2}hard {2}class pip-cache +30 kB +20 kB hard\n/);
    expect((await budget("oci:pr:app", "--fail-on", "never")).status).toBe(0);
    expect(await budget("oci:released:app")).toMatchObject({ status: 0 });
    await put(".ddiff.yaml", "budget: { limits: { files: { soft: 90kB } } }\n");
    expect((await budget("oci:pr:app")).status).toBe(0);
    expect((await budget("oci:pr:app", "--fail-on", "soft")).status).toBe(1);
  });

  test("measures growth against an image, and says when that is not there yet", async () => {
    await put(".ddiff.yaml", "budget: { baseline: 'oci:released:app', growth: { files: { hard: 10% } } }\n");
    const { stdout, status } = await budget("--json", "oci:pr:app");
    expect(status).toBe(1);
    const { images, notes } = JSON.parse(stdout) as BudgetReport;
    expect(notes).toEqual([]);
    expect(images).toMatchObject([
      {
        level: "hard",
        baseline: "oci:released:app",
        checks: [{ measure: "files", kind: "growth", value: 35_000, before: 60_000, hard: 6000, line: 1 }],
        packages: [{ manager: "none", bytes: 35_000 }],
      },
    ]);
    const first = await budget("--baseline", "oci:released:none", "oci:pr:app");
    expect(first).toMatchObject({ status: 0 });
    expect(first.stdout).toContain("oci:released:none has no oci:pr:app for linux/amd64 yet");
  });

  test("measures growth against the tag that a registry has", async () => {
    const registry = await startServer(["--data", join(folder, "registry")]);
    try {
      const released = `docker://${registry.host}/lab/app:latest`;
      await put(".ddiff.yaml", `budget: { baseline: "${released}", growth: { uncompressed: 10% } }\n`);
      const early = await budget("--insecure", "oci:pr:app");
      expect(early).toMatchObject({ status: 0 });
      expect(early.stdout).toContain("its growth is not judged");
      await ddiff(["copy", "--insecure", "oci:released:app", released], { cwd: folder });
      expect(await budget("--insecure", "oci:pr:app")).toMatchObject({ status: 1 });
      expect(await budget("--insecure", "oci:released:app")).toMatchObject({ status: 0 });
    } finally {
      await registry.stop();
    }
  });

  test("keeps what images are in a file, which later ones of the same repository are measured against", async () => {
    const kept = await budget("--write-baseline", "sizes.json", "oci:released:app");
    expect(kept).toMatchObject({ status: 0, stdout: "oci:released:app linux/amd64 written to sizes.json\n" });
    const text = await readFile(join(folder, "sizes.json"), "utf8");
    await budget("--write-baseline", "again.json", "oci:released:app");
    expect(await readFile(join(folder, "again.json"), "utf8")).toBe(text);
    await put(
      ".ddiff.yaml",
      "budget: { baseline: sizes.json, growth: { files: 1kB, classes: { pip-cache: 1kB } } }\n",
    );
    const grown = await budget("--quiet", "oci:pr:app");
    expect(grown).toMatchObject({ status: 1 });
    expect(grown.stdout.split("\n")).toEqual([
      "oci:pr:app, linux/amd64: hard: growth of files is +35 kB (+58 %), over its hard limit of 1 kB",
      "oci:pr:app, linux/amd64: hard: growth of class pip-cache is +30 kB, over its hard limit of 1 kB",
      "",
    ]);
    await put("sizes.json", "{}");
    expect(await budget("oci:pr:app")).toMatchObject({ status: 2 });
  });

  test("annotates the Dockerfile's line, or that of the limit", async () => {
    await put(".ddiff.yaml", "budget:\n  limits:\n    files: 90kB\n    classes:\n      pip-cache: 0\n");
    await put("Dockerfile", "FROM scratch\nCOPY layer0 /\nCOPY layer1 /\n");
    const args = ["--format", "github", "--dockerfile", "Dockerfile", "oci:pr:app"];
    const { stdout } = await budget(...args);
    expect(stdout.split("\n")).toEqual([
      "::error file=.ddiff.yaml,line=3,title=image size%3A files::oci:pr:app, linux/amd64: files is 95 kB, over its hard limit of 90 kB",
      "::error file=Dockerfile,line=3,title=image size%3A class pip-cache::oci:pr:app, linux/amd64: class pip-cache is 30 kB, over its hard limit of 0 B",
      "",
    ]);
  });

  test("writes a comment for a pull request, in which no name is markup", async () => {
    await put(".ddiff.yaml", "budget: { limits: { files: 90kB } }\n");
    await writeImage(`oci:${folder}/pr:a|b<i>@team`, [{ "usr/a": noise("a", 100_000) }], folder);
    const { status, stdout } = await budget("--format", "markdown", "-o", "size.md", "oci:pr:a|b<i>@team");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "1 hard limit is broken; written to size.md\n" });
    const text = await readFile(join(folder, "size.md"), "utf8");
    expect(text).toMatch(/^### 🔴 1 hard limit is broken\n/);
    expect(text).toContain("|  | 100 kB | 90 kB hard | 🔴 files |  |");
    expect(text).not.toMatch(/<i>|a\|b/);
  });

  test("takes a kept report for its image", async () => {
    await put(".ddiff.yaml", "budget: { limits: { classes: { pip-cache: 0 } } }\n");
    const { stdout } = await ddiff(["analyze", "--json", "oci:pr:app"], { cwd: folder });
    await put("kept.json", stdout);
    expect(await budget("kept.json")).toMatchObject({ status: 1 });
  });

  test("without limits is wrong usage, and says where they go", async () => {
    const nothing = await budget("oci:pr:app");
    expect(nothing).toMatchObject({ status: 2, stdout: "" });
    expect(nothing.stderr).toContain("docs/budget.md");
  });
});
