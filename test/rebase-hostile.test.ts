import { execFileSync } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { addImage, identity, openWorkshop, treeOf, type Workshop } from "../src/delta/testing/images.ts";
import { makeContent, makeTar } from "../src/delta/testing/tars.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { ddiff, type Ran } from "./support/run.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const megabyte = 1 << 20;

/** Libraries of a megabyte each, which pack badly. */
function libraries(folder: string, count: number): { path: string; bytes: Buffer }[] {
  return Array.from({ length: count }, (_, at) => ({
    path: `${folder}/lib${at}.so`,
    bytes: makeContent({ kind: "binary", seed: at + folder.length, size: megabyte, edits: 0 }),
  }));
}

let shop: Workshop;
let base = "";
let app = "";
beforeAll(async () => {
  shop = await openWorkshop();
  const store = new MemoryStore();
  const shared = libraries("shared", 10);
  base = await shop.write(store, addImage(store, [{ tar: makeTar(shared) }]), "work:base");
  const own = makeTar([...shared, ...libraries("of-app", 10)]);
  app = await shop.write(store, addImage(store, [{ tar: own }]), "work:app");
}, 60_000);
afterAll(() => shop.close());
afterEach(async () => {
  expect(await readdir(shop.tempDir)).toEqual([]);
});

/** Runs a rebase of the app with nothing remembered of earlier ones. */
async function rebase(
  to: string,
  tempDir = shop.tempDir,
  end?: { signal: NodeJS.Signals; ms: number },
): Promise<Ran> {
  await rm(shop.path("cache"), { recursive: true, force: true });
  return ddiff(["rebase", "--tempdir", tempDir, app, "--onto", base, to], {
    env: { DDIFF_CACHE_DIR: shop.path("cache") },
    ...(end === undefined
      ? {}
      : { whileRunning: (child) => void sleep(end.ms).then(() => child.kill(end.signal)) }),
  });
}

/** Does something with a disk of that size, which is empty before and after. */
async function onSmallDisk(megabytes: number, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = shop.path("small");
  await mkdir(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "ddiff-test", folder]);
  try {
    await work(folder);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    execFileSync("umount", [folder]);
  }
}

describe("a rebase", () => {
  it("that is stopped anywhere leaves the layout as it was, and nothing beside it", {
    timeout: 120_000,
  }, async () => {
    const before = await treeOf(shop.path("work"));
    const ended = new Set<number | null>();
    for (let ms = 150; ms < 6000; ms = Math.round(ms * 1.35)) {
      const end = { signal: "SIGTERM", ms } as const;
      const { status, stderr } = await rebase(`oci:${shop.path("work")}:shared`, shop.tempDir, end);
      ended.add(status);
      expect(stderr).not.toMatch(/ at .*\.ts/);
      expect(await readdir(shop.tempDir)).toEqual([]);
      if (status === 0) break;
      expect(await treeOf(shop.path("work"))).toEqual(before);
    }
    // Before the program can hear it, a signal just ends it.
    expect([...ended].filter((status) => status !== null)).toEqual([143, 0]);
  });

  it("that is killed leaves images whole, and nothing that the next run does not clear away", {
    timeout: 120_000,
  }, async () => {
    const images = [await shop.read(app), await shop.read(base)].map(identity);
    const to = `oci:${shop.path("work")}:killed`;
    for (const ms of [1500, 2200, 3000]) {
      await rebase(to, shop.tempDir, { signal: "SIGKILL", ms });
      expect([await shop.read(app), await shop.read(base)].map(identity)).toEqual(images);
    }
    expect(await rebase(to)).toMatchObject({ status: 0 });
    expect(identity(await shop.read(to))[0]?.layers[0]).toBe(images[1]?.[0]?.layers[0]);
  });
});

describePlace("full-disk", firstMissing(notRoot(), toolMissing("mount")), () => {
  it("at the target of a rebase leaves no layout", async () => {
    await onSmallDisk(8, async (folder) => {
      for (const to of [
        `oci:${join(folder, "layout")}:app`,
        `oci-archive:${join(folder, "app.tar")}`,
        `dir:${join(folder, "app")}`,
      ])
        expect(await rebase(to)).toMatchObject({
          status: 3,
          stderr: expect.stringContaining("the disk is full"),
        });
    });
  });

  it("as the temporary folder stops a rebase before anything is written", async () => {
    await onSmallDisk(8, async (folder) => {
      const to = shop.path("never");
      const made = await rebase(`oci:${to}:app`, folder);
      expect(made).toMatchObject({
        status: 3,
        stderr: expect.stringMatching(/needs .* in .*small.*, which has .* free/),
      });
      expect(await treeOf(to)).toEqual({});
    });
  });

  it("as the temporary folder stops a rebase where packing has no room", async () => {
    await onSmallDisk(16, async (folder) => {
      const to = shop.path("never");
      const made = await rebase(`oci:${to}:app`, folder);
      expect(made).toMatchObject({ status: 3, stderr: expect.stringContaining("the disk is full") });
      expect(await treeOf(to)).toEqual({});
    });
  });
});
