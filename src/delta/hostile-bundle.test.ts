import { readdir, readFile, writeFile } from "node:fs/promises";
import { zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { MemoryStore } from "../places/testing/memory.ts";
import { readTar } from "../tar/reader.ts";
import { isDdiffError } from "../util/errors.ts";
import { type BundleConfig, bundleTypes, type PatchedLayer } from "./bundle-config.ts";
import { loadBundle, verifyBundle } from "./load.ts";
import {
  type ForgedColumn,
  type ForgedPatch,
  forgePatch,
  type OpenBundle,
  putTogether,
  rawColumn,
  replacePatch,
  takeApart,
  varints,
} from "./testing/forge.ts";
import { addImage, identity, openWorkshop, treeOf, type Workshop } from "./testing/images.ts";
import { streamOfPieces } from "./testing/patches.ts";
import { block, makeContent, makeTar, randomNumbers, type TarSpec } from "./testing/tars.ts";

let shop: Workshop;
let store: MemoryStore;
let base = "";
let target = "";
let bundle = "";
let good: Buffer;
let server = "";
let before: Record<string, string>;

const tree = (version: number): TarSpec[] => [
  {
    path: "usr/lib/a.so",
    bytes: makeContent({ kind: "binary", seed: 1, size: 6000, edits: version }),
    mtime: version,
  },
  { path: "usr/lib/b.so", bytes: makeContent({ kind: "binary", seed: 2, size: 3000, edits: 0 }) },
  { path: `new-${version}`, bytes: makeContent({ kind: "text", seed: 10 + version, size: 900, edits: 0 }) },
];
const upper = makeTar([
  { path: "copy-of-new", bytes: makeContent({ kind: "text", seed: 12, size: 900, edits: 0 }) },
  { path: "large", bytes: makeContent({ kind: "packed", seed: 4, size: 5000, edits: 0 }) },
]);

beforeAll(async () => {
  shop = await openWorkshop();
  store = new MemoryStore();
  base = await shop.write(store, addImage(store, [{ tar: makeTar(tree(1)) }]), "server:app:1");
  target = await shop.write(
    store,
    addImage(store, [
      { tar: makeTar(tree(2)), pack: "none" },
      { tar: upper, pack: "none" },
    ]),
    "work:app:2",
  );
  ({ file: bundle } = await shop.diff([base], [target]));
  good = await readFile(bundle);
  server = shop.path("server");
  before = await treeOf(server);
});
afterAll(() => shop.close());

const file = (): string => shop.path("forged.ddiff");

/** The bundle must be refused with one sentence that fits, and nothing may be written anywhere. */
async function expectRefused(bytes: Buffer, sentence: RegExp, code = "BUNDLE_INVALID"): Promise<void> {
  await writeFile(file(), bytes);
  const request = { bundle: file(), to: `oci:${server}:app:2`, bases: [], context: shop.context };
  for (const run of [loadBundle, verifyBundle]) {
    await expect(run(request)).rejects.toMatchObject({
      code,
      exitStatus: 3,
      message: expect.stringMatching(sentence),
    });
    expect(await readdir(shop.tempDir)).toEqual([]);
  }
  expect(await treeOf(server)).toEqual(before);
}

/** The bundle must be refused, or give exactly the image that the whole one gives. */
async function expectRefusedOrSame(bytes: Buffer, what: string): Promise<"refused" | "same"> {
  await writeFile(file(), bytes);
  const to = `oci:${shop.path("same")}:app:2`;
  try {
    await loadBundle({ bundle: file(), to, bases: [base], context: shop.context });
  } catch (error) {
    if (!isDdiffError(error)) throw new Error(`${what}: no sentence for a person`, { cause: error });
    expect({ what, code: error.code, status: error.exitStatus }).toEqual({
      what,
      code: "BUNDLE_INVALID",
      status: 3,
    });
    return "refused";
  } finally {
    expect(await readdir(shop.tempDir)).toEqual([]);
  }
  expect(identity(await shop.read(to))).toEqual(identity(await shop.read(target)));
  return "same";
}

async function forged(change: (open: OpenBundle) => void): Promise<Buffer> {
  const open = await takeApart(bundle, shop.tempDir);
  change(open);
  return putTogether(open);
}

const withConfig = (change: (config: BundleConfig) => void) => forged(({ config }) => change(config));
const withPatch = (change: (parts: ForgedPatch) => void, number = 0) =>
  forged((open) => replacePatch(open, number, (patch) => forgePatch(patch, change)));

/** The bundle's members as they stand in it. */
async function members(): Promise<TarSpec[]> {
  const found: TarSpec[] = [];
  for await (const event of readTar(streamOfPieces(good))) {
    if (event.kind === "entry") found.push({ path: event.entry.path, bytes: Buffer.alloc(0) });
    const last = found.at(-1);
    if (event.kind === "data" && last !== undefined)
      last.bytes = Buffer.concat([last.bytes ?? Buffer.alloc(0), event.bytes]);
  }
  return found;
}

/** The bundle with one more blob that its manifest names and its config does not. */
const withBlob = (mediaType: string, bytes: Buffer) =>
  forged(({ blobs }) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    blobs.set(descriptor.digest, { descriptor, bytes });
  });

const patchOf = (config: BundleConfig, number = 0) =>
  config.layers.filter((layer): layer is PatchedLayer => layer.from === "patch")[number] as PatchedLayer;

const ops = (parts: ForgedPatch, bytes: number[]) =>
  ((parts.segments[0] as ForgedPatch["segments"][0])[0] = rawColumn(bytes));
const column = (parts: ForgedPatch, index: number, bytes: Buffer) =>
  ((parts.segments[0] as ForgedPatch["segments"][0])[index] = rawColumn(bytes));
const special = (which: number) => (7 << 2) | which;

/** The bundle whose upper layer copies from elsewhere: layers back, then the offset, zigzag coded. */
const copyingFrom = (...numbers: number[]) => withPatch((parts) => column(parts, 2, varints(...numbers)), 1);

const firstColumn = (parts: ForgedPatch) => parts.segments[0]?.[0] as ForgedColumn;

describe("a damaged bundle", () => {
  it("is refused wherever it is cut", async () => {
    const random = randomNumbers(1);
    const cuts = new Set([0, 1, 2, 511, 512, 513, good.length - 1025, good.length - 1024]);
    for (let at = 512; at < good.length - 1024; at += 512) if (random() % 3 === 0) cuts.add(at);
    for (let i = 0; i < 30; i++) cuts.add(random() % (good.length - 1024));
    for (const cut of cuts) {
      const result = await expectRefusedOrSame(good.subarray(0, cut), `cut at ${cut}`);
      // The last member's padding and the end marker say nothing: without them the bundle is whole.
      if (cut < good.length - 1024 - 512) expect(`${cut} ${result}`).toBe(`${cut} refused`);
    }
  });

  it("is refused, or is the same, whatever bit of it flips", async () => {
    const random = randomNumbers(2);
    let refused = 0;
    for (let i = 0; i < 150; i++) {
      const bytes = Buffer.from(good);
      const at = random() % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (random() % 8));
      if ((await expectRefusedOrSame(bytes, `bit ${at}`)) === "refused") refused++;
    }
    expect(refused).toBeGreaterThan(120);
  });

  it("is refused when a run of it is overwritten or missing", async () => {
    const random = randomNumbers(3);
    for (let i = 0; i < 30; i++) {
      const at = random() % (good.length - 2048);
      const zeroed = Buffer.from(good);
      zeroed.fill(random() & 0xff, at, at + 1 + (random() % 600));
      await expectRefusedOrSame(zeroed, `filled at ${at}`);
      const cut = Buffer.concat([good.subarray(0, at), good.subarray(at + 1 + (random() % 600))]);
      expect(await expectRefusedOrSame(cut, `cut out at ${at}`)).toBe("refused");
    }
  });
});

describe("a bundle with odd members", () => {
  it("is refused when they stand in another order, twice, or not at all", async () => {
    const all = await members();
    expect(all.length).toBeGreaterThan(5);
    for (let i = 1; i < all.length; i++) {
      const swapped = [...all];
      [swapped[i - 1], swapped[i]] = [all[i] as TarSpec, all[i - 1] as TarSpec];
      await expectRefused(makeTar(swapped), /damaged: .*(?:stands where|does not begin)/);
      await expectRefused(
        makeTar([...all.slice(0, i), ...all.slice(i + 1)]),
        /damaged: .*(?:stands where|ends after \d+ of its)/,
      );
    }
    await expectRefused(makeTar([...all, all.at(-1) as TarSpec]), /is more than it says it holds/);
  });

  it("is refused for paths that lead out, links, folders and strangers", async () => {
    const all = await members();
    const bytes = Buffer.from("x");
    const strangers: TarSpec[] = [
      { path: "../../etc/passwd", bytes },
      { path: "/etc/passwd", bytes },
      { path: "blobs/sha256/../../x", bytes },
      { path: "link", flag: "2", linkPath: "/etc/passwd" },
      { path: "link", flag: "1", linkPath: "../secret" },
      { path: "blobs/", flag: "5" },
      { path: "null", flag: "3", device: [1, 3] },
      { path: "README", bytes },
    ];
    for (const stranger of strangers) {
      await expectRefused(makeTar([...all, stranger]), /is not a file|more than it says/);
      await expectRefused(
        makeTar([...all.slice(0, 4), stranger, ...all.slice(4)]),
        /is not a file|stands where/,
      );
      await expectRefused(makeTar([stranger, ...all]), /is not a file|does not begin/);
    }
    await expectRefused(makeTar(all, { trailing: Buffer.from("more") }), /bytes where there should be none/);
    await expectRefused(
      makeTar(all.map((one, i) => (i === 2 ? { ...one, padding: 1 } : one))),
      /where there should be none/,
    );
  });

  it("is refused when a member's size lies", async () => {
    const all = await members();
    for (const size of [0, 1, 2 ** 33 - 1]) {
      const lying = Buffer.concat([
        makeTar(all.slice(0, 4), { blocks: 0 }),
        block(all[4] as TarSpec, size),
        all[4]?.bytes ?? Buffer.alloc(0),
      ]);
      await expectRefused(
        lying,
        /ends in the middle|bytes instead of|is invalid|should be none|stands where/,
      );
    }
  });

  it("is refused with two configs, or with more than its config names", async () => {
    const config = zstdCompressSync("{}");
    await expectRefused(await withBlob(bundleTypes.config, config), /two configs/);
    await expectRefused(
      await withBlob("text/plain", Buffer.from("payload")),
      /carries sha256:\w+, which its config does not name/,
    );
  });

  it("tells other files from bundles", async () => {
    await expectRefused(Buffer.alloc(0), /damaged/);
    await expectRefused(Buffer.alloc(10_240), /damaged/);
    await expectRefused(Buffer.from("#!/bin/sh\necho hello\n"), /damaged/);
    await expectRefused(makeTar(tree(1)), /does not begin as a bundle/);
    const layout = makeTar([
      { path: "oci-layout", bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
      {
        path: "index.json",
        bytes: Buffer.from(
          JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }),
        ),
      },
    ]);
    await expectRefused(layout, /OCI layout, but no ddiff bundle/);
  });
});

describe("a bundle whose config lies", () => {
  const none = digestOf(Buffer.from("none"));

  it("is refused for another version with the way out", async () => {
    const bytes = await withConfig((config) => Object.assign(config, { version: 2 }));
    await expectRefused(bytes, /has version 2 of the format, this ddiff reads version 1/, "BUNDLE_VERSION");
    await expectRefused(
      await withConfig((config) => Object.assign(config, { version: "1" })),
      /version of its config/,
    );
  });

  it.each<[string, (config: BundleConfig) => unknown, RegExp]>([
    ["an unknown field", (config) => Object.assign(config, { extra: 1 }), /of its config/],
    [
      "an unknown way to carry a layer",
      (config) => Object.assign(patchOf(config), { from: "wherever" }),
      /layers\.0/,
    ],
    ["no targets", (config) => (config.targets = []), /targets of its config/],
    [
      "a target that is not carried",
      (config) => (config.targets = [{ root: { mediaType: mediaTypes.ociManifest, digest: none, size: 5 } }]),
      /does not hold the document/,
    ],
    [
      "a document whose size lies",
      (config) => ((config.documents[0] as { size: number }).size += 1),
      /documents\.0/,
    ],
    [
      "a document that is not its digest",
      (config) => ((config.documents[0] as { text: string }).text += " "),
      /documents\.0/,
    ],
    ["a missing document", (config) => config.documents.pop(), /does not hold|is no whole image/],
    [
      "a layer left out",
      (config) => config.layers.pop(),
      /does not say where layer sha256:\w+ comes from|does not name/,
    ],
    [
      "a layer too many",
      (config) => config.layers.push({ from: "base", diffId: none }),
      /belongs to no image/,
    ],
    ["a layer twice", (config) => config.layers.push(config.layers[0] as PatchedLayer), /stands there twice/],
    [
      "a base layer that is not named",
      (config) => (patchOf(config).bases = [7]),
      /refers to a base layer that is not named/,
    ],
    ["a copy from a later layer", (config) => (patchOf(config).copies = [1]), /cannot copy from/],
    ["a copy from itself", (config) => (patchOf(config, 1).copies = [1]), /cannot copy from/],
    [
      "base layers that its patches do not name",
      (config) => (patchOf(config).bases = []),
      /refers to layer 0, which it does not name/,
    ],
    [
      "copies that it does not name",
      (config) => (patchOf(config, 1).copies = []),
      /refers to layer 0, which it does not name/,
    ],
    [
      "a layer that is smaller than its patch makes it",
      (config) => (patchOf(config).size -= 512),
      /gives more bytes than it says|more new bytes/,
    ],
    ["a layer that is larger", (config) => (patchOf(config).size += 512), /gives fewer bytes than it says/],
    ["a layer of another digest", (config) => (patchOf(config).diffId = none), /does not say where/],
    [
      "a blob that is not there",
      (config) => config.blobs.push({ mediaType: "text/plain", digest: none, size: 4 }),
      /does not hold sha256/,
    ],
    [
      "a blob whose size lies",
      (config) => (patchOf(config).patch.size += 1),
      /does not hold sha256|bytes instead of/,
    ],
  ])("is refused with %s", async (_, change, sentence) => {
    await expectRefused(await withConfig(change), sentence);
  });

  it("is refused when a whole layer is not the layer that its image names", async () => {
    const { file: whole } = await shop.diff([base], [target], { wholeLayers: true });
    const open = await takeApart(whole, shop.tempDir);
    const [one, other] = open.config.layers;
    if (one?.from !== "blob" || other?.from !== "blob") throw new Error("these layers travel whole");
    [one.blob, other.blob] = [other.blob, one.blob];
    await expectRefused(await putTogether(open), /layer sha256:\w+ should be sha256:\w+ but is sha256/);
  });

  it("is refused when its config is a bomb or no JSON", async () => {
    const all = await members();
    const forge = (bytes: Buffer): Buffer => {
      const config = { mediaType: bundleTypes.config, digest: digestOf(bytes), size: bytes.length };
      const manifest = Buffer.from(JSON.stringify({ ...JSON.parse(String(all[2]?.bytes)), config }));
      const about = {
        mediaType: mediaTypes.ociManifest,
        digest: digestOf(manifest),
        size: manifest.length,
        artifactType: bundleTypes.artifact,
      };
      const index = Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [about] }),
      );
      return makeTar([
        all[0] as TarSpec,
        { path: "index.json", bytes: index },
        { path: `blobs/sha256/${about.digest.slice(7)}`, bytes: manifest },
        { path: `blobs/sha256/${config.digest.slice(7)}`, bytes },
        ...all.slice(4),
      ]);
    };
    await expectRefused(
      forge(zstdCompressSync(Buffer.alloc(200 << 20, 0x20))),
      /its config is not packed JSON/,
    );
    await expectRefused(forge(Buffer.from("not packed")), /its config is not packed JSON/);
    await expectRefused(forge(zstdCompressSync("[".repeat(100_000))), /its config is not packed JSON/);
    await expectRefused(
      forge(zstdCompressSync('{"version":1,"version":1}')),
      /its config is not packed JSON/,
    );
  });
});

describe("a bundle whose patch lies", () => {
  it.each<[string, (parts: ForgedPatch) => unknown, RegExp]>([
    ["another version", (parts) => (parts.magic = Buffer.from("ddiffLP2")), /not a layer patch of a version/],
    [
      "an unknown packing",
      (parts) => Object.assign(parts.segments[0]?.[0] ?? {}, { packing: 9 }),
      /uses number 9/,
    ],
    ["an unknown kind", (parts) => Object.assign(parts.literals[0] ?? {}, { kind: 9 }), /uses number 9/],
    ["new bytes of one kind twice", (parts) => parts.literals.push(...parts.literals), /twice/],
    [
      "a column that is longer than it says",
      (parts) => (firstColumn(parts).rawLength -= 1),
      /does not unpack|not as long|larger packed/,
    ],
    [
      "a column that is shorter than it says",
      (parts) => (firstColumn(parts).rawLength += 1),
      /not as long|does not unpack/,
    ],
    ["a column of a terabyte", (parts) => (firstColumn(parts).rawLength = 2 ** 40), /larger than any may be/],
    [
      "segments of a gigabyte",
      (parts) => parts.segments[0]?.forEach((one) => (one.rawLength = 64 << 20)),
      /larger than any may be/,
    ],
    [
      "new bytes that are fewer than it says",
      (parts) => ((parts.literals[0] as { rawLength: number }).rawLength += 1),
      /not as long|does not unpack|left over/,
    ],
    [
      "more new bytes than the layer",
      (parts) => ((parts.literals[0] as { rawLength: number }).rawLength = 2 ** 40),
      /more new bytes than its layer/,
    ],
    [
      "new bytes that nobody takes",
      (parts) => Object.assign(parts.literals[0] ?? {}, rawColumn(Buffer.alloc(1000))),
      /left over|ends early/,
    ],
    ["columns that nobody reads", (parts) => column(parts, 2, Buffer.alloc(50)), /left over/],
    ["an unknown special operation", (parts) => ops(parts, [special(3)]), /does not know|ends early/],
    [
      "a patch that goes on but never began",
      (parts) => {
        ops(parts, [special(2)]);
        column(parts, 3, varints(1));
      },
      /not begun/,
    ],
    [
      "zeros beyond the layer",
      (parts) => {
        ops(parts, [special(0)]);
        column(parts, 3, varints(2 ** 50));
      },
      /more bytes than it says/,
    ],
    [
      "new bytes beyond the layer",
      (parts) => {
        ops(parts, [special(1)]);
        column(parts, 3, varints(2 ** 50));
        column(parts, 5, Buffer.from([1]));
      },
      /more bytes than it says/,
    ],
    [
      "new bytes of an unknown kind",
      (parts) => {
        ops(parts, [special(1)]);
        column(parts, 3, varints(512));
        column(parts, 5, Buffer.from([7]));
      },
      /unknown kind/,
    ],
    [
      "an entry that the base does not have",
      (parts) => column(parts, 1, varints(0, 2 * 5000)),
      /refers to entry \d{4} of base layer 0/,
    ],
    [
      "more entries than fit",
      (parts) =>
        ops(
          parts,
          Array.from({ length: 100 }, () => 1),
        ),
      /more entries than it may/,
    ],
    [
      "entries before the base",
      (parts) => {
        ops(parts, [2]);
        column(parts, 1, varints(0, 9));
      },
      /refers to entry -5 of base layer 0/,
    ],
    [
      "entries of a layer before the first",
      (parts) => {
        ops(parts, [2]);
        column(parts, 1, varints(1, 0));
      },
      /refers to layer -1/,
    ],
    ["no segments", (parts) => (parts.segments = []), /fewer bytes than it says/],
  ])("is refused with %s", async (_, change, sentence) => {
    await expectRefused(await withPatch(change), sentence);
  });

  it("is refused when it copies what is not written yet, or from a later layer", async () => {
    // The upper layer's first entry copies from layer 0; the numbers are "layers back" and the zigzag offset.
    await expectRefused(await copyingFrom(0, 2 * 512), /copies what is not written yet/);
    await expectRefused(await copyingFrom(1, 2 * 2 ** 30), /refers to layer 0/);
    await expectRefused(await copyingFrom(1, 1), /refers to layer 0/);
    await expectRefused(await copyingFrom(2, 0), /refers to layer -1/);
    await expectRefused(await copyingFrom(1, 0), /another layer/);
  });

  it("is refused when a whole other patch stands in its place", async () => {
    await expectRefused(
      await forged((open) => {
        const [one, other] = open.config.layers as [PatchedLayer, PatchedLayer];
        [one.patch, other.patch] = [other.patch, one.patch];
      }),
      /damaged: /,
    );
  });

  it("is refused for any changed byte of a patch, with digests that agree", async () => {
    const random = randomNumbers(5);
    for (let i = 0; i < 80; i++) {
      const bytes = await forged((open) =>
        replacePatch(open, i % 2, (patch) => {
          const changed = Buffer.from(patch);
          const at = random() % changed.length;
          changed[at] = random() & 0xff;
          return changed;
        }),
      );
      await expectRefusedOrSame(bytes, `patch byte ${i}`);
    }
  });

  it("is refused for any changed byte of an unpacked column", async () => {
    const random = randomNumbers(6);
    const { unpackColumn, packings } = await import("./packing.ts");
    for (let i = 0; i < 100; i++) {
      const bytes = await withPatch((parts) => {
        const columns = (parts.segments[0] ?? []).filter((one) => one.rawLength > 0);
        const picked = columns[random() % columns.length];
        if (picked === undefined) throw new Error("a patch has columns");
        const packing = packings[picked.packing] ?? "raw";
        const raw = Buffer.from(
          unpackColumn({ packing, rawLength: picked.rawLength, bytes: picked.bytes }, "column"),
        );
        raw[random() % raw.length] = random() & 0xff;
        Object.assign(picked, rawColumn(raw));
      }, i % 2);
      await expectRefusedOrSame(bytes, `column byte ${i}`);
    }
  });

  it("stays small in memory and on disk when columns or new bytes are bombs", async () => {
    const zeros = zstdCompressSync(Buffer.alloc(120 << 20));
    const bomb = (rawLength: number) => ({ packing: 1, rawLength, bytes: zeros });
    const rss = process.memoryUsage.rss();
    await expectRefused(
      await withPatch((parts) => Object.assign(parts.segments[0]?.[0] ?? {}, bomb(100_000))),
      /does not unpack/,
    );
    await expectRefused(
      await withPatch((parts) => Object.assign(parts.segments[0]?.[0] ?? {}, bomb(120 << 20))),
      /larger than any|more entries|ends early/,
    );
    await expectRefused(
      await withPatch((parts) => Object.assign(parts.literals[0] ?? {}, bomb(9000))),
      /does not unpack/,
    );
    // Even where the layer is said to be large: what does not fit on the disk is refused before it is written.
    const huge = await forged((open) => {
      (open.config.layers[0] as PatchedLayer).size = 2 ** 52;
    });
    await expectRefused(huge, /rebuilding the layers needs .* free/, "DISK_SPACE");
    expect(process.memoryUsage.rss() - rss).toBeLessThan(500 << 20);
  });
});
