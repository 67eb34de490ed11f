import { array, assert, nat, property } from "fast-check";
import { expect, it } from "vitest";
import { Learned, searchIndex } from "./relink.ts";

/** The search that the format is made with, over all of `starts`. */
function search(starts: Float64Array, offset: number, low = 0, high = starts.length): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] as number) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

it("finds what the whole search finds, also where ranges are out of order", () => {
  assert(
    property(
      array(nat(400_000), { maxLength: 200 }),
      array(nat(500_000), { minLength: 1, maxLength: 50 }),
      nat(20),
      (numbers, offsets, swaps) => {
        const starts = Float64Array.from(numbers).sort();
        for (let k = 0; k + 1 < Math.min(swaps, starts.length); k += 2) {
          [starts[k], starts[k + 1]] = [starts[k + 1] as number, starts[k] as number];
        }
        const { step, lows, highs } = searchIndex(starts);
        for (const offset of offsets) {
          const k = Math.floor(offset / step);
          expect(search(starts, offset, lows[k] ?? 0, highs[k] ?? starts.length)).toBe(
            search(starts, offset),
          );
        }
      },
    ),
  );
});

it("has few entries at any size", () => {
  expect(searchIndex(Float64Array.of(0, 2 ** 40)).lows.length).toBeLessThanOrEqual(65_536);
});

it("forgets what was learned of the piece before", () => {
  const learned = new Learned();
  const fresh = new Learned();
  for (let k = 0; k < 200_000; k++) learned.set(k * 7919, k);
  learned.clear();
  learned.set(12, 34);
  learned.clear();
  for (let k = 0; k < 200_000; k += 13) expect(learned.get(k * 7919)).toBe(fresh.get(k * 7919));
  expect(learned.get(12)).toBe(fresh.get(12));
});
