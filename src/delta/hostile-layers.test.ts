import { readFile, writeFile } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mediaTypes } from "../oci/media-types.ts";
import { digestOf } from "../oci/digest.ts";
import { MemoryStore } from "../places/testing/memory.ts";
import { loadBundle } from "./load.ts";
import { addImage, identity, openWorkshop, treeOf, type Workshop } from "./testing/images.ts";
import { block, makeContent, makeTar, type TarSpec } from "./testing/tars.ts";

let shop: Workshop;
beforeAll(async () => {
  shop = await openWorkshop();
});
afterAll(() => shop.close());

const file = (path: string, more: Partial<TarSpec> = {}): TarSpec => ({
  path,
  bytes: makeContent({ kind: "text", seed: 3, size: 700, edits: 0 }),
  ...more,
});
const secret = "../../../../../../../../../../../etc/ddiff-hostile-layer";
const bare = (header: Partial<TarSpec>, size: number): Buffer => block({ path: "x", ...header }, size);

/** A header whose size is in base 256, with this first byte and rest. */
function sizeInBytes(first: number, rest: number): Buffer {
  const header = block(file("base-256"), 0);
  header.fill(0, 124, 136);
  header[124] = first;
  header.fill(rest, 125, 136);
  header.fill(" ", 148, 156);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** What a layer may have that a careless extraction would follow out of its folder, or choke on. */
const layers: [string, Buffer][] = [
  ["an absolute path", makeTar([file("/etc/ddiff-hostile-layer")])],
  ["a path that climbs", makeTar([file(secret)])],
  ["a path that climbs inside", makeTar([file("a/../../b")])],
  [
    "a symlink and a file through it",
    makeTar([{ path: "out", flag: "2", linkPath: "/etc" }, file("out/ddiff-hostile-layer")]),
  ],
  [
    "a symlink in place of a folder that was there",
    makeTar([{ path: "d/", flag: "5" }, { path: "d", flag: "2", linkPath: ".." }, file("d/x")]),
  ],
  ["a hard link to something outside", makeTar([{ path: "h", flag: "1", linkPath: "/etc/passwd" }])],
  [
    "a hard link through a symlink",
    makeTar([
      { path: "l", flag: "2", linkPath: "/etc" },
      { path: "h", flag: "1", linkPath: "l/passwd" },
    ]),
  ],
  ["a hard link to itself", makeTar([{ path: "h", flag: "1", linkPath: "h" }])],
  [
    "a symlink as its root",
    makeTar([{ path: "./", flag: "2", linkPath: "/etc" }, file("ddiff-hostile-layer")]),
  ],
  [
    "devices and a pipe",
    makeTar([
      { path: "sda", flag: "4", device: [8, 0] },
      { path: "mem", flag: "3", device: [1, 1] },
      { path: "pipe", flag: "6" },
    ]),
  ],
  ["a file for root with setuid", makeTar([file("su", { mode: 0o6777, uid: 0 })])],
  ["a whiteout of nothing", makeTar([file(".wh.")])],
  ["whiteouts of dots", makeTar([file(".wh.."), file(".wh..."), file("a/.wh..wh..opq")])],
  ["a name of 60,000 bytes in PAX", makeTar([file("n/".repeat(30_000))])],
  ["a name of 60,000 bytes as GNU writes it", makeTar([file("n/".repeat(30_000), { longNames: "gnu" })])],
  [
    "a PAX value of a megabyte",
    makeTar([file("x", { pax: { "SCHILY.xattr.user.x": "v".repeat(1 << 20) } })]),
  ],
  [
    "sparse files in PAX",
    makeTar([file("s", { pax: { "GNU.sparse.major": "1", "GNU.sparse.realsize": "9".repeat(18) } })]),
  ],
  ["an old sparse file that says a terabyte", Buffer.concat([bare({ flag: "S" }, 0), Buffer.alloc(1024)])],
  ["a negative size in base 256", Buffer.concat([sizeInBytes(0xff, 0xff), Buffer.alloc(1024)])],
  ["a size of 2^90 in base 256", Buffer.concat([sizeInBytes(0x80, 0xff), Buffer.alloc(1024)])],
  ["a size that goes behind the end", Buffer.concat([bare({}, 2 ** 32), Buffer.alloc(1024)])],
  [
    "the same name twice, with other content",
    makeTar([file("same"), file("same", { bytes: Buffer.from("b") })]),
  ],
  ["names that differ in case", makeTar([file("README"), file("readme")])],
  ["names that look alike", makeTar([file("caf\u00e9"), file("cafe\u0301"), file("caf\u00e9\u200b")])],
  ["names that turn round, colour and ring", makeTar([file("a\u202egpj.exe"), file("\u001b[31m\u0007")])],
  [
    "a tar in a tar in a tar",
    makeTar([file("1.tar", { bytes: makeTar([file("2.tar", { bytes: makeTar([file(secret)]) })]) })]),
  ],
  ["no tar at all", Buffer.from("#!/bin/sh\nrm -rf /\n".repeat(100))],
];

const ordinary = makeTar([file("usr/share/text"), file("etc/motd", { bytes: Buffer.from("hello\n") })]);
let count = 0;

/** Sends an image from one place to another by a bundle against `base`, where it must arrive with every byte. */
async function travel(base: Buffer, target: Buffer, pack: "none" | "gzip"): Promise<void> {
  count += 1;
  const store = new MemoryStore();
  const before = await shop.write(store, addImage(store, [{ tar: base, pack }]), `server-${count}:app:1`);
  const after = await shop.write(
    store,
    addImage(
      store,
      [
        { tar: base, pack },
        { tar: target, pack },
      ],
      "linux/amd64",
      String(count),
    ),
    `work-${count}:app:2`,
  );
  const bundle = await shop.diff([before], [after]);
  const to = `oci:${shop.path(`server-${count}`)}:app:2`;
  await loadBundle({ bundle: bundle.file, to, bases: [], context: shop.context });
  expect(identity(await shop.read(to))).toEqual(identity(await shop.read(after)));
}

describe("a layer with", () => {
  it.each(layers)("%s is carried as it is, and nothing is unpacked anywhere", async (_what, tar) => {
    const canary = shop.path("canary");
    await writeFile(canary, "as it was");
    await travel(ordinary, tar, "gzip");
    // As the base, its files are looked into to copy from them.
    await travel(tar, Buffer.concat([tar.subarray(0, -1024), ordinary]), "none");
    expect(await readFile(canary, "utf8")).toBe("as it was");
    await expect(readFile("/etc/ddiff-hostile-layer")).rejects.toMatchObject({ code: "ENOENT" });
    expect(await treeOf(shop.tempDir)).toEqual({});
  });
});

/** An image with one layer of this type and these bytes, whose config says that it is `tar`. */
async function imageOf(mediaType: string, bytes: Buffer, tar: Buffer): Promise<string> {
  count += 1;
  const store = new MemoryStore();
  const config = {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
  };
  const root = store.manifest(store.blob(mediaTypes.ociConfig, JSON.stringify(config)), [
    store.blob(mediaType, bytes),
  ]);
  return await shop.write(store, root, `lies-${count}:app:1`);
}

describe("a layer whose packing is not what its type says", () => {
  it.each<[string, string, (tar: Buffer) => Buffer, string]>([
    ["gzip called zstd", mediaTypes.ociLayerZstd, (tar) => gzipSync(tar), "arrives"],
    ["zstd called gzip", mediaTypes.ociLayerGzip, (tar) => zstdCompressSync(tar), "arrives"],
    ["plain called gzip", mediaTypes.ociLayerGzip, (tar) => tar, "arrives"],
    ["gzip called plain", mediaTypes.ociLayer, (tar) => gzipSync(tar), "arrives"],
    ["gzip in gzip", mediaTypes.ociLayerGzip, (tar) => gzipSync(gzipSync(tar)), "DIGEST_MISMATCH"],
    [
      "two gzips, one behind the other",
      mediaTypes.ociLayerGzip,
      (tar) => Buffer.concat([gzipSync(tar), gzipSync(tar)]),
      "DIGEST_MISMATCH",
    ],
    [
      "something behind the gzip",
      mediaTypes.ociLayerGzip,
      (tar) => Buffer.concat([gzipSync(tar), Buffer.from("more")]),
      "DECOMPRESSION_FAILED",
    ],
    [
      "another layer than the config's",
      mediaTypes.ociLayerGzip,
      () => gzipSync(makeTar([file("another")])),
      "DIGEST_MISMATCH",
    ],
  ])("%s: the bytes decide", async (_what, type, pack, expected) => {
    const target = await imageOf(type, pack(ordinary), ordinary);
    const store = new MemoryStore();
    const other = addImage(store, [{ tar: makeTar([file("base")]) }]);
    const base = await shop.write(store, other, `base-${count}:app:0`);
    const to = `oci:${shop.path(`base-${count}`)}:app:2`;
    const making = shop.diff([base], [target]);
    if (expected !== "arrives") {
      await expect(making).rejects.toMatchObject({ code: expected });
      return;
    }
    await loadBundle({ bundle: (await making).file, to, bases: [], context: shop.context });
    expect(identity(await shop.read(to))).toEqual(identity(await shop.read(target)));
  });
});
