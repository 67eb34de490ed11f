import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDdiffError } from "../../util/errors.ts";
import { gunzipMembers } from "./gzip-members.ts";
import { GzipRecogniser } from "./recognise.ts";
import { repacked } from "./repack.ts";
import { packedBy, watched } from "./testing/gzip.ts";
import { sampleBytes } from "./testing/sample.ts";
import { cut, gathered } from "./testing/streams.ts";

const sample = sampleBytes(20_000);
/** A header as zlib writes it: 4 at its fastest, 2 at its best. */
const zlibHeader = (effort: number): Buffer => Buffer.from([31, 139, 8, 0, 0, 0, 0, 0, effort, 3]);

/** A last block that stands for nothing. */
const nothing = Buffer.from([3, 0]);

/** A member of a deflate stream that stands for these bytes. */
function member(deflate: Buffer, plain: Buffer): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(plain), 0);
  trailer.writeUInt32LE(plain.length, 4);
  return Buffer.concat([zlibHeader(0), deflate, trailer]);
}

/** Empty stored blocks of so many bytes. */
const emptyBlocks = (size: number): Buffer => Buffer.alloc(size, Buffer.from([0, 0, 0, 255, 255]));

function named(name: string): Buffer {
  return Buffer.concat([Buffer.from([31, 139, 8, 8, 0, 0, 0, 0, 0, 255]), Buffer.from(`${name}\0`)]);
}

describe("the recognition of a hostile gzip stream", () => {
  it("tells thousands of empty members in one breath", async () => {
    const empty = await packedBy("go1.8-level6", Buffer.alloc(0));
    const { recogniser } = await watched(Buffer.concat(Array<Buffer>(1000).fill(empty)));
    expect(recogniser.recipe).toMatchObject([{ encoder: "go1.8-level6", sizes: Array(1000).fill(0) }]);
  });

  it("gives up where the packer is always another, which would be looked for again and again", async () => {
    const fast = await packedBy("zlib-level1", sample, zlibHeader(4));
    const best = await packedBy("zlib-level9", sample, zlibHeader(2));
    const changing = (times: number) =>
      watched(Buffer.concat(Array.from({ length: times }, () => [fast, best]).flat()));
    const few = await changing(10);
    expect(few.recogniser.recipe).toHaveLength(20);
    const many = await changing(200);
    expect(many.recogniser.recipe).toBeUndefined();
    expect(many.plain).toHaveLength(400 * sample.length);
  });

  it("gives up where headers make the recipe as large as the stream", async () => {
    const members = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        packedBy("go1.8-level6", Buffer.from("abc"), named(`${i}`.repeat(100_000))),
      ),
    );
    const few = await watched(Buffer.concat(members.slice(0, 4)));
    expect(few.recogniser.recipe).toHaveLength(4);
    const many = await watched(Buffer.concat(members));
    expect(many.recogniser.recipe).toBeUndefined();
    expect(many.plain.toString()).toBe("abc".repeat(8));
  });

  it.each([
    ["from the beginning", Buffer.alloc(0)],
    ["behind what zlib packed", sampleBytes(1_500_000)],
    ["behind what no encoder explains", sampleBytes(1_500_001)],
  ])("does not keep blocks that stand for nothing, %s", async (_, plain) => {
    const windowBits = plain.length % 2 === 1 ? 9 : 15;
    // Flushed, so that it does not end there.
    const begun = deflateRawSync(plain, { windowBits, finishFlush: 2 });
    const packed = member(Buffer.concat([begun, emptyBlocks(12_000_000), nothing]), plain);
    const recogniser = new GzipRecogniser();
    let read = 0;
    let decidedAt = 0;
    async function* source(): AsyncGenerator<Buffer> {
      for await (const piece of cut(packed) as AsyncIterable<Buffer>) {
        if (recogniser.recipe === undefined) decidedAt ||= read;
        read += piece.length;
        yield piece;
      }
    }
    expect((await gathered(gunzipMembers(source(), recogniser, "it"))).equals(plain)).toBe(true);
    expect(recogniser.recipe).toBeUndefined();
    expect(decidedAt - begun.length).toBeLessThan(9_000_000);
    expect(decidedAt).toBeGreaterThan(0);
  });

  it("takes no more of a bomb than gives a piece, and says how it was packed", async () => {
    const plain = Buffer.alloc(100_000_000);
    const bomb = gzipSync(plain);
    let taken = 0;
    async function* source(): AsyncGenerator<Buffer> {
      for await (const piece of cut(bomb, 10_000) as AsyncIterable<Buffer>) {
        taken += piece.length;
        yield piece;
      }
    }
    const recogniser = new GzipRecogniser();
    let size = 0;
    for await (const piece of gunzipMembers(source(), recogniser, "it")) {
      if (size === 0) expect(taken).toBe(10_000);
      size += piece.length;
    }
    expect(size).toBe(plain.length);
    expect(recogniser.recipe).toMatchObject([{ sizes: [plain.length] }]);
  }, 60_000);

  it("ends with an error, or with a recipe that gives the stream again, whatever is changed in it", async () => {
    const whole = Buffer.concat([
      await packedBy("zlib-level6", sample.subarray(0, 3_000), named("layer")),
      await packedBy("go1.8-level9", Buffer.alloc(0)),
      member(deflateRawSync(sample, { windowBits: 9 }), sample),
      Buffer.alloc(300),
    ]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 3 }),
        fc.oneof(fc.constant(whole.length), fc.nat(whole.length)),
        async (changes, end) => {
          const packed = Buffer.from(whole.subarray(0, end));
          for (const [at, byte] of changes) if (at < end) packed[at] = byte;
          try {
            const { plain, recogniser } = await watched(packed, 5_003);
            if (recogniser.recipe === undefined) return;
            const again = await gathered(repacked(cut(plain), recogniser.recipe, "it"));
            expect(again.equals(packed)).toBe(true);
          } catch (error) {
            if (!isDdiffError(error, "DECOMPRESSION_FAILED")) throw error;
          }
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});
