import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { makeClaims } from "./claims.ts";

test("images that share a layer wait for the first of them only; others go at once", async () => {
  const claims = makeClaims();
  const order: string[] = [];
  const work = async (name: string, keys: string[], works = true): Promise<void> => {
    const giveBack = await claims.take(keys);
    order.push(`+${name}`);
    await sleep(20);
    order.push(`-${name}`);
    giveBack(works);
  };
  await Promise.all([
    work("a", ["base", "a"]),
    work("b", ["base", "b"]),
    work("c", ["base", "c"]),
    work("other", ["other"]),
  ]);
  const at = (event: string): number => order.indexOf(event);
  expect(at("+other")).toBeLessThan(at("-a"));
  expect(at("+b")).toBeGreaterThan(at("-a"));
  expect(at("+c")).toBeGreaterThan(at("-a"));
  expect(at("+c")).toBeLessThan(at("-b"));
});

test("what failed is not finished: the next one does it, alone", async () => {
  const claims = makeClaims();
  const first = await claims.take(["base"]);
  let second: ((finished: boolean) => void) | undefined;
  let third: ((finished: boolean) => void) | undefined;
  const waits = [
    claims.take(["base"]).then((take) => (second = take)),
    claims.take(["base"]).then((take) => (third = take)),
  ];
  await sleep(5);
  expect([second, third]).toEqual([undefined, undefined]);
  first(false);
  await waits[0];
  expect(third).toBeUndefined();
  second?.(true);
  await Promise.all(waits);
  expect(third).toBeTypeOf("function");
});
