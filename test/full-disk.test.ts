import { execFileSync } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { loadBundle } from "../src/delta/load.ts";
import { addImage, identity, openWorkshop, treeOf, type Workshop } from "../src/delta/testing/images.ts";
import { makeContent, makeTar } from "../src/delta/testing/tars.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const megabyte = 1 << 20;

describePlace("full-disk", firstMissing(notRoot(), toolMissing("mount")), () => {
  let shop: Workshop;
  let small = "";
  let base = "";
  let target = "";
  let bundle = "";
  let mounted = false;

  beforeAll(async () => {
    shop = await openWorkshop();
    const store = new MemoryStore();
    base = await shop.write(store, addImage(store, [{ tar: libraries(1) }]), "work:app:1");
    target = await shop.write(store, addImage(store, [{ tar: libraries(2) }]), "work:app:2");
    bundle = (await shop.diff([base], [target])).file;
    small = shop.path("small");
    await mkdir(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "ddiff-test", small]);
    mounted = true;
  }, 60_000);
  afterAll(async () => {
    if (mounted) execFileSync("umount", [small]);
    await shop.close();
  });
  afterEach(async () => {
    // Whatever failed for want of room leaves nothing behind: not on the full disk, not beside it.
    expect(await readdir(small)).toEqual([]);
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it("as the temporary folder stops a load before it writes", async () => {
    const context = { ...shop.context, tempDir: small };
    const to = `oci:${shop.path("to-1")}:app:2`;
    await expect(loadBundle({ bundle, to, bases: [base], context })).rejects.toMatchObject({
      code: "DISK_SPACE",
      exitStatus: 3,
      message: expect.stringMatching(/rebuilding the layers needs .* in .*small, which has .* free/),
      hint: expect.stringContaining("--tempdir"),
    });
    expect(await treeOf(shop.path("to-1"))).toEqual({});
  });

  it("as the temporary folder stops a diff", async () => {
    const context = { ...shop.context, tempDir: small };
    const out = shop.path("never.ddiff");
    await expect(shop.diff([base], [target], { context, out })).rejects.toMatchObject({
      code: "DISK_FULL",
      exitStatus: 3,
      hint: expect.stringContaining("--tempdir"),
    });
    expect((await readdir(shop.folder)).filter((name) => name.startsWith("never"))).toEqual([]);
  });

  it("as the place of the bundle leaves no bundle, whole or in parts", async () => {
    const out = `${small}/app.ddiff`;
    for (const splitBytes of [undefined, megabyte]) {
      await expect(
        shop.diff([], [target], { out, ...(splitBytes === undefined ? {} : { splitBytes }) }),
      ).rejects.toMatchObject({ code: "DISK_FULL", exitStatus: 3, message: expect.stringContaining(out) });
    }
  });

  it("as the layout leaves no layout", async () => {
    const to = `oci:${small}/layout:app:2`;
    await expect(loadBundle({ bundle, to, bases: [base], context: shop.context })).rejects.toMatchObject({
      code: "DISK_FULL",
      exitStatus: 3,
      message: expect.stringContaining(small),
    });
    const other = `oci:${shop.path("to-2")}:app:2`;
    await loadBundle({ bundle, to: other, bases: [base], context: shop.context });
    expect(identity(await shop.read(other))).toEqual(identity(await shop.read(target)));
  });
});

/** A layer that is larger than the small disk. */
function libraries(version: number): Buffer {
  return makeTar(
    Array.from({ length: 12 }, (_, i) => ({
      path: `lib${i}.so`,
      bytes: makeContent({ kind: "binary", seed: i, size: megabyte, edits: version }),
    })),
  );
}
