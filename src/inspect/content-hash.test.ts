import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { ContentHasher } from "./content-hash.ts";

const mebibyte = 1 << 20;

/** The name of a content that comes in pieces of such lengths, over and over. */
function named(hasher: ContentHasher, content: Buffer, lengths: readonly number[]): string {
  for (let at = 0, i = 0; at < content.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    hasher.add(content.subarray(at, at + length));
    at += length;
  }
  return hasher.finish();
}

it("names content in the same way however it is cut, and whatever came before", async () => {
  const hasher = await ContentHasher.open();
  const bytes = Buffer.alloc(mebibyte + 5, "torch");
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 20_000, max: 2 * mebibyte }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(0, 1, 70_000, mebibyte - 1, mebibyte, mebibyte + 1, mebibyte + 5),
      (lengths, size) => {
        const content = bytes.subarray(0, size);
        expect(named(hasher, content, lengths)).toBe(named(hasher, content, [4 * mebibyte]));
      },
    ),
    { numRuns: 50 },
  );
});

it("names content up to a mebibyte by its SHA-256, as RECORD files do, and tells larger content apart", async () => {
  const hasher = await ContentHasher.open();
  const content = Buffer.alloc(mebibyte, 7);
  expect(named(hasher, content, [1000])).toBe(
    createHash("sha256").update(content).digest("hex").slice(0, 32),
  );
  const larger = Buffer.alloc(mebibyte + 1, 7);
  const other = Buffer.from(larger);
  other[mebibyte] = 8;
  expect(named(hasher, larger, [1000])).not.toBe(named(hasher, other, [1000]));
});
