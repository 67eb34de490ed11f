import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encoders } from "./encoders.ts";
import { ParallelEncoder } from "./parallel-encoder.ts";
import { deflated, makerOf } from "./testing/deflated.ts";
import { sampleBytes } from "./testing/sample.ts";

const sample = sampleBytes(5_000_000);
const small = "pgzip-256k-klauspost1.15.10-level5";
const large = "pgzip-1m-klauspost1.18.2-level1";

async function inParallel(id: string, bytes: Buffer, piece: number): Promise<Buffer> {
  const out: Buffer[] = [];
  const { blocks } = encoders.find((encoder) => encoder.id === id)!;
  const encoder = new ParallelEncoder(id, blocks!, (packed) => out.push(Buffer.from(packed)));
  for (let at = 0; at < bytes.length; at += piece) await encoder.write(bytes.subarray(at, at + piece));
  await encoder.finish();
  return Buffer.concat(out);
}

describe("blocks packed in threads", () => {
  it("are those packed one after the other, at block ends too", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.nat(1_500_000), fc.constantFrom(0, 1, 262_144, 524_287, 1_048_576)),
        fc.integer({ min: 1000, max: 600_000 }),
        async (size, piece) => {
          const bytes = sample.subarray(0, size);
          expect((await inParallel(small, bytes, piece)).equals(deflated(makerOf(small), bytes))).toBe(true);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  it("are those of their stream when several streams are packed at the same time", async () => {
    const ids = [small, large, small, large];
    const packed = await Promise.all(ids.map((id, i) => inParallel(id, sample.subarray(i), 300_000)));
    for (const [i, id] of ids.entries())
      expect(packed[i]!.equals(deflated(makerOf(id), sample.subarray(i)))).toBe(true);
  }, 60_000);

  // The last one: what is asked of a thread that ends goes wrong there, is done here, and so is all that comes.
  it("fail with a word where there is no such encoder, and are packed without threads once these are lost", async () => {
    const { blocks } = encoders.find((encoder) => encoder.id === small)!;
    const encoder = new ParallelEncoder("nobody-level5", blocks!, () => {});
    const ended = encoder.write(sample).then(() => encoder.finish());
    await expect(ended).rejects.toThrow("nobody-level5 has no blocks");
    const bytes = sample.subarray(0, 900_000);
    expect((await inParallel(small, bytes, 100_000)).equals(deflated(makerOf(small), bytes))).toBe(true);
  });
});
