import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { goDeflate } from "../src/codec/exact/go/deflate.ts";
import { deflated, makerOf } from "../src/codec/exact/testing/deflated.ts";
import { GoFlate } from "./support/go-flate.ts";
import { randomInput } from "./support/random-input.ts";
import { randomOf } from "./support/seeded.ts";
import { describePlace } from "./support/tools.ts";

const go = process.env["DDIFF_TEST_GO"];

describePlace("exact-go", go === undefined ? "DDIFF_TEST_GO names no go" : undefined, () => {
  let folder: string;
  let flate: GoFlate;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "exact-go-"));
    flate = await GoFlate.start(go!, folder);
  });
  afterAll(async () => {
    await flate?.stop();
    await rm(folder, { recursive: true });
  });

  it.each([-2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9])(
    "gives what the real compress/flate gives for any bytes at level %i",
    async (level) => {
      // Another seed each day: over time more is tried, and a day's failure can be made again.
      const day = new Date().toISOString().slice(0, 10);
      const random = randomOf(Number(day.replaceAll("-", "")) + level);
      for (let round = 0; round < 40; round++) {
        const seed = random.below(2 ** 30);
        const input = randomInput(random, seed);
        const real = await flate.deflate(level, input);
        const ours = deflated(goDeflate(level), input, 1 + random.below(150_000));
        expect(ours.equals(real), `${day}, level ${level}, round ${round}`).toBe(true);
      }
    },
  );

  it.each([1, 2, 6, 9])(
    "gives what it gives when it is flushed before its end, as for eStargz, at level %i",
    async (level) => {
      const random = randomOf(level);
      for (let round = 0; round < 20; round++) {
        const input = randomInput(random, random.below(2 ** 30));
        const real = await flate.deflate(level, input, true);
        const ours = deflated(makerOf(`go1.8-level${level}-flushed`), input);
        expect(ours.equals(real), `level ${level}, round ${round}`).toBe(true);
      }
    },
  );
});
