import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync, createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  constants,
  deflateRawSync,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decompressed, detectCompression, gzipped, zstdCompressed } from "./compression.ts";
import { readAll } from "./read-all.ts";

const limit = 1 << 30;
const text = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `line ${i * 7919} of a layer\n`).join(""));
const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]);
const emptySkippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);

/** A stream of `bytes` in pieces of the sizes given, the last repeated; waits now and then so that timing varies. */
function pieces(bytes: Buffer, sizes: number[] = [bytes.length], wait = false): Readable {
  async function* cut(): AsyncGenerator<Buffer> {
    let at = 0;
    for (let i = 0; at < bytes.length; i++) {
      const size = Math.max(1, sizes[Math.min(i, sizes.length - 1)] ?? 1);
      if (wait && i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, i % 2));
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  return Readable.from(cut(), { objectMode: false });
}

/** A stream that fails after its first bytes. */
function broken(start = text): Readable {
  async function* cut(): AsyncGenerator<Buffer> {
    yield start;
    throw new Error("the line went dead");
  }
  return Readable.from(cut(), { objectMode: false });
}

async function unpack(bytes: Buffer, sizes?: number[]): Promise<Buffer> {
  return readAll(decompressed(pieces(bytes, sizes)), limit, "test");
}

const damaged = { code: "DECOMPRESSION_FAILED" };

describe("decompressed", () => {
  it("tells the compression from the first bytes", () => {
    expect(detectCompression(gzipSync("a"))).toBe("gzip");
    expect(detectCompression(zstdCompressSync(Buffer.from("a")))).toBe("zstd");
    expect(detectCompression(skippable)).toBe("zstd");
    expect(detectCompression(Buffer.from("etc/"))).toBe("none");
    expect(detectCompression(Buffer.alloc(0))).toBe("none");
  });

  it("gives the plain bytes however packed and however cut into pieces", async () => {
    const half = text.length >> 1;
    const [a, b] = [text.subarray(0, half), text.subarray(half)];
    const raw = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
    const packings = [
      text,
      gzipSync(text),
      Buffer.concat([gzipSync(a), gzipSync(Buffer.alloc(0)), gzipSync(b)]),
      Buffer.concat([gzipSync(text), Buffer.alloc(1000)]),
      zstdCompressSync(text),
      zstdCompressSync(text, raw),
      Buffer.concat([zstdCompressSync(a), zstdCompressSync(b, raw)]),
      Buffer.concat([
        emptySkippable,
        skippable,
        zstdCompressSync(a),
        emptySkippable,
        skippable,
        zstdCompressSync(b),
        skippable,
      ]),
      Buffer.concat([zstdCompressSync(a), zstdCompressSync(Buffer.alloc(0)), zstdCompressSync(b)]),
    ];
    for (const packed of packings) {
      for (const sizes of [[packed.length], [1, 2, 3, 1000], [packed.length - 1, 1], [4096]]) {
        expect((await unpack(packed, sizes)).equals(text)).toBe(true);
      }
    }
  });

  it("reads any sequence of zstd frames cut anywhere", async () => {
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((plain) => ({ plain, packed: zstdCompressSync(plain) })),
      fc
        .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 200_000 }))
        .map(([byte, size]) => Buffer.alloc(size, byte))
        .map((plain) => ({
          plain,
          packed: zstdCompressSync(plain, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
        })),
      fc.constant({ plain: new Uint8Array(0), packed: skippable }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
        async (frames, sizes) => {
          const plain = Buffer.concat(frames.map((one) => one.plain));
          const packed = Buffer.concat(frames.map((one) => one.packed));
          expect((await unpack(packed, sizes)).equals(plain)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("reads a layer of many files packed one frame each (zstd:chunked)", async () => {
    const frame = zstdCompressSync(Buffer.from("a small file"));
    const plain = await unpack(Buffer.concat(Array.from({ length: 20_000 }, () => frame)), [65_536]);
    expect(plain.length).toBe(20_000 * 12);
  });

  it("gives nothing for nothing", async () => {
    expect((await unpack(Buffer.alloc(0))).length).toBe(0);
  });

  it("refuses data cut short at any place", async () => {
    const small = text.subarray(0, 500);
    for (const packed of [gzipSync(small), Buffer.concat([zstdCompressSync(small), skippable])]) {
      const first = packed.length - (packed[0] === 0x28 ? skippable.length : 0);
      for (let size = 4; size < packed.length; size++) {
        // Cut exactly between two frames it is a whole stream.
        if (packed[0] === 0x28 && size === first) continue;
        await expect(unpack(packed.subarray(0, size), [7]), `cut at ${size}`).rejects.toMatchObject(damaged);
      }
    }
  });

  it("refuses anything behind the end", async () => {
    const tails = [
      Buffer.from("x"),
      Buffer.from("hello, world"),
      Buffer.from([0x1f]),
      Buffer.from([0x28, 0xb5]),
    ];
    for (const packed of [gzipSync(text), zstdCompressSync(text)]) {
      for (const tail of tails) {
        for (const sizes of [[packed.length + tail.length], [packed.length, 1]]) {
          await expect(unpack(Buffer.concat([packed, tail]), sizes)).rejects.toMatchObject(damaged);
        }
      }
    }
    const padded = Buffer.concat([gzipSync(text), Buffer.alloc(10), Buffer.from("x")]);
    await expect(unpack(padded)).rejects.toMatchObject(damaged);
    await expect(unpack(padded, [padded.length - 1, 1])).rejects.toMatchObject(damaged);
    await expect(unpack(Buffer.concat([zstdCompressSync(text), Buffer.alloc(8)]))).rejects.toMatchObject(
      damaged,
    );
  });

  it("ends with an error or with some bytes, never otherwise, when bits are flipped", async () => {
    const small = text.subarray(0, 3000);
    const checked = zstdCompressSync(small, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
    for (const packed of [gzipSync(small), checked]) {
      let refused = 0;
      for (let bit = 64; bit < packed.length * 8; bit += 41) {
        const copy = Buffer.from(packed);
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const result = await unpack(copy).catch((error: unknown) => {
          expect(error).toMatchObject(damaged);
          refused++;
          return small;
        });
        expect(result.equals(small)).toBe(true);
      }
      expect(refused).toBeGreaterThan(10);
    }
  });

  it("refuses a bomb, by size and by ratio, without expanding it", async () => {
    const zeros = zstdCompressSync(Buffer.alloc(200 << 20));
    await expect(unpack(zeros)).rejects.toMatchObject({ code: "BOMB" });
    const known = decompressed(pieces(zeros), { maxBytes: 200 << 20 });
    expect((await readAll(known, limit, "zeros")).length).toBe(200 << 20);
    const lying = decompressed(pieces(zeros), { maxBytes: 1000 });
    await expect(readAll(lying, limit, "zeros")).rejects.toMatchObject({ code: "BOMB" });
    const plain = decompressed(pieces(text), { maxBytes: text.length - 1 });
    await expect(readAll(plain, limit, "text")).rejects.toMatchObject({ code: "BOMB" });
  });

  it("takes a layer of zeros in gzip, whose ratio is as high as gzip goes", async () => {
    const zeros = gzipSync(Buffer.alloc(100 << 20), { level: 9 });
    expect((await unpack(zeros)).length).toBe(100 << 20);
  });

  it("refuses a zstd window beyond the limit unless it is raised", async () => {
    const wide = zstdCompressSync(text, {
      params: { [constants.ZSTD_c_windowLog]: 28, [constants.ZSTD_c_contentSizeFlag]: 0 },
    });
    // One-shot packing shrinks the window to the content, so the frame's window byte is set by hand: 1 << 28.
    const frame = Buffer.concat([wide.subarray(0, 4), Buffer.from([0, 18 << 3]), emptyLast]);
    await expect(unpack(frame)).rejects.toMatchObject(damaged);
    const allowed = decompressed(pieces(frame), { windowLog: 28 });
    expect((await readAll(allowed, limit, "frame")).length).toBe(0);
  });

  it("passes on the error of its source", async () => {
    for (const packed of [text, gzipSync(text), zstdCompressSync(text)]) {
      await expect(readAll(decompressed(broken(packed.subarray(0, 100))), limit, "test")).rejects.toThrow(
        "the line went dead",
      );
    }
  });

  it("closes the file beneath when it is given up", async () => {
    const dir = mkdtempSync(join(tmpdir(), "ddiff-codec-"));
    try {
      const file = join(dir, "layer");
      for (const packed of [
        Buffer.alloc(64 << 20, "a"),
        gzipSync(Buffer.alloc(64 << 20)),
        deflateRawSync(text),
      ]) {
        writeFileSync(file, packed);
        for (const open of [decompressed, gzipped, (s: Readable) => zstdCompressed(s, 1)]) {
          const source = createReadStream(file);
          const stream = open(source);
          stream.on("error", () => undefined);
          await new Promise((resolve) => stream.once("readable", () => resolve(undefined)));
          stream.destroy();
          if (!source.closed) await new Promise((resolve) => source.once("close", () => resolve(undefined)));
          expect(openFiles()).not.toContain(file);
        }
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it("closes a source that hangs when it is given up", async () => {
    const source = new Readable({ read() {} });
    source.push(gzipSync(text).subarray(0, 50));
    const stream = decompressed(source);
    stream.resume();
    await new Promise((resolve) => setTimeout(resolve, 20));
    stream.destroy();
    expect(source.destroyed).toBe(true);
  });

  it("holds little of the output while nobody reads it", async () => {
    const zeros = gzipSync(Buffer.alloc(500 << 20));
    const before = process.memoryUsage().rss;
    const stream = decompressed(pieces(zeros, [1 << 20]));
    stream.once("readable", () => stream.read(1));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
    stream.destroy();
  });
});

const emptyLast = Buffer.from([1, 0, 0]);

function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

describe("packing", () => {
  it("gives back what it packed", async () => {
    expect(gunzipSync(await readAll(gzipped(pieces(text, [999])), limit, "t")).equals(text)).toBe(true);
    expect(
      zstdDecompressSync(await readAll(zstdCompressed(pieces(text, [999]), 3), limit, "t")).equals(text),
    ).toBe(true);
    expect(
      zstdDecompressSync(await readAll(zstdCompressed(pieces(Buffer.alloc(0)), 3), limit, "t")).length,
    ).toBe(0);
  });

  it("writes the same bytes whatever the timing and the pieces", async () => {
    const noise = Buffer.concat([text, gzipSync(text), Buffer.alloc(3 << 20), text]);
    const cuts = [[noise.length], [65_536], [1, 1000, 30_000], [1 << 20], [100_000, 7, 200_000]];
    for (const pack of [
      gzipped,
      (s: Readable) => zstdCompressed(s, 3),
      (s: Readable) => zstdCompressed(s, 12),
    ]) {
      const first = await readAll(pack(pieces(noise)), limit, "t");
      for (const cut of cuts) {
        for (const wait of [false, true]) {
          const again = await readAll(pack(pieces(noise, cut, wait)), limit, "t");
          expect(again.equals(first)).toBe(true);
        }
      }
    }
  });

  it("passes on the error of its source", async () => {
    await expect(readAll(gzipped(broken()), limit, "t")).rejects.toThrow("the line went dead");
    await expect(readAll(zstdCompressed(broken(), 3), limit, "t")).rejects.toThrow("the line went dead");
  });
});
