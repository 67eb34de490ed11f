import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { otherZstdEncoders, zstdEncoders } from "../encoders.ts";
import { repacked, recipeProblem } from "../repack.ts";
import { anyBytes } from "../testing/any-bytes.ts";
import { deflated, makerOf } from "../testing/deflated.ts";
import { sampleBytes } from "../testing/sample.ts";
import { zstdCases } from "../testing/zstd-cases.ts";
import goldens from "./goldens.json" with { type: "json" };
import { unzstdRecognised, ZstdRecogniser } from "./recognise-zstd.ts";

/** An old version and a new one of each level. */
const oldAndNew = Object.keys(goldens).filter((id) => /1\.15\.9|1\.17\.8/.test(id));

describe("klauspost/compress/zstd", () => {
  // What the real programs gave: test/support/zstd-goldens.ts.
  it.each(Object.entries(goldens))("gives the real bytes: %s", { timeout: 120_000 }, (id, golden) => {
    const hash = createHash("sha256");
    let size = 0;
    for (const input of zstdCases.flatMap((made) => made())) {
      const packed = deflated(makerOf(id), input);
      size += packed.length;
      hash.update(packed);
    }
    expect([size, hash.digest("hex")]).toEqual(golden);
  });

  it("is asked at every version that is told apart", () => {
    expect([...zstdEncoders, ...otherZstdEncoders].map(({ id }) => id).sort()).toEqual(
      Object.keys(goldens).sort(),
    );
  });

  it.each(oldAndNew)(
    "packs any bytes, in any pieces, so that they come back: %s",
    (id) => {
      const make = makerOf(id);
      fc.assert(
        fc.property(anyBytes, fc.integer({ min: 1, max: 200_000 }), (bytes, piece) => {
          const packed = deflated(make, bytes, piece);
          expect(zstdDecompressSync(packed).equals(bytes)).toBe(true);
          expect(packed.equals(deflated(make, bytes, Math.max(1, bytes.length)))).toBe(true);
        }),
        { numRuns: 20 },
      );
    },
    60_000,
  );

  it("packs the literals of a small block with hardly a match where versions did so", () => {
    const text = Buffer.from(
      "Wheel-Version: 1.0\nGenerator: bdist_wheel (0.38.4)\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n\n",
    );
    // What klauspost/compress 1.15.12 and 1.16.3 gave.
    const real = [
      "28b52ffd04001d030092c6171b70691d08ebd293725f21fa2979051580f066ff4b3bb8cc007ae080aa07c290e4618ff3",
      "dc73b76a16ee56cdb24bd10aeaf25b6297e2dea3336029e009214101074a144ac6be3bb360533a84b22bc2d9a23f0f68",
      "42bdeb4127a31bf8dd9943005045d9b2",
    ].join("");
    expect(deflated(makerOf("zstd-klauspost1.15.9-default"), text).toString("hex")).toBe(real);
  });

  it.each(oldAndNew)(
    "packs a frame behind others, and one that is flushed, as if it were alone: %s",
    (id) => {
      const out: Buffer[] = [];
      const encoder = makerOf(id)((emitted) => out.push(Buffer.from(emitted)));
      fc.assert(
        fc.property(anyBytes, fc.nat(100_000), (bytes, flushedAt) => {
          fc.pre(bytes.length > 0);
          const packed = (isFlushed: boolean): Buffer => {
            out.length = 0;
            encoder.restart?.();
            encoder.write(bytes.subarray(0, flushedAt));
            if (isFlushed) encoder.flush?.();
            encoder.write(bytes.subarray(flushedAt));
            encoder.finish();
            return Buffer.concat(out);
          };
          expect(packed(false).equals(deflated(makerOf(id), bytes))).toBe(true);
          expect(zstdDecompressSync(packed(true)).equals(bytes)).toBe(true);
        }),
        { numRuns: 20 },
      );
    },
    60_000,
  );
});

const sample = sampleBytes(2_500_000, 3);

function cut(bytes: Buffer, piece = 50_021): Readable {
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  }
  return Readable.from(pieces());
}

async function gathered(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

async function recognised(packed: Buffer, plain: Buffer): Promise<ZstdRecogniser> {
  const recogniser = new ZstdRecogniser();
  const unpacked = await gathered(unzstdRecognised(cut(packed), recogniser, "the sample"));
  expect(unpacked.equals(plain)).toBe(true);
  return recogniser;
}

describe("recognition of zstd", () => {
  it.each(Object.keys(goldens))("finds how to pack again what %s packed", async (id) => {
    for (const size of [sample.length, 700_000, 131_072, 5_000, 30]) {
      const plain = sample.subarray(0, size);
      const packed = deflated(makerOf(id), plain);
      const { recipe = [] } = await recognised(packed, plain);
      expect(recipe).toMatchObject([{ sizes: [size] }]);
      expect(recipeProblem(recipe, size)).toBeUndefined();
      expect((await gathered(repacked(cut(plain), recipe, "it"))).equals(packed)).toBe(true);
    }
  });

  it("claims nothing for libzstd, for two frames, or with something behind the frame", async () => {
    const frame = deflated(makerOf("zstd-klauspost1.17.8-default"), sample);
    const skippable = Buffer.from("502a4d1804000000deadbeef", "hex");
    for (const packed of [zstdCompressSync(sample), Buffer.concat([frame, skippable])])
      expect((await recognised(packed, sample)).recipe).toBeUndefined();
    const two = await recognised(Buffer.concat([frame, frame]), Buffer.concat([sample, sample]));
    expect(two.recipe).toBeUndefined();
    const libzstd = await recognised(zstdCompressSync(sample), sample);
    expect([libzstd.guess, libzstd.isDecided]).toEqual([undefined, true]);
  });

  it("claims nothing where the last block is another's", async () => {
    const frame = deflated(makerOf("zstd-klauspost1.17.8-default"), sample);
    const block = sample.subarray(sample.length - (sample.length % 131_072));
    // The last block is plain instead, which is as good to whoever unpacks it.
    const plain = Buffer.from([(1 | (block.length << 3)) & 255, block.length >> 5, block.length >> 13]);
    const start = lastBlockOf(frame);
    const mixed = Buffer.concat([frame.subarray(0, start), plain, block, frame.subarray(-4)]);
    const recogniser = await recognised(mixed, sample);
    expect(recogniser.recipe).toBeUndefined();
  });

  it("refuses a frame that is damaged", async () => {
    const frame = deflated(makerOf("zstd-klauspost1.17.8-default"), sample);
    frame[frame.length - 1]! ^= 1;
    for (const packed of [frame, frame.subarray(0, -9)]) {
      const reading = gathered(unzstdRecognised(cut(packed), new ZstdRecogniser(), "layer x"));
      await expect(reading).rejects.toMatchObject({ code: "DECOMPRESSION_FAILED", message: /^layer x / });
    }
  });
});

/** Where the last block of a frame begins that has no size in its header. */
function lastBlockOf(frame: Buffer): number {
  for (let at = 6; ; ) {
    const header = frame.readUIntLE(at, 3);
    if ((header & 1) === 1) return at;
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
}
