import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeTar } from "../delta/testing/tars.ts";
import { digestOf } from "../oci/digest.ts";
import { cachedInventory, keepInventory } from "./inventory-cache.ts";
import { readLayer } from "./read-layer.ts";
import { file, folder, hardlink, makeLayer, symlink } from "./testing/layers.ts";

describe("the inventory of a layer", () => {
  it("has paths without decoration, contents, owners and attributes", async () => {
    const layer = await makeLayer([
      folder("./usr/"),
      file("./usr/one", "hello", { uid: 7, pax: { "SCHILY.xattr.user.note": "x" } }),
      hardlink("/usr/two", "./usr/one"),
      symlink("usr/three", "./one"),
    ]);
    expect(layer.entries.map(({ path, type, size, linkPath }) => [path, type, size, linkPath])).toEqual([
      ["usr", "directory", 0, ""],
      ["usr/one", "file", 5, ""],
      ["usr/two", "hardlink", 0, "usr/one"],
      ["usr/three", "symlink", 0, "./one"],
    ]);
    expect(layer.entries[1]).toMatchObject({
      uid: 7,
      xattrs: "user.note=eA==",
      hash: digestOf(Buffer.from("hello")).slice(7, 39),
    });
  });

  it("keeps the records of package managers and nothing else", async () => {
    const layer = await makeLayer([
      file("var/lib/dpkg/status", "Package: a\n"),
      file("usr/share/doc/a", "text"),
      file("app/site-packages/a-1.dist-info/RECORD", "a.py,,\n"),
    ]);
    expect([...layer.texts].map(([path, text]) => [path, text.toString()])).toEqual([
      ["var/lib/dpkg/status", "Package: a\n"],
      ["app/site-packages/a-1.dist-info/RECORD", "a.py,,\n"],
    ]);
  });

  it("is the same from any cutting of the stream", async () => {
    const tar = makeTar([file("a", "x".repeat(3000)), file("var/lib/dpkg/status", "y".repeat(2000))]);
    const pieces = Array.from({ length: Math.ceil(tar.length / 100) }, (_, i) =>
      tar.subarray(i * 100, i * 100 + 100),
    );
    const whole = await readLayer(digestOf(tar), Readable.from([tar]));
    expect(await readLayer(digestOf(tar), Readable.from(pieces))).toEqual(whole);
  });

  it("is refused where the bytes are others than the diffID says, or no tar", async () => {
    const other = digestOf(Buffer.from("other"));
    await expect(readLayer(other, Readable.from([makeTar([])]))).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    const garbage = Buffer.alloc(2048, 7);
    await expect(readLayer(digestOf(garbage), Readable.from([garbage]))).rejects.toMatchObject({
      code: "TAR_INVALID",
    });
  });

  it("comes back whole from the cache, and from a damaged cache not at all", async () => {
    const dir = await mkdtemp(join(tmpdir(), "inventory-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    const layer = await makeLayer([
      file("var/lib/dpkg/status", "é"),
      file("\u{dc80}odd", "1", { mode: 0o4755 }),
    ]);
    await keepInventory(dir, layer);
    expect(await cachedInventory(dir, layer.diffId)).toEqual(layer);
    expect(await cachedInventory(dir, digestOf(Buffer.from("never read")))).toBeUndefined();
  });
});
