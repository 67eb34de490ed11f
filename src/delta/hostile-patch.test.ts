import { readdir, writeFile } from "node:fs/promises";
import { zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PatchedLayer } from "./bundle-config.ts";
import { loadBundle } from "./load.ts";
import { packings, unpackColumn } from "./packing.ts";
import {
  type ForgedColumn,
  type ForgedPatch,
  forgePatch,
  packedColumn,
  rawColumn,
  replacePatch,
  varints,
} from "./testing/forge.ts";
import { type Forge, openForge } from "./testing/hostile.ts";
import { randomNumbers } from "./testing/tars.ts";

let forge: Forge;
beforeAll(async () => {
  forge = await openForge();
});
afterAll(() => forge.close());

const withPatch = (change: (parts: ForgedPatch) => void, number = 0) =>
  forge.forged((open) => replacePatch(open, number, (patch) => forgePatch(patch, change)));

const ops = (parts: ForgedPatch, bytes: number[]) =>
  ((parts.segments[0] as ForgedPatch["segments"][0])[0] = rawColumn(bytes));
const column = (parts: ForgedPatch, index: number, bytes: Buffer) =>
  ((parts.segments[0] as ForgedPatch["segments"][0])[index] = rawColumn(bytes));
const special = (which: number) => (7 << 2) | which;

/** The bundle whose upper layer copies from elsewhere: layers back, then the offset, zigzag coded. */
const copyingFrom = (...numbers: number[]) => withPatch((parts) => column(parts, 2, varints(...numbers)), 1);

const firstColumn = (parts: ForgedPatch) => parts.segments[0]?.[0] as ForgedColumn;

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
    await forge.expectRefused(await withPatch(change), sentence);
  });

  it("is refused when it copies what is not written yet, or from a later layer", async () => {
    // The upper layer's first entry copies from layer 0; the numbers are "layers back" and the zigzag offset.
    await forge.expectRefused(await copyingFrom(0, 2 * 512), /copies what is not written yet/);
    await forge.expectRefused(await copyingFrom(1, 2 * 2 ** 30), /refers to layer 0/);
    await forge.expectRefused(await copyingFrom(1, 1), /refers to layer 0/);
    await forge.expectRefused(await copyingFrom(2, 0), /refers to layer -1/);
    await forge.expectRefused(await copyingFrom(1, 0), /another layer/);
  });

  it("is refused when a whole other patch stands in its place", async () => {
    await forge.expectRefused(
      await forge.forged((open) => {
        const [one, other] = open.config.layers as [PatchedLayer, PatchedLayer];
        [one.patch, other.patch] = [other.patch, one.patch];
      }),
      /damaged: /,
    );
  });

  it("is refused for any changed byte of a patch, with digests that agree", async () => {
    const random = randomNumbers(5);
    for (let i = 0; i < 80; i++) {
      const bytes = await forge.forged((open) =>
        replacePatch(open, i % 2, (patch) => {
          const changed = Buffer.from(patch);
          const at = random() % changed.length;
          changed[at] = random() & 0xff;
          return changed;
        }),
      );
      await forge.expectRefusedOrSame(bytes, `patch byte ${i}`);
    }
  });

  it("is refused for any changed byte of an unpacked column", async () => {
    const random = randomNumbers(6);
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
      await forge.expectRefusedOrSame(bytes, `column byte ${i}`);
    }
  });

  it("is given up when it is to be, also where its operations make nothing", async () => {
    const many = 60_000_000;
    const file = forge.shop.path("idle.ddiff");
    const idle = await withPatch((parts) => {
      const [columns = []] = parts.segments;
      columns[0] = packedColumn(Buffer.alloc(many, special(0)));
      columns[3] = packedColumn(Buffer.alloc(many));
    });
    await writeFile(file, idle);
    const stop = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => stop.abort(reason), 3000);
    const context = { ...forge.shop.context, signal: stop.signal };
    const before = performance.now();
    const run = loadBundle({
      bundle: file,
      to: `oci:${forge.shop.path("idle")}`,
      bases: [forge.base],
      context,
    });
    await expect(run).rejects.toBe(reason);
    expect(performance.now() - before).toBeLessThan(6000);
    expect(await readdir(forge.shop.tempDir)).toEqual([]);
  }, 60_000);

  it("stays small in memory and on disk when columns or new bytes are bombs", async () => {
    const zeros = zstdCompressSync(Buffer.alloc(120 << 20));
    const bomb = (rawLength: number) => ({ packing: 1, rawLength, bytes: zeros });
    const rss = process.memoryUsage.rss();
    await forge.expectRefused(
      await withPatch((parts) => Object.assign(parts.segments[0]?.[0] ?? {}, bomb(100_000))),
      /does not unpack/,
    );
    await forge.expectRefused(
      await withPatch((parts) => Object.assign(parts.segments[0]?.[0] ?? {}, bomb(120 << 20))),
      /larger than any|more entries|ends early/,
    );
    await forge.expectRefused(
      await withPatch((parts) => Object.assign(parts.literals[0] ?? {}, bomb(9000))),
      /does not unpack/,
    );
    // Even where the layer is said to be large: what does not fit on the disk is refused before it is written.
    const huge = await forge.forged((open) => {
      (open.config.layers[0] as PatchedLayer).size = 2 ** 52;
    });
    await forge.expectRefused(huge, /rebuilding the layers needs .* free/, "DISK_SPACE");
    expect(process.memoryUsage.rss() - rss).toBeLessThan(500 << 20);
  });
});
