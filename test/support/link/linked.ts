import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { firstMissing, toolMissing } from "../tools.ts";
import { LinkWorkshop, type TestProject, testedPips, testedUvs } from "./workshop.ts";

/** Why nothing can be linked here, or undefined. */
export const linkMissing = firstMissing(
  toolMissing("python3"),
  testedUvs().length > 0 ? undefined : "$DDIFF_TEST_UV names no folder with uv",
  testedPips().length > 0 ? undefined : "$DDIFF_TEST_PIP names no folder with wheels of pip",
);

export const newestUv = testedUvs().at(-1)?.program ?? "uv";

/** How programs end that did what they should. */
export const done = { status: 0 };
export const wholeLink = { status: 0, output: expect.stringContaining("everything is in place") };

/** A pyproject.toml that asks for these packages. */
export function asking(packages: string, more = ""): string {
  return `[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = [${packages}]\n${more}`;
}

/** A workshop with one base for all tests of a `describe`; whatever they do, nothing may be written into the base. */
export class LinkBench {
  shop!: LinkWorkshop;
  base = "";

  /** Makes it before the tests. */
  static prepare(torches: readonly string[]): LinkBench {
    const bench = new LinkBench();
    let untouched: string[] = [];
    beforeAll(async () => {
      bench.shop = await LinkWorkshop.open(newestUv);
      bench.base = await bench.shop.makeBase("base", torches);
      untouched = await treeOf(bench.base);
    }, 120_000);
    afterAll(async () => {
      expect(await treeOf(bench.base)).toEqual(untouched);
      await bench.shop.close();
    });
    return bench;
  }

  /** A project that is linked to torch 2.5.1. */
  async linked(name: string, files: Record<string, string> = {}): Promise<TestProject> {
    const project = await this.shop.project(name, files);
    expect(await project.link(this.base, "2.5.1")).toMatchObject(done);
    return project;
  }

  /** No torch and no library of NVIDIA's stands in the project itself, and the base's is imported. */
  async expectBasesTorch(project: TestProject, version = "2.5.1"): Promise<void> {
    expect(await project.ask("torch.__version__, torch.__file__")).toContain(
      `${version}+cu124 ${this.base}/python`,
    );
    expect((await treeOf(project.path(".venv"))).filter((line) => /\.so\b/.test(line))).toEqual([]);
  }
}

/** Every file below a folder: its path, kind, size, and where it leads. Byte code that Python keeps for itself is left out, and uv's lock. */
export async function treeOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const status = await lstat(path);
      const target = entry.isSymbolicLink() ? ` -> ${await readlink(path)}` : "";
      const size = status.isDirectory() ? "" : ` ${status.size}`;
      return `${path.slice(folder.length)} ${status.mode.toString(8)}${size}${target}`;
    }),
  );
  return lines.filter((line) => !/__pycache__|^\/(?:\.venv\/)?\.lock /.test(line)).sort();
}
