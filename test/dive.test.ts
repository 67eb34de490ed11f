import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DiveReport, diveReport } from "../src/inspect/dive.ts";
import { inspectImage } from "../src/inspect/read-image.ts";
import { copyImage } from "../src/places/copy.ts";
import { openPlace } from "../src/places/open.ts";
import { contextIn, newFolder } from "../src/places/testing/folders.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { silent } from "../src/util/progress.ts";
import { imageOf, type LayerEntry, layerTar } from "./support/layers.ts";
import { ddiff, run } from "./support/run.ts";
import { type Random, randomOf } from "./support/seeded.ts";
import { describePlace } from "./support/tools.ts";

const images = process.env["DDIFF_DIVE_IMAGES"] ?? "";
const dive = process.env["DDIFF_DIVE"] ?? "";

async function reportOf(place: string, tempDir: string): Promise<DiveReport> {
  const context = contextIn(tempDir, [], { XDG_CACHE_HOME: tempDir });
  const source = await (await openPlace(place, context)).source();
  try {
    return diveReport((await inspectImage(source, undefined, context)).layers);
  } finally {
    await source.close();
  }
}

async function writeArchive(path: string, layers: readonly LayerEntry[][], tempDir: string): Promise<void> {
  const memory = new MemoryStore();
  const image = imageOf(
    memory,
    layers.map((entries) => layerTar(entries)),
    { packing: "none" },
  );
  const sink = await (await openPlace(`docker-archive:${path}:test:1`, contextIn(tempDir))).sink();
  try {
    await copyImage(memory.source(image), sink, { progress: silent });
  } finally {
    await sink.close();
  }
}

const bytes = (count: number): Buffer => Buffer.alloc(count, "x");

/** A small image with each thing that dive counts in its own way. */
const byHand: LayerEntry[][] = [
  [
    { path: "etc/", type: "directory" },
    { path: "etc/kept", data: bytes(100) },
    { path: "etc/changed", data: bytes(40) },
    { path: "opt/", type: "directory" },
    { path: "opt/a", data: bytes(7) },
    { path: "opt/b", data: bytes(5) },
    { path: "file", data: bytes(11) },
  ],
  [
    { path: "etc/changed", data: bytes(60) },
    { path: "etc/same", type: "hardlink", link: "etc/changed" },
  ],
  [{ path: ".wh.opt" }, { path: ".wh.file" }, { path: "new", data: bytes(20) }],
];

describe("dive's numbers", () => {
  it("are those that its formula gives by hand", async () => {
    const folder = await newFolder();
    await writeArchive(join(folder, "image.tar"), byHand, folder);
    const found = await reportOf(`docker-archive:${join(folder, "image.tar")}`, folder);
    // etc/changed: 40 and 60, though 60 of them are needed. opt: its whiteout alone is charged, with the 12 bytes below it, and
    // its files were seen once. file: 11 and nothing. Smallest sizes: 100, 40, 7, 5, 0, 0 (same), 12 (opt), 20.
    expect(found).toEqual({
      efficiency: 184 / 255,
      sizeBytes: 243,
      userSizeBytes: 80,
      wastedBytes: 111,
      wastedUserPercent: 111 / 80,
      inefficient: [
        { path: "/etc/changed", count: 2, bytes: 100 },
        { path: "/file", count: 2, bytes: 11 },
      ],
    });
  });

  it("are 1 and 0 for an image without content", async () => {
    const folder = await newFolder();
    await writeArchive(join(folder, "image.tar"), [[{ path: "empty" }]], folder);
    const found = await reportOf(`docker-archive:${join(folder, "image.tar")}`, folder);
    expect(found).toMatchObject({
      efficiency: 1,
      sizeBytes: 0,
      wastedBytes: 0,
      wastedUserPercent: Number.NaN,
    });
  });
});

describe("ddiff analyze --dive-compatible", () => {
  it("tells them under dive's names, for people and for scripts", async () => {
    const folder = await newFolder();
    const archive = join(folder, "image.tar");
    await writeArchive(archive, byHand, folder);
    const command = ["analyze", "--dive-compatible", archive];
    const shown = await ddiff(command);
    expect(shown).toMatchObject({ status: 0, stderr: "" });
    expect(shown.stdout).toBe(
      `${[
        "efficiency:        72.1569 %",
        "wastedBytes:       111 bytes",
        "userWastedPercent: 138.7500 %",
        "",
        "paths that several layers hold, with the bytes of all of them:",
        "100  2 times  /etc/changed",
        " 11  2 times  /file",
      ].join("\n")}\n`,
    );
    const image = {
      sizeBytes: 243,
      inefficientBytes: 111,
      efficiencyScore: 184 / 255,
      userSizeBytes: 80,
      userWastedPercent: 111 / 80,
      fileReference: [
        { count: 2, sizeBytes: 100, file: "/etc/changed" },
        { count: 2, sizeBytes: 11, file: "/file" },
      ],
    };
    expect(JSON.parse((await ddiff([...command, "--json"])).stdout)).toEqual({ image });
    const file = join(folder, "dive.json");
    expect((await ddiff([...command, "--format", "json", "-o", file])).stdout).toBe(
      `efficiency 72.1569 %, 111 wasted bytes; written to ${file}\n`,
    );
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ image });
    expect(await ddiff([...command, "--tree"])).toMatchObject({ status: 2 });
  });
});

describePlace(
  "dive-images",
  images === "" ? "DDIFF_DIVE_IMAGES names no folder of dive's images" : undefined,
  () => {
    it.each([
      ["docker-archive", "docker", 0.9844212134184309, 1_220_598, 66_237, 32_025, 0.4834911001404049],
      ["docker-archive", "kaniko", 0.9793688490216431, 1_326_410, 94_677, 46_245, 46_245 / 94_677],
      ["oci-archive", "oci-gzip", 1, 11_189, 0, 0, Number.NaN],
      ["oci-archive", "oci-zstd", 1, 11_189, 0, 0, Number.NaN],
      ["oci-archive", "oci-estargz", 1, 11_189, 0, 0, Number.NaN],
      ["oci-archive", "oci-uncompressed", 1, 11_189, 0, 0, Number.NaN],
    ])(
      "the numbers of dive's own test image %s:test-%s-image.tar are dive's",
      async (transport, name, efficiency, sizeBytes, userSizeBytes, wastedBytes, wastedUserPercent) => {
        const path = join(images, `test-${name}-image.tar`);
        const { inefficient: _, ...found } = await reportOf(`${transport}:${path}`, await newFolder());
        expect(found).toEqual({ efficiency, sizeBytes, userSizeBytes, wastedBytes, wastedUserPercent });
      },
    );
  },
);

describePlace("dive", dive === "" ? "DDIFF_DIVE names no dive" : undefined, () => {
  it.each(Array.from({ length: 25 }, (_, seed) => seed))(
    "tells the same of a random image, seed %i",
    async (seed) => {
      const folder = await newFolder();
      const archive = join(folder, "image.tar");
      await writeArchive(archive, randomLayers(randomOf(seed)), folder);
      const json = join(folder, "dive.json");
      await run(dive, [`docker-archive://${archive}`, "--json", json], { cwd: folder });
      const { image } = JSON.parse(await readFile(json, "utf8")) as {
        image: {
          efficiencyScore: number;
          sizeBytes: number;
          inefficientBytes: number;
          fileReference: unknown[];
        };
      };
      const found = await reportOf(`docker-archive:${archive}`, folder);
      expect(found).toMatchObject({
        efficiency: image.efficiencyScore,
        sizeBytes: image.sizeBytes,
        wastedBytes: image.inefficientBytes,
      });
      expect(found.inefficient).toHaveLength(image.fileReference.length);
    },
  );
});

/** Layers that write, overwrite and remove a few paths, some of which are not there. */
function randomLayers(random: Random): LayerEntry[][] {
  const folders = ["a", "a/b", "c"];
  const names = ["one", "two", "three"];
  return Array.from({ length: 2 + random.below(4) }, (_, number) => {
    const entries = new Map<string, LayerEntry>();
    for (let i = 0; i < 2 + random.below(6); i++) {
      const parent = random.pick(folders);
      const path = `${parent}/${random.pick(names)}`;
      const remove = number > 0 && random.below(4) === 0;
      if (remove && random.below(3) === 0)
        entries.set(`.wh.${parent}`, { path: parent.replace(/[^/]+$/, ".wh.$&") });
      else if (remove) entries.set(path, { path: path.replace(/[^/]+$/, ".wh.$&") });
      else {
        if (random.below(4) > 0) entries.set(parent, { path: `${parent}/`, type: "directory" });
        entries.set(path, { path, data: bytes(random.below(1000)) });
      }
    }
    return [...entries.values()];
  });
}
