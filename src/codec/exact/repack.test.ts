import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { BitEncoder, codeNumber, codeValue, contexts, numberContexts } from "./corrections/bit-coder.ts";
import { correctedEncoder, type PackingRecipe } from "./packing-recipe.ts";
import { repacked } from "./repack.ts";
import { sampleBytes } from "./testing/sample.ts";

const header = Buffer.from([31, 139, 8, 0, 0, 0, 0, 0, 0, 255]).toString("base64");

/** Corrections that say stored blocks of these sizes and nothing else. */
function storedBlocks(sizes: Iterable<number>): string {
  const coder = new BitEncoder();
  const types = contexts(16 * 8);
  const numbers = contexts(numberContexts);
  codeValue(coder, contexts(16), 0, 4, 5);
  for (const size of sizes) {
    codeValue(coder, types, 0, 3, 0);
    codeNumber(coder, numbers, 0, size);
  }
  return Buffer.from(coder.finish()).toString("base64");
}

const corrected = (corrections: string, size: number): PackingRecipe => [
  { encoder: correctedEncoder, header, sizes: [size], corrections },
];

async function packedSize(plain: Buffer, recipe: PackingRecipe): Promise<number> {
  let size = 0;
  for await (const piece of repacked(Readable.from([plain]), recipe, "it")) size += piece.length;
  return size;
}

it("packs thousands of small members, as eStargz has them, in little memory", async () => {
  const members = 12_000;
  const plain = sampleBytes(4096 * 100);
  function* pieces(): Generator<Buffer> {
    for (let i = 0; i < members / 100; i++) yield plain;
  }
  const sizes = Array.from({ length: members }, () => 4096);
  const recipe = [{ encoder: "go1.8-level9-flushed", header, sizes }];
  // Kilobytes.
  const before = process.resourceUsage().maxRSS;
  for await (const _ of repacked(Readable.from(pieces()), recipe, "it"));
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(450_000);
}, 60_000);

describe("a recipe that somebody else wrote", () => {
  it("hands on what comes of it before much gathers, however many members take no bytes", async () => {
    const recipe = [{ encoder: "zlib-level1", header, sizes: Array.from({ length: 1 << 20 }, () => 0) }];
    const pieces = repacked(Readable.from([]), recipe, "it");
    const before = performance.now();
    expect((await pieces.next()).value).toBeInstanceOf(Buffer);
    await pieces.return();
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it("cannot make endlessly much of few bytes by corrections", async () => {
    const plain = Buffer.alloc(100);
    for (const between of [20, 500]) {
      const sizes = Array.from({ length: 100 * between }, (_, i) => (i % between === 0 ? 1 : 0));
      const packing = packedSize(plain, corrected(storedBlocks(sizes), plain.length));
      await expect(packing).rejects.toMatchObject({
        code: "RECIPE_INVALID",
        message: "it cannot be packed again: corrections name too many empty blocks",
      });
    }
  });

  it.each<[string, string]>([
    ["packed", "zlib-level9"],
    ["packed in threads", "pgzip-256k-klauspost1.15.10-level5"],
  ])("is %s in steps, and given up soon when it is to be", async (_, encoder) => {
    // More than anybody packs in minutes.
    const size = 40_000_000_000;
    const chunk = sampleBytes(1_000_000);
    function* plain(): Generator<Buffer> {
      for (let at = 0; at < size; at += chunk.length) yield chunk;
    }
    const stop = new AbortController();
    const reason = new Error("enough");
    const recipe = [{ encoder, header, sizes: [size] }];
    const pieces = repacked(Readable.from(plain()), recipe, "it", stop.signal);
    const packing = (async () => {
      for await (const _ of pieces);
    })();
    await Promise.all([
      expect(packing).rejects.toBe(reason),
      sleep(100).then(() => {
        const asked = performance.now();
        stop.abort(reason);
        return packing.catch(() => expect(performance.now() - asked).toBeLessThan(5000));
      }),
    ]);
  });
});
