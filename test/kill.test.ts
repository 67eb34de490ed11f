import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addImage, identity, openWorkshop, treeOf, type Workshop } from "../src/delta/testing/images.ts";
import { makeContent, makeTar, randomNumbers } from "../src/delta/testing/tars.ts";
import { digestOf } from "../src/oci/digest.ts";
import { ociLayoutPlace } from "../src/places/oci-layout.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";

const main = join(import.meta.dirname, "..", "src", "main.ts");
/** Milliseconds that one test may take: a minute on a machine that does nothing else. */
const patience = 300_000;
const run = promisify(execFile);

let shop: Workshop;
let base = "";
let target = "";
let bundle = "";
let expected: unknown;

beforeAll(async () => {
  shop = await openWorkshop();
  const store = new MemoryStore();
  base = await shop.write(store, addImage(store, [{ tar: libraries(1) }]), "work:app:1");
  const fresh = makeTar([
    { path: "new", bytes: makeContent({ kind: "packed", seed: 99, size: 2 << 20, edits: 0 }) },
  ]);
  target = await shop.write(store, addImage(store, [{ tar: libraries(2) }, { tar: fresh }]), "work:app:2");
  ({ file: bundle } = await shop.diff([base], [target]));
  expected = identity(await shop.read(target));
}, 60_000);
afterAll(() => shop.close());

/** A layer of some MB: long enough in the making to be killed in all stages. */
function libraries(version: number): Buffer {
  return makeTar(
    Array.from({ length: 40 }, (_, i) => ({
      path: `usr/lib/lib${i}.so`,
      bytes: makeContent({ kind: "binary", seed: i, size: 100_000, edits: i % 4 === 0 ? version : 0 }),
    })),
  );
}

function options(): { env: NodeJS.ProcessEnv } {
  return {
    env: {
      ...process.env,
      DDIFF_TMPDIR: shop.tempDir,
      DDIFF_CACHE_DIR: shop.path("cache"),
      HOME: shop.folder,
    },
  };
}

function ddiff(...args: string[]) {
  return run(process.execPath, [main, ...args], options());
}

/** Starts ddiff and kills it after `delay` milliseconds. Answers whether it was still at work. */
async function killed(delay: number, ...args: string[]): Promise<boolean> {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { ...options(), stdio: "ignore" });
  const ended = new Promise<boolean>((resolve) => {
    child.on("exit", (_, signal) => resolve(signal === "SIGKILL"));
  });
  await sleep(delay);
  child.kill("SIGKILL");
  return ended;
}

/** How long a whole run takes, in milliseconds: kills are spread over it. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Every blob of a layout that its names lead to must be whole. */
async function checkLayout(folder: string): Promise<string[]> {
  const images = await ociLayoutPlace(folder, shop.context).inventory();
  const blobs = join(folder, "blobs", "sha256");
  for (const name of await readdir(blobs))
    expect(digestOf(await readFile(join(blobs, name)))).toBe(`sha256:${name}`);
  return images.flatMap((image) => image.names).sort();
}

describe("a ddiff that is killed", () => {
  it(
    "while it loads leaves the layout as it was or with the whole image, and the next run is not in its way",
    async () => {
      const random = randomNumbers(11);
      const server = shop.path("server");
      const load = ["load", bundle, "--to", `oci:${server}:app:2`, "--base", base, "--quiet"];
      const whole = await timed(() => ddiff(...load));
      let hits = 0;
      for (let round = 0; round < 7; round++) {
        await rm(server, { recursive: true });
        await ddiff("copy", base, `oci:${server}:app:1`, "--quiet");
        for (let kill = 0; kill < 5; kill++) {
          // The start of the program is always the same; what comes behind it is worth more kills.
          if (await killed(whole * (0.3 + (0.7 * (random() % 1000)) / 1000), ...load)) hits++;
          const names = await checkLayout(server);
          expect([["app:1"], ["app:1", "app:2"]]).toContainEqual(names);
          if (names.length === 2) expect(identity(await shop.read(`oci:${server}:app:2`))).toEqual(expected);
        }
        await ddiff(...load);
        expect(await checkLayout(server)).toEqual(["app:1", "app:2"]);
        expect(identity(await shop.read(`oci:${server}:app:2`))).toEqual(expected);
        expect((await readdir(server)).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
        expect(await readdir(shop.tempDir)).toEqual([]);
      }
      expect(hits).toBeGreaterThan(20);
    },
    patience,
  );

  it(
    "while it makes a bundle leaves no bundle or the whole one",
    async () => {
      const random = randomNumbers(12);
      const folder = shop.path("out");
      const out = join(folder, "app.ddiff");
      await mkdir(folder);
      const diff = ["diff", base, target, "-o", out, "--fast", "--quiet"];
      const whole = await timed(() => ddiff(...diff));
      const bytes = await readFile(out);
      for (let kill = 0; kill < 15; kill++) {
        await rm(out, { force: true });
        await killed(whole * (0.3 + (0.7 * (random() % 1000)) / 1000), ...diff);
        if ((await readdir(folder)).includes("app.ddiff"))
          expect((await readFile(out)).equals(bytes)).toBe(true);
      }
      await ddiff(...diff);
      expect(await readdir(folder)).toEqual(["app.ddiff"]);
      expect((await readFile(out)).equals(bytes)).toBe(true);
      expect(await readdir(shop.tempDir)).toEqual([]);
      expect(Object.keys(await treeOf(shop.path("cache"))).filter((path) => path.endsWith(".tmp"))).toEqual(
        [],
      );
    },
    patience,
  );
});
