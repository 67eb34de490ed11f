import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { decompressed } from "./compression.ts";
import { release } from "./release.ts";

const plain = Buffer.concat([randomBytes(3 << 20), Buffer.alloc(5 << 20), randomBytes(1 << 20)]);

it.each([
  ["gzip", gzipSync(plain)],
  ["zstd", zstdCompressSync(plain)],
])("gives memory of %s back without touching what is still to be read", async (_, packed) => {
  // Pieces of an odd size, so that zlib fills one memory in several goes.
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < packed.length; at += 33_333) yield packed.subarray(at, at + 33_333);
  };
  let at = 0;
  let given = 0;
  for await (const piece of decompressed(Readable.from(pieces())) as AsyncIterable<Buffer>) {
    expect(piece.equals(plain.subarray(at, at + piece.length))).toBe(true);
    at += piece.length;
    release(piece);
    if (piece.buffer.byteLength === 0) given++;
  }
  expect(at).toBe(plain.length);
  expect(given).toBeGreaterThan(0);
});

it("leaves memory alone that did not come out of a decompressor", async () => {
  const bytes = Buffer.from(randomBytes(100_000));
  for await (const piece of decompressed(Readable.from([bytes])) as AsyncIterable<Buffer>) release(piece);
  expect(bytes.length).toBe(100_000);
  expect(bytes.buffer.byteLength).toBeGreaterThan(0);
});
