import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLayerPatch } from "./layer-patch-file.ts";
import { bufferBytes } from "../util/random-bytes.ts";
import { applyPatches, makePatches } from "./testing/patches.ts";
import { type ContentSpec, makeContent, makeTar, randomNumbers, type TarSpec } from "./testing/tars.ts";

let tempDir = "";
beforeAll(() => {
  tempDir = mkdtempSync(join(tmpdir(), "ddiff-layer-patch-"));
});
afterAll(() => {
  rmSync(tempDir, { recursive: true });
});

const long = `usr/lib/${"deep/".repeat(25)}file.so`;
const longer = `opt/${"x".repeat(90)}/${"y".repeat(200)}/libtorch.so.2.5.1`;
const paths = fc.constantFrom(
  "etc/os-release",
  "./etc/os-release",
  "usr/lib/libm.so.6",
  "usr/lib/libtorch.so.2.5.1",
  "usr/lib/libtorch.so.2.6.0",
  "opt/app/main.py",
  "opt/app-2/main.py",
  "srv/données/été.txt",
  ".wh.gone",
  long,
  longer,
);
const contents: fc.Arbitrary<ContentSpec> = fc.record({
  kind: fc.constantFrom("text", "binary", "packed", "zeros"),
  seed: fc.nat(2),
  size: fc.constantFrom(0, 1, 47, 48, 511, 512, 513, 4096, 5000, 70_001),
  edits: fc.nat(3),
});
const modes = fc.constantFrom(0o644, 0o755, 0o4755);
const files = fc.record(
  {
    path: paths,
    content: contents,
    mode: modes,
    uid: fc.nat(3),
    mtime: fc.nat(2 ** 31),
    padding: fc.constantFrom(0, 0, 0, 0x20),
    longNames: fc.constantFrom("pax" as const, "gnu" as const),
    pax: fc.constantFrom<Record<string, string>>(
      {},
      { mtime: "1700000000.123456789" },
      { "SCHILY.xattr.user.note": "kept" },
    ),
  },
  { requiredKeys: ["path", "content"] },
);
const others = fc.record(
  {
    path: paths,
    flag: fc.constantFrom("1", "2", "3", "4", "5", "6"),
    linkPath: fc.constantFrom("", "../lib", long),
    longNames: fc.constantFrom("pax" as const, "gnu" as const),
    mode: modes,
    device: fc.tuple(fc.nat(255), fc.nat(255)),
  },
  { requiredKeys: ["path", "flag"] },
);
const globalHeader = fc.constant({ path: "pax_global_header", flag: "g", records: "20 comment=0123abcd\n" });
const ends = fc.record(
  {
    blocks: fc.constantFrom(0, 1, 2, 20, 2100),
    trailing: fc.string({ maxLength: 700 }),
    cutPadding: fc.boolean(),
  },
  { requiredKeys: [] },
);
const members = fc.oneof(
  { weight: 6, arbitrary: files },
  { weight: 3, arbitrary: others },
  { weight: 1, arbitrary: globalHeader },
);
/** Specs, not bytes: what fast-check prints of a failure is to be read by people. */
const layers = fc.record({
  members: fc.array(members, { maxLength: 12 }),
  end: ends,
  // A layer that is no tar, or a damaged one, is a layer too, if its image says so.
  form: fc.oneof(
    { weight: 12, arbitrary: fc.constant("tar") },
    { weight: 1, arbitrary: fc.constantFrom("bytes", "empty", "half") },
  ),
});
type LayerSpec = typeof layers extends fc.Arbitrary<infer T> ? T : never;

function build(spec: LayerSpec): Buffer {
  if (spec.form === "empty") return Buffer.alloc(0);
  if (spec.form === "bytes")
    return makeContent({ kind: "binary", seed: 9, size: 2999, edits: spec.members.length });
  const { trailing, ...end } = spec.end;
  const tar = makeTar(spec.members.map(buildMember), {
    ...end,
    ...(trailing === undefined ? {} : { trailing: Buffer.from(trailing) }),
  });
  return spec.form === "half" ? tar.subarray(0, Math.floor(tar.length / 2)) : tar;
}

function buildMember(spec: typeof members extends fc.Arbitrary<infer T> ? T : never): TarSpec {
  if ("records" in spec) return { path: spec.path, flag: spec.flag, bytes: Buffer.from(spec.records) };
  if (!("content" in spec)) return spec;
  const { content, ...rest } = spec;
  return { ...rest, bytes: makeContent(content) };
}

describe("layer patches", () => {
  for (const effort of ["fast", "default", "max"] as const) {
    it(`give back the exact bytes of any layers, with effort ${effort}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(layers, { maxLength: 3 }),
          fc.array(layers, { minLength: 1, maxLength: 3 }),
          fc.constantFrom(1, 300, 1 << 20),
          async (baseSpecs, targetSpecs, segmentBytes) => {
            const [bases, targets] = [baseSpecs.map(build), targetSpecs.map(build)];
            const patches = await makePatches(bases, targets, { effort, tempDir, segmentBytes });
            const sizes = targets.map((tar) => tar.length);
            const made = await applyPatches(bases, patches, sizes, tempDir);
            expect(made.map((tar, i) => tar.equals(targets[i] ?? Buffer.alloc(0)))).toEqual(
              targets.map(() => true),
            );
          },
        ),
        { numRuns: effort === "max" ? 20 : 60 },
      );
      expect(readdirSync(tempDir)).toEqual([]);
    });
  }

  it("are the same bytes when made twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(layers, { maxLength: 2 }),
        fc.array(layers, { minLength: 1, maxLength: 2 }),
        async (baseSpecs, targetSpecs) => {
          const [bases, targets] = [baseSpecs.map(build), targetSpecs.map(build)];
          const one = await makePatches(bases, targets, { effort: "default", tempDir });
          const other = await makePatches(bases, targets, { effort: "default", tempDir });
          expect(one.map((patch, i) => patch.equals(other[i] ?? Buffer.alloc(0)))).toEqual(
            one.map(() => true),
          );
        },
      ),
      { numRuns: 20 },
    );
  });

  it("go on in the next segment where a file's patch is long", async () => {
    const old = makeLarge(65 << 20);
    const now = Buffer.concat([old.subarray(0, 1 << 20), Buffer.from("inserted"), old.subarray(1 << 20)]);
    for (let at = 4096; at < now.length; at += 1 << 19) now[at] = (now[at] ?? 0) ^ 0x55;
    const base = makeTar([{ path: "lib/a.so.1", bytes: old }]);
    const target = makeTar([{ path: "lib/a.so.2", bytes: now, padding: 7 }]);
    const [patch] = await makePatches([base], [target], { effort: "fast", tempDir, segmentBytes: 1 });
    expect(patch?.length).toBeLessThan(10_000);
    const opened = openLayerPatch(bufferBytes(patch ?? Buffer.alloc(0)), target.length, "the patch");
    expect(opened.segmentCount).toBeGreaterThan(2);
    const [made] = await applyPatches([base], [patch ?? Buffer.alloc(0)], [target.length], tempDir);
    expect(made?.equals(target)).toBe(true);
  });

  it("are what the example in docs/bundle-format.md shows", async () => {
    const page = await readFile(join(import.meta.dirname, "../../docs/bundle-format.md"), "utf8");
    const lines = page.slice(page.indexOf("## An example")).split("\n");
    const hex = lines.flatMap(
      (line) => /^ {4}((?:[0-9a-f]{2}\s+)+)/.exec(`${line} `)?.[1]?.trim().split(/\s+/) ?? [],
    );
    const same: TarSpec = { path: "etc/same", mtime: 1_700_000_000, bytes: Buffer.from("as it was\n") };
    const fresh: TarSpec = { path: "etc/new", mtime: 1_700_000_060, bytes: Buffer.from("hello\n") };
    const [base, target] = [makeTar([motd("first"), same]), makeTar([motd("second"), same, fresh])];
    const patch = Buffer.from(hex.join(""), "hex");
    expect(await applyPatches([base], [patch], [target.length], tempDir)).toEqual([target]);
  });

  it("cost next to nothing where only times changed", async () => {
    const [patch] = await makePatches(
      [makeTar(manyFiles(1_700_000_000))],
      [makeTar(manyFiles(1_710_000_000))],
      {
        effort: "default",
        tempDir,
      },
    );
    expect(patch?.length).toBeLessThan(600);
  });

  it("find a file again that moved, was renamed to its next version, or stands twice", async () => {
    const fresh = makeContent({ kind: "binary", seed: 6, size: 30_000, edits: 0 });
    const base = makeTar([{ path: "usr/lib/libtorch.so.2.5.1", bytes: library(0) }]);
    const sizeOf = async (members: TarSpec[]): Promise<number> => {
      const [patch] = await makePatches([base], [makeTar(members)], { effort: "default", tempDir });
      return patch?.length ?? 0;
    };
    expect(await sizeOf([{ path: "opt/other/name.bin", bytes: library(0) }])).toBeLessThan(300);
    expect(await sizeOf([{ path: "usr/lib/libtorch.so.2.6.0", bytes: library(3) }])).toBeLessThan(400);
    // Nothing in its name says what it is: only its content does.
    expect(await sizeOf([{ path: "opt/unknown", bytes: library(3) }])).toBeLessThan(400);
    const once = await sizeOf([{ path: "a", bytes: fresh }]);
    expect(
      await sizeOf([
        { path: "a", bytes: fresh },
        { path: "b/c", bytes: fresh },
      ]),
    ).toBeLessThan(once + 150);
  });

  it("patch a large new file from another new one, in the same layer or an earlier one, whatever their names", async () => {
    const linked = makeLarge(600_000);
    // Scattered changes leave a compressor nothing that repeats.
    const again = Buffer.from(linked);
    for (let at = 9; at < again.length; at += 61) again[at] = (again[at] ?? 0) + 3;
    const targets = [
      makeTar([
        { path: "usr/bin/one", bytes: linked },
        { path: "opt/x", bytes: again },
      ]),
      makeTar([{ path: "srv/other", bytes: again.subarray(4000) }]),
    ];
    const patches = await makePatches([], targets, { effort: "fast", tempDir });
    expect(patches[0]?.length).toBeLessThan(1.2 * linked.length);
    expect(patches[1]?.length).toBeLessThan(1000);
    const sizes = targets.map((tar) => tar.length);
    const made = await applyPatches([], patches, sizes, tempDir);
    // Comparing large buffers with toEqual takes seconds.
    expect(made.map((tar, i) => tar.equals(targets[i] ?? tar.subarray(1)))).toEqual([true, true]);
  });
});

function makeLarge(size: number): Buffer {
  const random = randomNumbers(77);
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE(random(), at);
  return bytes;
}

function library(edits: number): Buffer {
  return makeContent({ kind: "binary", seed: 5, size: 60_000, edits });
}

function manyFiles(mtime: number): TarSpec[] {
  return Array.from({ length: 200 }, (_, i) => ({
    path: `usr/lib/python3/module_${i}.py`,
    mtime: mtime + (i % 3),
    bytes: makeContent({ kind: "text", seed: i, size: 2000, edits: 0 }),
  }));
}

function motd(word: string): TarSpec {
  const bytes = Buffer.from(`Welcome to the ${word} of our many machines. Be kind to it.\n`);
  return { path: "etc/motd", mtime: 1_700_000_000, bytes };
}
