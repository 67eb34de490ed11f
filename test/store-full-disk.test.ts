import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { digestOf } from "../src/oci/digest.ts";
import { openDiskStore } from "../src/store/disk-store.ts";
import type { Store } from "../src/store/store.ts";
import { piecesOf, pushBlob, readBlob } from "../src/store/testing/blobs.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const megabyte = 1 << 20;

describePlace("full-disk", firstMissing(notRoot(), toolMissing("mount")), () => {
  let folder = "";
  let disk = "";
  let store: Store;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-full-"));
    disk = join(folder, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "ddiff-test", disk]);
  });
  afterAll(async () => {
    execFileSync("umount", [disk]);
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    store = await openDiskStore(join(disk, "store"));
  });
  afterEach(async () => {
    await store.close();
    for (const name of await readdir(disk)) await rm(join(disk, name), { recursive: true, force: true });
  });

  const full = { code: "DISK_FULL", message: expect.stringContaining("store") };

  it("refuses a blob that does not fit, and goes on with it when there is room", async () => {
    const kept = await pushBlob(store, randomBytes(3 * megabyte));
    const ballast = join(disk, "ballast");
    await writeFile(ballast, randomBytes(2 * megabyte));
    const bytes = randomBytes(4 * megabyte);
    const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    await expect(upload.append(piecesOf(bytes))).rejects.toMatchObject(full);
    expect(upload.size).toBeGreaterThan(2 * megabyte);
    expect(upload.size).toBeLessThan(4 * megabyte);
    expect(await store.statBlob(digestOf(bytes))).toBeUndefined();
    expect(await readBlob(store, kept)).toHaveLength(3 * megabyte);
    await rm(ballast);
    await upload.append(piecesOf(bytes.subarray(upload.size)));
    await upload.finish(digestOf(bytes));
    expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true);
  });

  it("gives its room back when the upload is given up", async () => {
    const upload = await store.createUpload({ repository: "app", digestAlgorithm: "sha256" });
    await expect(upload.append(piecesOf(randomBytes(10 * megabyte)))).rejects.toMatchObject(full);
    await upload.cancel();
    const { bavail, bsize } = await statfs(disk);
    expect(bavail * bsize).toBeGreaterThan(7 * megabyte);
    await pushBlob(store, randomBytes(6 * megabyte));
  });

  it("keeps the objects that are there, and answers nothing that it could not write", async () => {
    await store.put("tags/app/1", Buffer.from("old"));
    await writeFile(join(disk, "ballast"), randomBytes(8 * megabyte)).catch(() => {});
    const bytes = randomBytes(100_000);
    await expect(store.put("tags/app/1", bytes)).rejects.toMatchObject(full);
    await expect(store.put("tags/app/2", bytes)).rejects.toMatchObject(full);
    await expect(store.put("tags/other/1", bytes)).rejects.toMatchObject(full);
    for (const restarted of [false, true]) {
      if (restarted) {
        await store.close();
        store = await openDiskStore(join(disk, "store"));
      }
      expect((await store.get("tags/app/1"))?.bytes.toString()).toBe("old");
      expect(await store.list("tags/app")).toEqual(["1"]);
      expect(await store.list("tags")).toEqual(["app"]);
      expect(await readdir(join(disk, "store", "temporary"))).toEqual([]);
    }
    // What makes room needs none.
    expect(await store.touch("tags/app/1")).toBe(true);
    expect(await store.delete("tags/app/1")).toBe(true);
    await rm(join(disk, "ballast"));
    await store.put("tags/app/2", bytes);
  });
});
