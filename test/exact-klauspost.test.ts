import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { deflated, makerOf } from "../src/codec/exact/testing/deflated.ts";
import { GoFlate, type GoProgram } from "./support/go-flate.ts";
import { pgzipMaker, zstdLevels, zstdMaker } from "./support/klauspost-makers.ts";
import { randomInput } from "./support/random-input.ts";
import { randomOf } from "./support/seeded.ts";
import { describePlace } from "./support/tools.ts";

const go = process.env["DDIFF_TEST_GO"];
const newGo = process.env["DDIFF_TEST_GO_1_27"];
const mebibyte = 1 << 20;

const levels = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Random inputs for each level, packed by the program and by ours. */
function compare(
  toolchain: string,
  maker: GoProgram,
  idOf: (level: number) => string,
  { flushed = false, of = levels } = {},
): void {
  it("gives what the real program gives for any bytes", { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "exact-klauspost-"));
    const flate = await GoFlate.start(toolchain, folder, maker);
    // Another seed each day: over time more is tried, and a day's failure can be made again.
    const day = new Date().toISOString().slice(0, 10);
    try {
      for (const level of of) {
        const random = randomOf(Number(day.replaceAll("-", "")) + level);
        for (let round = 0; round < 20; round++) {
          const input = randomInput(random, random.below(2 ** 30));
          const real = await flate.deflate(level, input, flushed);
          const ours = deflated(makerOf(idOf(level)), input, 1 + random.below(150_000));
          expect(ours.equals(real), `${day}, level ${level}, round ${round}`).toBe(true);
        }
      }
    } finally {
      await flate.stop();
      await rm(folder, { recursive: true });
    }
  });
}

describePlace("exact-klauspost", go === undefined ? "DDIFF_TEST_GO names no go" : undefined, () => {
  describe("pgzip with klauspost/compress 1.17.11", () => {
    const since = ["", "1.15.11", "1.15.11", "1.15.11", "1.15.10", "1.15.10", "1.15.10", "1.15.15"];
    const maker = pgzipMaker("1.17.11", mebibyte);
    compare(go!, maker, (level) => `pgzip-1m-klauspost${since[level] ?? "1.15.15"}-level${level}`);
  });
  describe("pgzip with klauspost/compress 1.18.6", () => {
    compare(go!, pgzipMaker("1.18.6", mebibyte), (level) => `pgzip-1m-klauspost1.18.2-level${level}`);
  });
});

describePlace("exact-klauspost", go === undefined ? "DDIFF_TEST_GO names no go" : undefined, () => {
  const since = { "1.18.6": "1.17.8", "1.20.3": "1.20.3" };
  describe.each(Object.entries(since))("zstd with klauspost/compress %s", (version, first) => {
    describe.each(Object.entries(zstdLevels))("at its level %s", (name, level) => {
      compare(go!, zstdMaker(version), () => `zstd-klauspost${first}-${name}`, { of: [level] });
    });
  });
});

describePlace("exact-go1.27", newGo === undefined ? "DDIFF_TEST_GO_1_27 names no go" : undefined, () => {
  describe("compress/flate", () => {
    compare(newGo!, { source: "go-flate" }, (level) => `go1.27-level${level}`);
  });
  describe("compress/flate that is flushed before its end", () => {
    compare(newGo!, { source: "go-flate" }, (level) => `go1.27-level${level}-flushed`, { flushed: true });
  });
});
