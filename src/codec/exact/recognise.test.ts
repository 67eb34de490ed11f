import { execFileSync } from "node:child_process";
import { deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encoders } from "./encoders.ts";
import { repacked, recipeProblem } from "./repack.ts";
import { gunzipMembers } from "./gzip-members.ts";
import type { PackingRecipe } from "./packing-recipe.ts";
import { GzipRecogniser } from "./recognise.ts";
import { packedBy, plainHeader, watched } from "./testing/gzip.ts";
import { sampleBytes } from "./testing/sample.ts";
import { cut, gathered } from "./testing/streams.ts";

const sample = sampleBytes(3_000_000);
/** How a stream was packed, once it was unpacked and compared with what it should hold. */
async function recognised(packed: Buffer, plain: Buffer, piece?: number): Promise<PackingRecipe | undefined> {
  const { plain: unpacked, recogniser } = await watched(packed, piece);
  expect(unpacked.equals(plain)).toBe(true);
  return recogniser.recipe;
}

/** The header that the encoder's program writes. */
function headerOf(id: string): Buffer<ArrayBuffer> {
  const time = id.startsWith("pgzip") ? [0, 9, 0x6e, 0x88] : [0, 0, 0, 0];
  const effort = id.endsWith("-level1") ? 4 : id.endsWith("-level9") ? 2 : 0;
  return Buffer.from([31, 139, 8, 0, ...time, effort, id.startsWith("chromium") ? 3 : 255]);
}

describe("recognition", () => {
  const some = encoders.filter((_, number) => number % 5 === 0);
  it.each(some.map(({ id }) => id))("finds how to pack again what %s packed", async (id) => {
    const plain = sample.subarray(0, 1_200_000);
    const packed = await packedBy(id, plain, headerOf(id));
    expect(gunzipSync(packed).equals(plain)).toBe(true);
    const recipe = await recognised(packed, plain);
    expect(recipe).toMatchObject([{ sizes: [plain.length] }]);
    expect((await gathered(repacked(cut(plain), recipe ?? [], "it"))).equals(packed)).toBe(true);
  });

  it("takes what ddiff itself packs for Chromium's", async () => {
    expect(await recognised(gzipSync(sample), sample)).toMatchObject([{ encoder: "chromium-level6" }]);
  });

  it("finds how to pack again what was flushed before its end, as eStargz is", async () => {
    for (const id of ["go1.8-level1", "go1.8-level9", "go1.27-level6"]) {
      const flushed = `${id}-flushed`;
      const plain = sample.subarray(0, 1_400_000);
      const member = await packedBy(flushed, plain, headerOf(id));
      expect(member.subarray(-17, -8).toString("hex")).toMatch(/0000ffff(?:010000ffff|0300)$/);
      const packed = Buffer.concat([member, await packedBy(flushed, sample.subarray(0, 700), headerOf(id))]);
      const both = Buffer.concat([plain, sample.subarray(0, 700)]);
      expect(await recognised(packed, both)).toMatchObject([{ encoder: flushed, sizes: [1_400_000, 700] }]);
    }
  });

  it.each(["-1", "-6", "-9"])("says by few corrections what GNU gzip %s packed", async (level) => {
    for (const plain of [sample, sample.subarray(0, 700_000)]) {
      const packed = execFileSync("gzip", ["-n", level], { input: plain, maxBuffer: 1 << 24 });
      const recipe = (await recognised(packed, plain)) ?? [];
      expect(recipe).toMatchObject([{ encoder: "corrected", sizes: [plain.length] }]);
      expect(JSON.stringify(recipe).length).toBeLessThan(400);
      expect(recipeProblem(recipe, plain.length)).toBeUndefined();
      expect((await gathered(repacked(cut(plain), recipe, "it"))).equals(packed)).toBe(true);
    }
  });

  it("refuses corrections that are for other bytes", async () => {
    const header = plainHeader.toString("base64");
    const recipe = [{ encoder: "corrected", header, sizes: [3], corrections: "/////////w==" }];
    const again = gathered(repacked(cut(Buffer.from("abc")), recipe, "it"));
    await expect(again).rejects.toMatchObject({ code: "RECIPE_INVALID" });
    expect(recipeProblem([{ encoder: "corrected", header, sizes: [3] }], 3)).toContain("corrections");
    expect(recipeProblem([{ ...recipe[0]!, encoder: "zlib-level6" }], 3)).toContain("corrections");
    expect(recipeProblem([{ ...recipe[0]!, sizes: [1, 2] }], 3)).toContain("one member");
  });

  it("packs any number of members, names, zeros and small strangers again", async () => {
    const piece = fc.record({
      size: fc.nat(90_000),
      kind: fc.constantFrom("zlib-level6", "zlib-level9", "chromium-level6", "stranger"),
      name: fc.option(fc.stringMatching(/^[a-z]{0,9}$/), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 5 }),
        fc.nat(600),
        fc.integer({ min: 1, max: 60_000 }),
        async (pieces, zeros, step) => {
          const members: Buffer[] = [];
          const plains: Buffer[] = [];
          for (const { size, kind, name } of pieces) {
            const header = Buffer.concat([
              Buffer.from([31, 139, 8, name === undefined ? 0 : 8, 1, 2, 3, 4, 0, 3]),
              Buffer.from(name === undefined ? "" : `${name}\0`),
            ]);
            const plain = kind === "stranger" ? Buffer.alloc(size % 3000, "ab") : sample.subarray(0, size);
            plains.push(plain);
            members.push(
              kind === "stranger"
                ? Buffer.concat([
                    plainHeader,
                    deflateRawSync(plain, { memLevel: 1, level: 3 }),
                    gzipSync(plain).subarray(-8),
                  ])
                : await packedBy(kind, plain, header),
            );
          }
          const packed = Buffer.concat([...members, Buffer.alloc(zeros)]);
          const plain = Buffer.concat(plains);
          const recipe = await recognised(packed, plain, step);
          expect(recipe).toBeDefined();
          expect(recipeProblem(recipe ?? [], plain.length)).toBeUndefined();
          expect((await gathered(repacked(cut(plain), recipe ?? [], "it"))).equals(packed)).toBe(true);
        },
      ),
      { numRuns: 8 },
    );
  }, 60_000);

  it("claims nothing where another encoder takes over behind the first mebibyte", async () => {
    const whole = deflateRawSync(sample, { level: 6, windowBits: 9 });
    const packed = Buffer.concat([plainHeader, whole, gzipSync(sample).subarray(-8)]);
    expect(await recognised(packed, sample)).toBeUndefined();
    const two = Buffer.concat([await packedBy("zlib-level6", sample), packed]);
    expect(await recognised(two, Buffer.concat([sample, sample]))).toBeUndefined();
  });

  it("claims nothing where one byte near the end is another", async () => {
    const first = sample.subarray(0, 2_900_000);
    const mixed = Buffer.concat([
      await packedBy("zlib-level6", first),
      Buffer.concat([plainHeader, deflateRawSync(sample, { windowBits: 9 }), gzipSync(sample).subarray(-8)]),
    ]);
    expect(await recognised(mixed, Buffer.concat([first, sample]))).toBeUndefined();
  });
});

describe("a gzip stream", () => {
  const packed = gzipSync(sample.subarray(0, 200_000));
  const broken = Buffer.from(packed);
  broken[broken.length - 3] = (broken.at(-3) ?? 0) ^ 1;

  it.each([
    ["is cut short", packed.subarray(0, -20)],
    ["lacks its trailer", packed.subarray(0, -4)],
    ["has another size", broken],
    ["is followed by something", Buffer.concat([packed, Buffer.from("more")])],
    ["is followed by zeros and something", Buffer.concat([packed, Buffer.alloc(9), Buffer.from("more")])],
    ["is empty", Buffer.alloc(0)],
    ["is no deflate stream", Buffer.concat([plainHeader, Buffer.alloc(100, 255)])],
  ])("that %s is refused", async (_, bytes) => {
    const reading = gathered(gunzipMembers(cut(bytes), new GzipRecogniser(), "layer x"));
    await expect(reading).rejects.toMatchObject({ code: "DECOMPRESSION_FAILED", message: /^layer x / });
  });
});
