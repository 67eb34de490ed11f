import { createHash } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeTar } from "../../../delta/testing/tars.ts";
import { zstdEncoders } from "../encoders.ts";
import type { PackingRecipe } from "../packing-recipe.ts";
import { recipeProblem, repacked } from "../repack.ts";
import { anyBytes } from "../testing/any-bytes.ts";
import { chunkedCases } from "../testing/chunked-cases.ts";
import { deflated, makerOf } from "../testing/deflated.ts";
import { cut, gathered } from "../testing/streams.ts";
import { unzstdRecognised, ZstdRecogniser } from "../zstd/recognise-zstd.ts";
import goldens from "./goldens.json" with { type: "json" };

const newest = "zstd-klauspost1.17.8-default-chunked1.59";

async function recognised(packed: Buffer, plain: Buffer): Promise<PackingRecipe | undefined> {
  const recogniser = new ZstdRecogniser();
  const unpacked = await gathered(unzstdRecognised(cut(packed), recogniser, "the layer"));
  expect(unpacked.equals(plain)).toBe(true);
  return recogniser.recipe;
}

async function packedAgain(recipe: PackingRecipe, plain: Buffer): Promise<Buffer> {
  expect(recipeProblem(recipe, plain.length)).toBeUndefined();
  return gathered(repacked(cut(plain), recipe, "the layer"));
}

describe("zstd:chunked", () => {
  // What the real programs gave: test/support/chunked-goldens.ts.
  describe.each(Object.entries(goldens))("of containers/storage %s", (version, { id, layers }) => {
    it("is packed to the real bytes, and recognised", { timeout: 60_000 }, async () => {
      for (const [at, made] of chunkedCases.entries()) {
        const tar = made();
        // Before 1.53 what stands behind the end was lost, so that no layer has it.
        if (at === 1 && Number(version.split(".")[1]) < 53) continue;
        const packed = deflated(makerOf(id), tar, 30_011);
        const hash = createHash("sha256").update(packed).digest("hex");
        expect([at, packed.length, hash]).toEqual([at, ...(layers[at] ?? [])]);
        const recipe = (await recognised(packed, tar)) ?? [];
        expect(recipe).toEqual([{ encoder: expect.stringContaining("-chunked1."), sizes: [tar.length] }]);
        expect((await packedAgain(recipe, tar)).equals(packed)).toBe(true);
      }
    });
  });

  it.each(zstdEncoders.map(({ id }) => `${id}${id.includes("1.20.3") ? "-empty" : ""}-chunked1.59`))(
    "packs any files, in any pieces, so that it is recognised: %s",
    async (id) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyBytes, { maxLength: 4 }),
          fc.integer({ min: 100, max: 200_000 }),
          async (files, piece) => {
            const tar = makeTar(files.map((bytes, at) => ({ path: `f${at}`, bytes })));
            const packed = deflated(makerOf(id), tar, piece);
            expect(packed.equals(deflated(makerOf(id), tar, tar.length))).toBe(true);
            const recipe = await recognised(packed, tar);
            expect(recipe).toHaveLength(1);
            expect((await packedAgain(recipe ?? [], tar)).equals(packed)).toBe(true);
          },
        ),
        { numRuns: 8 },
      );
    },
    120_000,
  );

  const tar = chunkedCases[0]!();
  const layer = deflated(makerOf(newest), tar);
  const frames = deflated(makerOf("zstd-klauspost1.17.8-default-chunked"), tar);

  it("carries another table of contents", async () => {
    const other = Buffer.concat([frames, skippable(Buffer.from("another table of contents"))]);
    const recipe = (await recognised(other, tar)) ?? [];
    expect(recipe).toMatchObject([{ sizes: [tar.length] }, { size: 0 }]);
    expect((await packedAgain(recipe, tar)).equals(other)).toBe(true);
  });

  it("is told in as few words where there are ten thousand frames", { timeout: 60_000 }, async () => {
    const files = Array.from({ length: 5_000 }, (_, at) => ({ path: `f${at}`, bytes: Buffer.from("some") }));
    const many = makeTar(files);
    const recipe = await recognised(deflated(makerOf(newest), many), many);
    expect(recipe).toEqual([{ encoder: newest, sizes: [many.length] }]);
  });

  it("is not claimed where a frame is another's, or too much stands behind the frames", async () => {
    const first = 4 + layer.subarray(4).indexOf(layer.subarray(0, 4));
    const last = frames.lastIndexOf(layer.subarray(0, 4));
    const libzstd = zstdCompressSync(zstdDecompressSync(layer.subarray(0, first)));
    const end = zstdCompressSync(zstdDecompressSync(frames.subarray(last)));
    const lies = [
      [libzstd, layer.subarray(first)],
      [frames.subarray(0, last), end, layer.subarray(frames.length)],
      [frames, skippable(Buffer.alloc(frames.length / 8))],
      [layer, skippable(Buffer.alloc(frames.length / 8))],
    ];
    for (const parts of lies) expect(await recognised(Buffer.concat(parts), tar)).toBeUndefined();
  });

  it("is given up where frames without end are to be skipped", () => {
    const recogniser = new ZstdRecogniser();
    recogniser.packed(frames);
    recogniser.plain(tar);
    const before = process.memoryUsage().arrayBuffers;
    recogniser.packed(Buffer.from("502a4d18ffffffff", "hex"));
    for (let at = 0; at < 1_000; at++) recogniser.packed(Buffer.alloc(1 << 20));
    recogniser.end();
    expect(recogniser.recipe).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(512 << 20);
  });

  it("refuses what is no tar", async () => {
    const recipe: PackingRecipe = [{ encoder: newest, sizes: [4_096] }];
    await expect(packedAgain(recipe, Buffer.alloc(4_096, "no tar"))).rejects.toMatchObject({
      code: "TAR_INVALID",
    });
  });
});

function skippable(bytes: Buffer): Buffer {
  const header = Buffer.from("502a4d1800000000", "hex");
  header.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}
