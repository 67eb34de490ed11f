import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { constants, createDeflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cases } from "../testing/cases.ts";
import { deflated, makerOf } from "../testing/deflated.ts";
import { sampleBytes } from "../testing/sample.ts";
import { correctedDeflate } from "./corrected.ts";
import { DeflateCorrector } from "./corrector.ts";

/** The corrections of a stream, which is written in pieces; checks that they give the stream again. */
function correctionsOf(packed: Buffer, piece = 10_007): Uint8Array {
  const corrector = new DeflateCorrector(6);
  for (let at = 0; at < packed.length; at += piece) corrector.write(packed.subarray(at, at + piece));
  const corrections = corrector.finish();
  if (corrections === undefined) throw new Error("there are no corrections");
  const again = deflated(correctedDeflate(corrections), inflateRawSync(packed), piece * 3);
  expect(again.equals(packed)).toBe(true);
  return corrections;
}

/** What a corrector says of a stream. */
function finished(bytes: Buffer): Uint8Array | undefined {
  const corrector = new DeflateCorrector(6);
  corrector.write(bytes);
  return corrector.finish();
}

const sample = sampleBytes(500_000, 3);

describe("corrections", () => {
  it.each([
    "chromium-level6",
    "go1.8-huffman",
    "go1.8-level0",
    "go1.8-level1",
    "go1.8-level6",
    "zlib-level2",
  ])("restore what %s packed", (id) => {
    for (const name of ["nothing and the smallest", "a tar of small files", "short matches from afar"])
      for (const input of cases[name]!()) correctionsOf(deflated(makerOf(id), input.subarray(0, 150_000)));
  });

  it.each([1, 3, 4, 6, 9])("take next to nothing for zlib at level %i", (level) => {
    expect(correctionsOf(deflated(makerOf(`zlib-level${level}`), sample)).length).toBeLessThan(60);
  });

  it.each(["-1", "-4", "-6", "-9"])("take next to nothing for GNU gzip %s", (level) => {
    const packed = execFileSync("gzip", ["-n", level], { input: sample, maxBuffer: 1 << 24 });
    expect(correctionsOf(packed.subarray(10, -8)).length).toBeLessThan(100);
  });

  it("restore streams of any level, window, memory and strategy", () => {
    const options = fc.record({
      level: fc.integer({ min: 0, max: 9 }),
      windowBits: fc.integer({ min: 9, max: 15 }),
      memLevel: fc.integer({ min: 1, max: 9 }),
      strategy: fc.nat(4),
    });
    fc.assert(
      fc.property(options, fc.nat(400_000), fc.nat(60_000), (options, from, size) => {
        correctionsOf(deflateRawSync(sample.subarray(from, from + size), options), 999);
      }),
      { numRuns: 25 },
    );
  });

  it("restore streams that were flushed", async () => {
    const packer = createDeflateRaw();
    const packed: Buffer[] = [];
    packer.on("data", (bytes: Buffer) => packed.push(bytes));
    for (let at = 0; at < 300_000; at += 30_000) {
      packer.write(sample.subarray(at, at + 30_000));
      await new Promise<void>((resolve) => packer.flush(resolve));
    }
    // As often as can be: an empty block behind each byte.
    for (let at = 300_000; at < 303_000; at++) {
      packer.write(sample.subarray(at, at + 1));
      await new Promise<void>((resolve) => packer.flush(resolve));
    }
    packer.end();
    await once(packer, "end");
    correctionsOf(Buffer.concat(packed));
  });

  it("are not made of more empty blocks than anybody writes", () => {
    const empty = Buffer.from([0, 0, 0, 0xff, 0xff]);
    const packed = deflateRawSync(sample.subarray(0, 1));
    const behind = (count: number): Buffer =>
      Buffer.concat([...Array.from({ length: count }, () => empty), packed]);
    correctionsOf(behind(900));
    expect(finished(behind(1100))).toBeUndefined();
  });

  it("restore streams whose beginning was flushed just before much came of few bytes", () => {
    for (const size of [380_000, 399_990]) {
      const begun = deflateRawSync(sample.subarray(0, size), { finishFlush: constants.Z_FULL_FLUSH });
      correctionsOf(Buffer.concat([begun, deflateRawSync(Buffer.alloc(5_000_000))]));
    }
  });

  it("are not made of what is no deflate stream, and are refused beside other bytes", () => {
    const packed = deflated(makerOf("zlib-level6"), sample);
    expect(finished(packed.subarray(0, -5))).toBeUndefined();
    expect(finished(Buffer.concat([packed, Buffer.from("x")]))).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void finished(Buffer.from(bytes))));
    const make = correctedDeflate(correctionsOf(packed));
    expect(() => deflated(make, sample.subarray(1))).toThrow(RangeError);
    expect(() => deflated(make, Buffer.concat([sample, sample]))).toThrow(RangeError);
    const ofFew = correctedDeflate(correctionsOf(deflateRawSync(sample.subarray(0, 9))));
    expect(() => deflated(ofFew, Buffer.alloc(2_000_000, sample))).toThrow(RangeError);
  });

  it("give some stream or a RangeError, whatever they are", () => {
    const real = correctionsOf(deflateRawSync(sample.subarray(0, 30_000), { level: 3, memLevel: 2 }));
    const changed = fc
      .array(fc.tuple(fc.nat(real.length), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((changes) => {
        const bytes = Uint8Array.from(real);
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 300 }), changed),
        fc.oneof(fc.nat(30_000), fc.constant(2_000_000)),
        (corrections, size) => {
          try {
            deflated(correctedDeflate(corrections), Buffer.alloc(size, sample));
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("are not looked for in a stream of empty blocks, which would fill the memory", () => {
    const emptyOnes = Buffer.concat(Array.from({ length: 1 << 16 }, () => Buffer.from([0, 0, 0, 255, 255])));
    const corrector = new DeflateCorrector(6);
    corrector.write(emptyOnes);
    expect(corrector.size).toBe(Number.POSITIVE_INFINITY);
    expect(corrector.finish()).toBeUndefined();
  });
});
