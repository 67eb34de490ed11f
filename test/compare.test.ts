import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { Comparison } from "../src/inspect/compare/compare.ts";
import { copyImage } from "../src/places/copy.ts";
import { openPlace } from "../src/places/open.ts";
import { contextIn, newFolder } from "../src/places/testing/folders.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { silent } from "../src/util/progress.ts";
import { noise, writeImage } from "./support/images.ts";
import { imageOf, layerTar } from "./support/layers.ts";
import { ddiff } from "./support/run.ts";

let folder: string;
const before = [
  { "usr/lib/base": noise("base", 60_000) },
  { "opt/app/model": noise("model", 40_000), "root/.cache/pip/http/a": noise("cache", 30_000) },
];
/** The same without the cache, and so in another layer; and a file that is new. */
const after = [
  { "usr/lib/base": noise("base", 60_000) },
  { "opt/app/model": noise("model", 40_000), "opt/app/new": noise("new", 5000) },
];

beforeEach(async () => {
  folder = await newFolder();
  await writeImage(`oci:${folder}/before:app`, before, folder);
  await writeImage(`oci:${folder}/after:app`, after, folder);
});

async function compare(args: readonly string[]): Promise<Comparison> {
  const { status, stdout, stderr } = await ddiff(["compare", "--json", ...args], {
    cwd: folder,
    env: { XDG_CACHE_HOME: folder },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as Comparison;
}

describe("ddiff compare", () => {
  test("tells sizes, what is shared, and what a client that has the one must fetch", async () => {
    const { images, together, changes, transfers } = await compare(["oci:before:app", "oci:after:app"]);
    const [one, other] = images;
    expect(one).toMatchObject({ label: "oci:before:app", layers: 2, visible: 130_000, hidden: 0 });
    expect(one).toMatchObject({ shared: { layers: 1 }, unique: { layers: 1 }, ownContent: 30_000 });
    expect(other).toMatchObject({ visible: 105_000, ownContent: 5000 });
    expect(together).toMatchObject({ layers: 3 });
    expect(together.packed).toBe((one?.packed ?? 0) + (other?.unique.packed ?? 0));
    expect(changes).toMatchObject([{ image: 1, visible: -25_000, hidden: 0 }]);
    const there = transfers.find(({ from }) => from === 0);
    expect(there?.layers).toEqual({ count: 1, bytes: other?.unique.packed });
    // The model is there, whatever the layer: only the new file travels, which packs like its layer.
    expect(there?.bundle).toMatchObject({ measured: false });
    expect(there?.bundle?.bytes).toBeGreaterThan(3000);
    expect(there?.bundle?.bytes).toBeLessThan(5100);
  });

  test("measures what was estimated: the waste that is gone", async () => {
    const { changes } = await compare(["oci:before:app", "oci:after:app"]);
    expect(changes[0]?.savings).toEqual([
      { kind: "class", name: "pip-cache", title: "cache of pip", estimated: 30_000, measured: 30_000 },
    ]);
    expect(changes[0]?.classes).toMatchObject([{ name: "pip-cache", before: 30_000, after: 0 }]);
  });

  test("makes the bundle where it is asked to, as ddiff diff does", async () => {
    const { transfers } = await compare(["--bundle", "oci:before:app", "oci:after:app"]);
    const made = await ddiff(["diff", "oci:before:app", "oci:after:app", "-o", "a.ddiff", "--json"], {
      cwd: folder,
      env: { XDG_CACHE_HOME: folder },
    });
    const { bundleBytes } = JSON.parse(made.stdout) as { bundleBytes: number };
    expect(transfers).toMatchObject([
      { from: 0, to: 1, bundle: { bytes: bundleBytes, measured: true } },
      { from: 1, to: 0, bundle: { measured: false } },
    ]);
  });

  test("compares one image with itself across its platforms", async () => {
    const store = new MemoryStore();
    const shared = layerTar([{ path: "data", data: noise("data", 20_000) }]);
    const images = ["amd64", "arm64"].map((machine) => {
      const own = layerTar([{ path: "bin", data: noise(machine, 9000) }]);
      return imageOf(store, [shared, own], { packing: "gzip", platform: `linux/${machine}` });
    });
    const sink = await (await openPlace(`oci:${folder}/both:app`, contextIn(folder))).sink();
    await copyImage(store.source(store.index(images)), sink, { progress: silent });
    await sink.close();
    const found = await compare(["oci:both:app"]);
    expect(found.images.map(({ platform, shared }) => [platform, shared.layers])).toEqual([
      ["linux/amd64", 1],
      ["linux/arm64", 1],
    ]);
    expect(found.transfers[0]?.layers.count).toBe(1);
    // Each platform is its own side: what the other one has is not taken for there.
    const measured = await compare(["--bundle", "oci:both:app"]);
    expect(measured.transfers[0]?.bundle?.bytes).toBeGreaterThan(6000);
    const one = await ddiff(["compare", "--platform", "linux/arm64", "oci:both:app"], { cwd: folder });
    expect(one).toMatchObject({ status: 2, stdout: "" });
    expect(one.stderr).toContain("two images");
  });

  test("takes a kept report for its image, and says what it does not tell", async () => {
    const kept = await ddiff(["analyze", "--json", "oci:before:app"], { cwd: folder });
    await writeFile(join(folder, "kept.json"), kept.stdout);
    const { changes, transfers, images } = await compare(["kept.json", "oci:after:app"]);
    expect(changes[0]?.savings).toMatchObject([{ name: "pip-cache", measured: 30_000 }]);
    expect(transfers[0]).toEqual({ from: 0, to: 1, layers: { count: 1, bytes: images[1]?.unique.packed } });
    await writeFile(join(folder, "broken.json"), '{"version":1}');
    const broken = await ddiff(["compare", "broken.json", "oci:after:app"], { cwd: folder });
    expect(broken).toMatchObject({ status: 2 });
    expect(broken.stderr).toMatch(/broken\.json is no report of ddiff analyze: image/);
  });

  test("writes for people and for comments", async () => {
    const args = ["compare", "oci:before:app", "oci:after:app"];
    const shown = await ddiff(args, { cwd: folder });
    expect(shown.stdout).toMatch(
      /^oci:after:app is 25 kB smaller than oci:before:app: 105 kB of files instead of 130 kB\n/,
    );
    expect(shown.stdout).toMatch(/\n +30 kB +30 kB {2}cache of pip\n/);
    expect(shown.stdout).toMatch(/\n {2}#1 +#2 +\d+ kB in 1 layer +about [\d.]+ kB\n/);
    await ddiff([...args, "--format", "markdown", "-o", "sizes.md"], { cwd: folder });
    const text = await readFile(join(folder, "sizes.md"), "utf8");
    expect(text).toMatch(/^### oci:after:app is 25 kB smaller/);
    expect(text).toContain("<details><summary>Classes of files: <code>oci:after:app</code> against");
    for (const line of text.split("\n").filter((line) => line.startsWith("|")))
      expect(line).toMatch(/^\|.*\|$/);
  });
});
