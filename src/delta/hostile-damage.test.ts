import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Forge, openForge } from "./testing/hostile.ts";
import { randomNumbers } from "./testing/tars.ts";

let forge: Forge;
beforeAll(async () => {
  forge = await openForge();
});
afterAll(() => forge.close());

describe("a damaged bundle", () => {
  it("is refused wherever it is cut", async () => {
    const random = randomNumbers(1);
    const cuts = new Set([0, 1, 2, 511, 512, 513, forge.good.length - 1025, forge.good.length - 1024]);
    for (let at = 512; at < forge.good.length - 1024; at += 512) if (random() % 3 === 0) cuts.add(at);
    for (let i = 0; i < 30; i++) cuts.add(random() % (forge.good.length - 1024));
    for (const cut of cuts) {
      const result = await forge.expectRefusedOrSame(forge.good.subarray(0, cut), `cut at ${cut}`);
      // The last member's padding and the end marker say nothing: without them the bundle is whole.
      if (cut < forge.good.length - 1024 - 512) expect(`${cut} ${result}`).toBe(`${cut} refused`);
    }
  });

  it("is refused, or is the same, whatever bit of it flips", async () => {
    const random = randomNumbers(2);
    let refused = 0;
    for (let i = 0; i < 150; i++) {
      const bytes = Buffer.from(forge.good);
      const at = random() % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (random() % 8));
      if ((await forge.expectRefusedOrSame(bytes, `bit ${at}`)) === "refused") refused++;
    }
    expect(refused).toBeGreaterThan(120);
  });

  it("is refused when a run of it is overwritten or missing", async () => {
    const random = randomNumbers(3);
    for (let i = 0; i < 30; i++) {
      const at = random() % (forge.good.length - 2048);
      const zeroed = Buffer.from(forge.good);
      zeroed.fill(random() & 0xff, at, at + 1 + (random() % 600));
      await forge.expectRefusedOrSame(zeroed, `filled at ${at}`);
      const cut = Buffer.concat([forge.good.subarray(0, at), forge.good.subarray(at + 1 + (random() % 600))]);
      expect(await forge.expectRefusedOrSame(cut, `cut out at ${at}`)).toBe("refused");
    }
  });
});
