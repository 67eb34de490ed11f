import { execFileSync } from "node:child_process";
import { readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { done, LinkBench, linkMissing, treeOf, wholeLink } from "./support/link/linked.ts";
import type { TestProject } from "./support/link/workshop.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

describePlace("link-full-disk", firstMissing(linkMissing, notRoot(), toolMissing("mount")), () => {
  const bench = LinkBench.prepare(["2.5.1", "2.6.0"]);

  /** Does something in a project on a disk of that size. */
  async function onDisk(size: string, work: (project: TestProject) => Promise<void>): Promise<void> {
    const project = await bench.shop.project("small");
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "ddiff-test", project.folder]);
    try {
      await work(project);
    } finally {
      execFileSync("umount", [project.folder]);
    }
  }
  const full = { status: 3, output: expect.stringContaining("No space left") };

  it.each(["32k", "64k", "128k"])("leaves nothing half done on a disk of %s", async (size) => {
    await onDisk(size, async (project) => {
      expect(await project.link(bench.base)).toMatchObject(full);
      expect(await readdir(project.folder)).toEqual([]);
    });
  });

  it("leaves the old link where the disk has no room for another", async () => {
    await onDisk("8m", async (project) => {
      expect(await project.link(bench.base, "2.5.1")).toMatchObject(done);
      const before = await treeOf(project.folder);
      for (const left of [0, 16, 64, 128]) {
        // Until the disk is full, and then some kilobytes less.
        await expect(writeFile(project.path("ballast"), Buffer.alloc(9 << 20))).rejects.toThrow("ENOSPC");
        const { size } = await stat(project.path("ballast"));
        await truncate(project.path("ballast"), size - left * 1024);
        expect(await project.link(bench.base, "2.6.0")).toMatchObject(full);
        await rm(project.path("ballast"));
        expect(await treeOf(project.folder)).toEqual(before);
        expect(await project.link(bench.base, "--check")).toEqual(wholeLink);
      }
      expect(await project.link(bench.base, "2.6.0")).toMatchObject(done);
      await bench.expectBasesTorch(project, "2.6.0");
    });
  });
});
