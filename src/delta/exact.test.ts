import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { deflateRawSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encoders } from "../codec/exact/encoders.ts";
import { deflated, makerOf } from "../codec/exact/testing/deflated.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { MemoryStore } from "../places/testing/memory.ts";
import type { BundleConfig } from "./bundle-config.ts";
import type { DiffRequest } from "./diff.ts";
import { loadBundle } from "./load.ts";
import { describeBundle } from "./show.ts";
import { putTogether, takeApart } from "./testing/forge.ts";
import { addImage, identity, openWorkshop, treeOf, type Workshop } from "./testing/images.ts";
import { treeSpec } from "./testing/hostile.ts";
import { makeContent, makeTar } from "./testing/tars.ts";

let shop: Workshop;
beforeAll(async () => {
  shop = await openWorkshop();
});
afterAll(() => shop.close());

const javaHeader = Buffer.from([31, 139, 8, 0, 0, 0, 0, 0, 0, 255]);

/** Packs as zlib at a level, with Java's header. */
function zlib(level: number): (tar: Buffer) => Buffer {
  const encoder = encoders.find(({ id }) => id === `zlib-level${level}`);
  return (tar) => {
    const parts = [javaHeader];
    const deflate = encoder?.make((bytes) => parts.push(Buffer.from(bytes)));
    deflate?.write(tar);
    deflate?.finish();
    return Buffer.concat([...parts, gzipSync(tar).subarray(-8)]);
  };
}

/** One member for each 4 KiB, as eStargz has one for each file, and a strange one at the end. */
function members(tar: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < tar.length; at += 4096) parts.push(zlib(9)(tar.subarray(at, at + 4096)));
  return Buffer.concat([...parts, stranger(Buffer.alloc(0))]);
}

/** What only corrections explain: blocks of twice as many tokens as zlib's. */
function gnuGzip(tar: Buffer): Buffer {
  return execFileSync("gzip", ["-n", "-9"], { input: tar, maxBuffer: 1 << 26 });
}

/** An empty block that fills up its byte with ones, as nobody does: no encoder makes it, and it cannot be corrected. */
const strangeBlock = Buffer.from([0xf8, 0, 0, 0xff, 0xff]);

/** What no encoder of ours does. */
function stranger(tar: Buffer): Buffer {
  return Buffer.concat([javaHeader, strangeBlock, deflateRawSync(tar), gzipSync(tar).subarray(-8)]);
}

/** What podman, BuildKit and nerdctl do with zstd. */
const zstd = { zstd: (tar: Buffer) => deflated(makerOf("zstd-klauspost1.17.8-default"), tar) };

type Pack = "none" | ((tar: Buffer) => Buffer) | typeof zstd;
const bottom = makeTar([
  { path: "etc/os", bytes: makeContent({ kind: "text", seed: 7, size: 90_000, edits: 0 }) },
]);
const top = makeTar([{ path: "app", bytes: makeContent({ kind: "text", seed: 8, size: 50_000, edits: 0 }) }]);
let names = 0;

/** Two versions of an image whose layers are packed in some way, and a bundle from one to the other. */
async function shipped(packs: [Pack, Pack, Pack], more: Partial<DiffRequest> = {}) {
  const name = `work-${names++}`;
  const store = new MemoryStore();
  const imageOf = (version: number): Descriptor =>
    addImage(store, [
      { tar: bottom, pack: packs[0] },
      { tar: makeTar(treeSpec(version)), pack: packs[1] },
      ...(version === 2 ? [{ tar: top, pack: packs[2] }] : []),
    ]);
  const base = await shop.write(store, imageOf(1), `${name}:app:1`);
  const root = imageOf(2);
  const signature = store.referrer(root, "signed");
  const target = await shop.write(store, root, `${name}:app:2`);
  const diff = await shop.diff([base], [target], more);
  return { ...diff, base, target, root, signature };
}

async function loaded(file: string, base: string, requireExact = false) {
  const to = `oci:${shop.path(`server-${names++}`)}:app:2`;
  const report = await loadBundle({ bundle: file, to, bases: [base], context: shop.context, requireExact });
  return { ...report.loaded[0], tree: await shop.read(to) };
}

/** A bundle whose config is changed, and where it would be loaded to. */
async function forged(change: (config: BundleConfig) => void, pack: Pack = zlib(6)) {
  const { file, base } = await shipped([pack, pack, pack]);
  const open = await takeApart(file, shop.tempDir);
  change(open.config);
  await writeFile(file, await putTogether(open));
  const server = shop.path(`server-${names++}`);
  const to = `oci:${server}:app:2`;
  const run = loadBundle({ bundle: file, to, bases: [base], context: shop.context });
  return { run, server };
}
const packed = ({ packings = [], layers }: BundleConfig) => {
  const patched = layers.find(({ from }) => from === "patch")?.diffId;
  const recipe = packings.find(({ diffId }) => diffId === patched)?.recipe[0];
  if (recipe === undefined || !("encoder" in recipe)) throw new Error("no layer is packed again");
  return recipe;
};

describe("an image made from a bundle", () => {
  it.each<[string, [Pack, Pack, Pack]]>([
    ["one encoder", [zlib(6), zlib(6), zlib(6)]],
    ["several encoders", [zlib(1), zlib(9), gzipSync]],
    ["members", [members, members, members]],
    ["GNU gzip", [gnuGzip, gnuGzip, gnuGzip]],
    ["klauspost's zstd", [zstd, zstd, zstd]],
    ["zstd and gzip", [zstd, zlib(6), zstd]],
    ["nothing", ["none", "none", "none"]],
  ])("has its old digest and its signature where its layers were packed by %s", async (_, packs) => {
    const { file, base, root, signature, targets } = await shipped(packs);
    expect(targets[0]?.changedLayers).toEqual([]);
    const { tree, exact } = await loaded(file, base, true);
    expect([tree.root.digest, exact]).toEqual([root.digest, true]);
    expect(tree.referrers.map(({ digest }) => digest)).toEqual([signature.digest]);
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it("has its old digest where the base is packed in another way, or not at all", async () => {
    const { file, root } = await shipped([zlib(6), zlib(6), zlib(6)]);
    const others = new MemoryStore();
    for (const pack of ["none", zlib(1)] as const) {
      const image = addImage(others, [
        { tar: bottom, pack },
        { tar: makeTar(treeSpec(1)), pack },
      ]);
      const base = await shop.write(others, image, `other-${names++}:app:1`);
      expect((await loaded(file, base)).tree.root.digest).toBe(root.digest);
    }
  });

  it("has another digest where the base was packed as nobody knows and the server has it otherwise", async () => {
    const { file, root } = await shipped([stranger, zlib(6), zlib(6)]);
    const others = new MemoryStore();
    const image = addImage(others, [
      { tar: bottom, pack: "none" },
      { tar: makeTar(treeSpec(1)), pack: "none" },
    ]);
    const base = await shop.write(others, image, `other-${names++}:app:1`);
    await expect(loaded(file, base, true)).rejects.toMatchObject({ code: "NOT_EXACT", exitStatus: 3 });
    const { tree, exact } = await loaded(file, base);
    expect(tree.root.digest).not.toBe(root.digest);
    expect(exact).toBe(false);
  });
});

describe("a layer that no encoder explains", () => {
  const packs: [Pack, Pack, Pack] = [zlib(6), zlib(6), stranger];

  it("is said to get another digest, and gets it", async () => {
    const { file, base, root, target, targets } = await shipped(packs);
    expect(targets[0]?.changedLayers).toHaveLength(1);
    const { tree, exact } = await loaded(file, base);
    expect(tree.root.digest).not.toBe(root.digest);
    const [here, there] = [tree, await shop.read(target)].map(identity);
    expect(there).toEqual(here);
    expect(exact).toBe(false);
  });

  it("is carried as it is when the digest is always to be kept", async () => {
    const { file, base, root } = await shipped(packs, { exact: "always" });
    expect((await loaded(file, base, true)).tree.root.digest).toBe(root.digest);
    const { layers } = await describeBundle(file, shop.context);
    expect(layers.map(({ from }) => from)).toEqual(["base", "patch", "blob"]);
  });

  it("is refused where an exact bundle is required, and nothing is written", async () => {
    const out = shop.path("required.ddiff");
    await expect(shipped(packs, { requireExact: true, out })).rejects.toMatchObject({
      code: "NOT_EXACT",
      hint: expect.stringContaining("--exact=always"),
    });
    await expect(readFile(out)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

it("says who packed each layer", async () => {
  const { file } = await shipped([zlib(6), zlib(1), zlib(6)]);
  const { layers, version } = await describeBundle(file, shop.context);
  expect(version).toBe(2);
  expect(layers.map(({ packedBy }) => packedBy?.map(({ encoders }) => encoders))).toEqual([
    [["zlib-level6"]],
    [["zlib-level1"]],
    [["zlib-level6"]],
  ]);
});

it("says by which zstd each layer was packed, in the third version of the format", async () => {
  const { file } = await shipped([zstd, zstd, zlib(6)]);
  const { layers, version } = await describeBundle(file, shop.context);
  expect(version).toBe(3);
  expect(layers.map(({ packedBy }) => packedBy?.map(({ encoders }) => encoders))).toEqual([
    [["zstd-klauspost1.17.8-default"]],
    [["zstd-klauspost1.17.8-default"]],
    [["zlib-level6"]],
  ]);
});

it("asks nothing of packed layers when it is never to be exact", async () => {
  const { file, base, root } = await shipped([zlib(6), zlib(6), zlib(6)], { exact: "never" });
  expect((await describeBundle(file, shop.context)).version).toBe(1);
  expect((await loaded(file, base)).tree.root.digest).not.toBe(root.digest);
});

describe("a bundle that lies about how a layer was packed", () => {
  it.each<[string, (config: BundleConfig) => unknown, string, RegExp]>([
    [
      "an encoder of the future",
      (config) => (packed(config).encoder = "go9.9-level6"),
      "ENCODER_UNKNOWN",
      /go9\.9-level6, which this ddiff does not know/,
    ],
    [
      "another encoder",
      (config) => (packed(config).encoder = "zlib-level1"),
      "BUNDLE_INVALID",
      /packed again by zlib-level1, is not sha256:/,
    ],
    [
      "another header",
      (config) =>
        (packed(config).header = Buffer.concat([javaHeader.subarray(0, 9), Buffer.of(7)]).toString("base64")),
      "BUNDLE_INVALID",
      /is not sha256:/,
    ],
    ["no header", (config) => (packed(config).header = "AAAA"), "BUNDLE_INVALID", /a header is none of gzip/],
    [
      "two headers",
      (config) => (packed(config).header = Buffer.concat([javaHeader, javaHeader]).toString("base64")),
      "BUNDLE_INVALID",
      /a header is not one header/,
    ],
    [
      "sizes that are too many",
      (config) => packed(config).sizes.push(1),
      "BUNDLE_INVALID",
      /it is for \d+ bytes, not for \d+/,
    ],
    [
      "a layer that is not there",
      (config) => config.packings?.forEach((one) => (one.diffId = one.blob.digest)),
      "BUNDLE_INVALID",
      /which it does not have/,
    ],
    ["a blob twice", (config) => config.packings?.push(...config.packings), "BUNDLE_INVALID", /twice/],
    ["version 1", (config) => (config.version = 1), "BUNDLE_INVALID", /version 1/],
  ])("with %s is refused, and nothing becomes visible", async (_, change, code, message) => {
    const { run, server } = await forged(change);
    await expect(run).rejects.toMatchObject({ code, exitStatus: 3, message: expect.stringMatching(message) });
    expect(await treeOf(server)).toEqual({});
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it.each<[string, (config: BundleConfig) => unknown, string, RegExp]>([
    [
      "an encoder of the future",
      (config) => (packed(config).encoder = "zstd-klauspost9.9.9-default"),
      "ENCODER_UNKNOWN",
      /zstd-klauspost9\.9\.9-default, which this ddiff does not know/,
    ],
    [
      "two frames instead of one",
      (config) => packed(config).sizes.splice(0, 1, 1, (packed(config).sizes[0] ?? 0) - 1),
      "BUNDLE_INVALID",
      /packed again by zstd-klauspost1\.17\.8-default, is not sha256:/,
    ],
    [
      "an encoder of gzip",
      (config) => (packed(config).encoder = "zlib-level6"),
      "BUNDLE_INVALID",
      /a header is missing/,
    ],
    [
      "a header of gzip",
      (config) => (packed(config).header = javaHeader.toString("base64")),
      "BUNDLE_INVALID",
      /a zstd frame has a header of gzip/,
    ],
    [
      "version 2",
      (config) => (config.version = 2),
      "BUNDLE_INVALID",
      /version 2 of the format packs no zstd/,
    ],
  ])("with zstd and %s is refused, and nothing becomes visible", async (_, change, code, message) => {
    const { run, server } = await forged(change, zstd);
    await expect(run).rejects.toMatchObject({ code, exitStatus: 3, message: expect.stringMatching(message) });
    expect(await treeOf(server)).toEqual({});
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it("with corrections that are for other bytes is refused, and nothing becomes visible", async () => {
    const { run, server } = await forged((config) =>
      Object.assign(packed(config), { encoder: "corrected", corrections: "/////////w==" }),
    );
    await expect(run).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringMatching(/^layer \S+, packed again by corrected, is not sha256:/),
    });
    expect(await treeOf(server)).toEqual({});
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it("by a guess gets another digest and nothing worse", async () => {
    const { run } = await forged((config) => (packed(config).sizes = []));
    expect((await run).loaded[0]?.exact).toBe(true);
    const { run: wrong } = await forged((config) =>
      Object.assign(packed(config), { sizes: [], encoder: "zlib-level1" }),
    );
    expect((await wrong).loaded[0]?.exact).toBe(false);
  });
});
