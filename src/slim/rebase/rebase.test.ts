import { type Arbitrary, array, assert, asyncProperty, constantFrom, record } from "fast-check";
import { readdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addImage, openWorkshop, type Workshop } from "../../delta/testing/images.ts";
import { makeTar, type TarSpec } from "../../delta/testing/tars.ts";
import { file, folder, hardlink, symlink } from "../../inspect/testing/layers.ts";
import { readAll } from "../../codec/read-all.ts";
import { Readable } from "node:stream";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { readImage } from "../../places/image-tree.ts";
import { outgoingSource } from "../../places/outgoing-source.ts";
import type { OutgoingImage, Source } from "../../places/place.ts";
import { MemoryStore } from "../../places/testing/memory.ts";
import type { TimesRule } from "./choose-files.ts";
import { planRebase, type RebasePlan } from "./plan.ts";
import { makeRebase } from "./rebase.ts";
import { reportPlatform } from "./report.ts";
import { listing, unpack } from "./testing/unpacked.ts";

let workshop: Workshop;
beforeEach(async () => {
  workshop = await openWorkshop();
  // Nothing of one image is known when the next is read.
  workshop.context.env = { DDIFF_CACHE_DIR: "/dev/null/none" };
});
afterEach(async () => {
  await workshop.close();
});

type Layers = readonly (readonly TarSpec[])[];

/** An image of these layers, the same for each platform. */
function imageOf(layers: Layers, platforms = ["linux/amd64"]): Source {
  const store = new MemoryStore();
  const tars = layers.map((members) => ({ tar: makeTar(members) }));
  const manifests = platforms.map((platform) => addImage(store, tars, platform));
  const byId = new Map<string, Buffer>(tars.map(({ tar }) => [digestOf(tar), tar]));
  return store.source(manifests.length === 1 ? (manifests[0] as Descriptor) : store.index(manifests), {
    openLayer: async ({ diffId }) => Readable.from([byId.get(diffId)]),
  });
}

interface Options {
  times?: TimesRule;
  platforms?: string[];
}

/** An image over the best of several bases, which are called `base 1` and so on. */
async function rebase(
  image: Source,
  bases: readonly Source[],
  { times = "exact", platforms = [] }: Options = {},
): Promise<{ plan: RebasePlan; made: OutgoingImage; result: Source; close: () => void }> {
  const named = bases.map((source, at) => ({ name: `base ${at + 1}`, source }));
  const wanted = platforms.map(parsePlatform);
  const plan = await planRebase(image, named, { platforms: wanted, times }, workshop.context);
  const { image: made, close } = await makeRebase(image, plan, "1.0.0", workshop.context);
  return { plan, made, result: outgoingSource(made, "the result"), close };
}

/** The uncompressed layers of an image. */
async function tarsOf(source: Source, platform = 0): Promise<Buffer[]> {
  const { layers = [] } = (await readImage(source)).images[platform] ?? {};
  const tars: Buffer[] = [];
  for (const layer of layers) tars.push(await readAll(await source.openLayer(layer), 1 << 28, "a layer"));
  return tars;
}

/** Both show a container the same files. A folder that no layer of the old image names has whatever time. */
async function expectSame(result: Source, old: Source, times = true): Promise<void> {
  const [has, had] = [await unpack(await tarsOf(result)), await unpack(await tarsOf(old))];
  for (const [path, { time }] of had) {
    const file = has.get(path);
    if (time === undefined && file !== undefined) file.time = undefined;
  }
  expect(listing(has, times)).toEqual(listing(had, times));
}

/** An image of these layers over a base of those: the files of both, which must be the same, and the new layers' entries by their type and name. */
async function relaid(
  image: Layers,
  base: Layers,
  options: Options = {},
): Promise<{ added: string[]; plan: RebasePlan }> {
  const source = imageOf(image);
  const { plan, result, close } = await rebase(source, [imageOf(base)], options);
  await expectSame(result, source, options.times !== "of-base");
  close();
  const added = plan.platforms.flatMap(({ layers }) =>
    layers.flatMap(({ members }) =>
      members.map((one) =>
        one.kind === "whiteout" ? one.path : `${one.kind === "link" ? "link" : one.entry.type} ${one.path}`,
      ),
    ),
  );
  return { added, plan };
}

/** Random layers of a few names, so that images have much in common. Each entry is one that engines take where it stands. */
const names = ["a", "b", "c\n", "é"];
const member = record({
  path: array(constantFrom(...names), { minLength: 1, maxLength: 3 }),
  kind: constantFrom("file", "file", "file", "folder", "symlink", "fifo", "char", "link", "gone", "opaque"),
  content: constantFrom("", "1", "2", "x".repeat(600)),
  mode: constantFrom(0o644, 0o4755),
  uid: constantFrom(0, 1000),
  time: constantFrom("1700000000", "1700000000.5", "1700000000.123456789", "-3.25"),
  note: constantFrom("", "", "n"),
});
type Drawn = typeof member extends Arbitrary<infer T> ? T : never;
const drawnLayers = array(array(member, { maxLength: 8 }), { minLength: 1, maxLength: 3 });

function layerOf(drawn: readonly Drawn[]): TarSpec[] {
  const own = new Map<string, string>();
  const specs: TarSpec[] = [];
  const say = (path: string, kind: string, spec: TarSpec): void => {
    own.set(path, kind);
    specs.push(spec);
  };
  for (const { path: parts, kind, content, mode, uid, time, note } of drawn) {
    const path = parts.join("/");
    const above = parts.slice(0, -1).map((_, at) => parts.slice(0, at + 1).join("/"));
    const known = own.get(path);
    if (above.some((one) => own.has(one) && own.get(one) !== "folder")) continue;
    if (known !== undefined && (known === "folder") !== (kind === "folder")) continue;
    for (const one of above) if (!own.has(one)) say(one, "folder", folder(one));
    const pax = { mtime: time, ...(note === "" ? {} : { "SCHILY.xattr.user.note": note }) };
    const more = { mode, uid, pax };
    const target = [...own].find(([, one]) => one === "file")?.[0];
    if (kind === "gone" || kind === "opaque") {
      const hidden = kind === "gone" ? [...above, `.wh.${parts.at(-1)}`].join("/").replace(/^.*\//s, "") : "";
      const inside = above.at(-1);
      const at = kind === "gone" ? hidden : ".wh..wh..opq";
      if (known === undefined) specs.push(file(inside === undefined ? at : `${inside}/${at}`));
    } else if (kind === "file") say(path, kind, file(path, content, more));
    else if (kind === "folder") say(path, kind, { ...folder(path), ...more });
    else if (kind === "symlink") say(path, kind, { ...symlink(path, content === "" ? "a" : "b"), ...more });
    else if (kind === "fifo") say(path, kind, { path, flag: "6", ...more });
    else if (kind === "char") say(path, kind, { path, flag: "3", device: [1, content.length], ...more });
    else if (target !== undefined && target !== path) say(path, "link", hardlink(path, target));
  }
  return specs;
}

describe("an image over a base", () => {
  it("has the files of the image and the layers of the base, whatever both are", {
    timeout: 60_000,
  }, async () => {
    await assert(
      asyncProperty(drawnLayers, drawnLayers, async (one, other) => {
        const [image, base] = [imageOf(one.map(layerOf)), imageOf(other.map(layerOf))];
        const { plan, result, close } = await rebase(image, [base]);
        await expectSame(result, image);
        const [tars, below] = [await tarsOf(result), await tarsOf(base)];
        close();
        expect(Buffer.concat(tars.slice(0, below.length)).equals(Buffer.concat(below))).toBe(true);
        const added = tars.slice(below.length).map(({ length }) => length);
        expect(plan.platforms[0]?.layers.map(({ size }) => size)).toEqual(added);
        const reasons = plan.platforms.map(reportPlatform)[0]?.reasons ?? [];
        expect(sum(reasons.map(({ bytes }) => bytes))).toBe(sum(added));
      }),
      { numRuns: 300 },
    );
  });

  it("has them but for times where those of the base may be taken", { timeout: 60_000 }, async () => {
    await assert(
      asyncProperty(drawnLayers, drawnLayers, async (one, other) => {
        await relaid(one.map(layerOf), other.map(layerOf), { times: "of-base" });
      }),
      { numRuns: 150 },
    );
  });

  it("needs no layer of its own where the base has all of its files", async () => {
    const { added, plan } = await relaid(
      [
        [folder("d"), file("d/a", "1")],
        [file("d/b", "2"), hardlink("d/c", "d/b")],
      ],
      [[folder("d"), file("d/b", "2"), hardlink("d/c", "d/b"), file("d/a", "1")]],
    );
    expect(added).toEqual([]);
    expect(plan.platforms[0]?.choice.taken).toEqual({ files: 3, bytes: 3, late: 0 });
  });

  it("carries the content of a file along where only its owner, mode, time or an attribute is another, and says so", async () => {
    const base = [
      file("owner", "1"),
      file("mode", "2"),
      file("time", "3"),
      file("note", "4"),
      file("same", "5"),
    ];
    const image = [
      file("owner", "1", { uid: 7 }),
      file("mode", "2", { mode: 0o600 }),
      file("time", "3", { pax: { mtime: "0.000000001" } }),
      file("note", "4", { pax: { "SCHILY.xattr.user.note": "x" } }),
      file("same", "5"),
    ];
    const { added, plan } = await relaid([image], [base]);
    expect(added).toEqual(["file mode", "file note", "file owner", "file time"]);
    expect(plan.platforms.flatMap(({ choice }) => choice.chosen.map(({ reason }) => reason)).sort()).toEqual([
      "attributes",
      "mode",
      "owner",
      "time",
    ]);
  });

  it("keeps all names of a file in one layer, because engines cannot link to a file of a lower one", async () => {
    const base = [file("a", "1"), file("b", "2"), hardlink("c", "b")];
    expect(
      (await relaid([[file("a", "1"), hardlink("new", "a"), file("b", "2"), hardlink("c", "b")]], [base]))
        .added,
    ).toEqual(["file a", "link new"]);
    expect((await relaid([[file("a", "1"), file("b", "2"), file("c", "2")]], [base])).added).toEqual([
      "file b",
      "file c",
    ]);
    expect((await relaid([[file("a", "1"), file("b", "2")]], [base])).added).toEqual([".wh.c", "file b"]);
  });

  it("hides what the image has not: one by one, or all of a folder at once", async () => {
    const base = [
      folder("d"),
      file("d/a", "1"),
      file("d/b", "2"),
      folder("e"),
      file("e/a", "1"),
      file("e/b", "2"),
      file("f/g/h", "3"),
    ];
    const image = [folder("d"), file("d/a", "1"), folder("e"), file("e/c", "4")];
    expect((await relaid([image], [base])).added).toEqual([
      ".wh.f",
      "directory d",
      "d/.wh.b",
      "directory e",
      "e/.wh..wh..opq",
      "file e/c",
    ]);
  });

  it("replaces a folder by a file or a link, and a file or a link by a folder", async () => {
    const base = [
      folder("lib64"),
      file("lib64/x", "1"),
      symlink("bin", "usr/bin"),
      file("conf", "2"),
      folder("d"),
      file("d/x", "3"),
    ];
    const image = [
      symlink("lib64", "usr/lib64"),
      folder("bin"),
      file("bin/sh", "4"),
      folder("conf"),
      file("conf/a", "2"),
      file("d", "5"),
    ];
    expect((await relaid([image], [base])).added).toEqual([
      "directory bin",
      "file bin/sh",
      "directory conf",
      "file conf/a",
      "file d",
      "symlink lib64",
    ]);
  });

  it("follows links in the names of folders, and names files by where they are", async () => {
    const image = imageOf([
      [folder("usr"), folder("usr/lib"), symlink("lib", "usr/lib")],
      [file("lib/x", "1")],
    ]);
    const { plan, close } = await rebase(image, [
      imageOf([[folder("usr"), folder("usr/lib"), file("usr/lib/x", "1")]]),
    ]);
    close();
    expect(plan.platforms[0]?.layers.flatMap(({ members }) => members.map(({ path }) => path))).toEqual([
      "lib",
    ]);
  });

  it("says of each folder in a new layer what it is, and leaves alone what neither image says", async () => {
    const image = [{ ...folder("d"), mode: 0o750, uid: 7 }, file("d/e/new", "1"), file("none/new", "2")];
    const base = [
      { ...folder("d"), mode: 0o750, uid: 7 },
      { ...folder("d/e"), mode: 0o700 },
    ];
    expect((await relaid([image], [base])).added).toEqual([
      "directory d",
      "directory d/e",
      "file d/e/new",
      "file none/new",
    ]);
  });

  it("takes sources and byte code from the base together, or not at all", async () => {
    const image = [folder("__pycache__"), ...module("one", 2000, "x"), ...module("two", 2000, "y")];
    const base = [folder("__pycache__"), ...module("one", 1000, "x"), ...module("two", 1000, "z")];
    const source = imageOf([image]);
    const { plan, close } = await rebase(source, [imageOf([base])], { times: "of-base" });
    close();
    expect([...(plan.platforms[0]?.choice.timesOfBase ?? [])].sort()).toEqual([
      "__pycache__/one.cpython-311.pyc",
      "one.py",
    ]);
    expect(plan.platforms[0]?.choice.chosen.map(({ path }) => path).sort()).toEqual([
      "__pycache__/two.cpython-311.pyc",
      "two.py",
    ]);
  });

  it("chooses the base that leaves the least, and says what of the rest the base has elsewhere", async () => {
    const library = "l".repeat(5000);
    const image = imageOf([[file("usr/lib/python3/site-packages/torch/lib.so", library), file("app", "1")]]);
    const bases = [
      [file("other", "2")],
      [file("app", "1"), file("opt/ddiff/torch/lib.so", library)],
      [file("no", "3")],
    ];
    const { plan, close } = await rebase(
      image,
      bases.map((base) => imageOf([base])),
    );
    close();
    expect(plan.base.name).toBe("base 2");
    expect(plan.platforms.map(reportPlatform)[0]?.elsewhere).toEqual([
      { folder: "usr/lib/python3/site-packages", base: "opt/ddiff", files: 1, bytes: 5000 },
    ]);
  });

  it("keeps the settings, and tells in the history what each layer is", async () => {
    const { plan, made, close } = await rebase(imageOf([[file("a", "1")], [file("b", "2")]]), [
      imageOf([[file("b", "2")]]),
    ]);
    close();
    const configs = made.images.map(({ configDescriptor }) =>
      JSON.parse(String(made.documents.get(configDescriptor.digest)?.bytes)),
    );
    const layers = plan.platforms[0]?.base.layers ?? [];
    expect(configs).toMatchObject([
      {
        config: { Labels: { note: "" } },
        rootfs: { diff_ids: [layers[0]?.diffId, expect.anything()] },
        history: [
          { created_by: "layer 1 of base 1" },
          { created_by: "ddiff rebase 1.0.0: files of layer 1 that base 1 has not" },
        ],
      },
    ]);
  });

  it("does each platform that both have", async () => {
    const [image, base] = [[[file("a", "1"), file("b", "2")]], [[file("a", "1")]]];
    const both = ["linux/amd64", "linux/arm64"];
    const { plan, made, result, close } = await rebase(imageOf(image, [...both, "linux/s390x"]), [
      imageOf(base, both),
    ]);
    expect(made.images.map(({ platform }) => platform.architecture)).toEqual(["amd64", "arm64"]);
    expect(plan.leftOut).toEqual(["linux/s390x"]);
    expect((await tarsOf(result, 1)).length).toBe(2);
    close();
  });
});

describe("what cannot be laid over a base", () => {
  it("is an image for another platform, and a base that leaves no room for a layer", async () => {
    const image = imageOf([[file("a", "1")]]);
    await expect(rebase(image, [imageOf([[file("a", "1")]], ["linux/arm64"])])).rejects.toMatchObject({
      code: "PLATFORM_MISSING",
      message: expect.stringContaining("is for linux/arm64"),
    });
    const deep = imageOf(Array.from({ length: 125 }, (_, at) => [file(`f${at}`, "1")]));
    await expect(rebase(image, [deep])).rejects.toMatchObject({ code: "TOO_MANY_LAYERS" });
    const almost = imageOf(Array.from({ length: 124 }, (_, at) => [file(`f${at}`, "1")]));
    const two = imageOf([[file("a", "x".repeat(2 << 20))], [file("b", "y".repeat(2 << 20))]]);
    const { plan, close } = await rebase(two, [almost]);
    close();
    expect(plan.platforms[0]?.layers.length).toBe(1);
  });

  it("is an image with a hard link that leads nowhere", async () => {
    const image = imageOf([[hardlink("a", "nothing")]]);
    await expect(rebase(image, [imageOf([[file("b", "1")]])])).rejects.toMatchObject({ code: "LINK_BROKEN" });
  });

  it("is a layer that changes between two readings, and nothing is left behind", async () => {
    const image = imageOf([[file("a", "1".repeat(3000))]]);
    let readings = 0;
    const other = Readable.from([makeTar([file("a", "2".repeat(3000))])]);
    const source: Source = {
      ...image,
      openLayer: (layer) => (++readings === 1 ? image.openLayer(layer) : Promise.resolve(other)),
    };
    await expect(rebase(source, [imageOf([[file("b", "1")]])])).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    expect(await readdir(workshop.tempDir)).toEqual([]);
  });
});

/** A module of Python that was installed at this time, with its byte code. */
function module(name: string, time: number, text: string): TarSpec[] {
  const code = Buffer.alloc(40, text);
  code.writeUInt32LE(0, 4);
  code.writeUInt32LE(time, 8);
  return [
    file(`${name}.py`, "import os\n", { mtime: time }),
    { path: `__pycache__/${name}.cpython-311.pyc`, bytes: code, mtime: time, mode: 0o644 },
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
