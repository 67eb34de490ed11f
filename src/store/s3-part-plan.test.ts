import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leastPart, mostParts, partSize } from "./s3-part-plan.ts";

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;
const tebibyte = 1024 ** 4;
/** S3's limit of one part. */
const mostPart = 5 * gibibyte;

/** Parts that an upload of `size` bytes has when each is cut at `share` of its full size. */
function partsOf(size: number, share = 1): number {
  let left = size;
  let parts = 0;
  while (left > 0) left -= partSize(++parts) * share;
  return parts;
}

describe("the plan of parts", () => {
  it("keeps the first parts small", () => {
    expect(partSize(1)).toBe(8 * mebibyte);
    expect(partSize(1000)).toBe(8 * mebibyte);
    expect(partsOf(9 * mebibyte)).toBe(2);
  });

  it("takes 100 GiB and 5 TiB within 10,000 parts, none over 5 GiB", () => {
    expect(partsOf(100 * gibibyte)).toBeLessThan(4000);
    expect(partSize(partsOf(100 * gibibyte))).toBe(64 * mebibyte);
    expect(partsOf(5 * tebibyte)).toBeLessThanOrEqual(mostParts);
    expect(partSize(mostParts)).toBeLessThanOrEqual(mostPart);
  });

  it("takes 1 TiB even where chunks end every part at half its size", () => {
    expect(partsOf(tebibyte, 0.5)).toBeLessThanOrEqual(mostParts);
  });

  it("never shrinks, and halves of parts are parts that S3 takes once parts are cut early", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: mostParts - 1 }), (number) => {
        expect(partSize(number + 1)).toBeGreaterThanOrEqual(partSize(number));
        expect(Math.max(partSize(number) / 2, 8 * mebibyte)).toBeGreaterThanOrEqual(leastPart);
      }),
    );
  });

  it("takes any size up to 5 TiB", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 * tebibyte }), (size) => {
        expect(partsOf(size)).toBeLessThanOrEqual(mostParts);
      }),
      { numRuns: 50 },
    );
  });
});
