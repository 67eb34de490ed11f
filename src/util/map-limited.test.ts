import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { mapLimited } from "./map-limited.ts";

test("answers in order with no more than the limit under way", async () => {
  let running = 0;
  let most = 0;
  const answers = await mapLimited([30, 1, 20, 2, 10, 3], 3, async (ms, index) => {
    most = Math.max(most, ++running);
    await wait(ms);
    running--;
    return `${index}:${ms}`;
  });
  expect(answers).toEqual(["0:30", "1:1", "2:20", "3:2", "4:10", "5:3"]);
  expect(most).toBe(3);
});

test("stops beginning at the first failure, waits for the rest and throws it", async () => {
  const begun: number[] = [];
  let finished = false;
  const outcome = mapLimited([0, 1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 0) throw new Error("no");
    await wait(10);
    finished = true;
  });
  await expect(outcome).rejects.toThrow("no");
  expect(finished).toBe(true);
  expect(begun).toEqual([0, 1]);
});

test("of nothing is nothing", async () => {
  await expect(mapLimited([], 4, () => Promise.reject(new Error("never")))).resolves.toEqual([]);
});
