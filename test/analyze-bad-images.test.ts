import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { badDockerfile, type badImages } from "../bench/images/bad-images.ts";
import type { Analysis, WasteFinding } from "../src/inspect/analysis.ts";
import { analyzeImage } from "../src/inspect/analyze.ts";
import { openPlace } from "../src/places/open.ts";
import { contextIn } from "../src/places/testing/folders.ts";
import { run } from "./support/run.ts";
import { describePlace } from "./support/tools.ts";

/** Made by `DDIFF_BENCH_WORK=FOLDER node bench/images/bad-main.ts`; this is its folder `bad`. */
const folder = process.env["DDIFF_BAD_IMAGES"] ?? "";
const missing = folder === "" ? "DDIFF_BAD_IMAGES names no folder of bad images" : undefined;

/** A regular file with content, as tar lists it. */
interface Listed {
  layer: number;
  path: string;
  size: number;
}

/** What apt, dpkg and useradd keep for themselves and write again in each step, beside what was planted. */
const bookkeeping =
  /^(?:var\/(?:lib\/dpkg|lib\/apt|cache\/debconf|log)\/|etc\/(?:ld\.so\.cache$|(?:group|gshadow|passwd|shadow)-?$))/;

async function readJson(layout: string, digest: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(layout, "blobs", digest.replace(":", "/")), "utf8")) as Record<
    string,
    unknown
  >;
}

/** The image's files by another program, so that this is no talk of ddiff with itself. */
async function listLayers(layout: string): Promise<Listed[]> {
  const { manifests } = JSON.parse(await readFile(join(layout, "index.json"), "utf8")) as {
    manifests: { digest: string }[];
  };
  const manifest = await readJson(layout, manifests[0]?.digest ?? "");
  const layers = manifest["layers"] as { digest: string }[];
  const listed: Listed[] = [];
  for (const [layer, { digest }] of layers.entries()) {
    const blob = join(layout, "blobs", digest.replace(":", "/"));
    const { stdout } = await run("tar", ["--numeric-owner", "-tvzf", blob]);
    for (const line of stdout.split("\n")) {
      const [, size = "", path = ""] = /^-\S+ +\S+ +(\d+) +\S+ +\S+ (?:\.\/)?(.*)$/.exec(line) ?? [];
      if (Number(size) > 0) listed.push({ layer, path, size: Number(size) });
    }
  }
  return listed;
}

async function analyzeBad(
  name: (typeof badImages)[number],
): Promise<{ analysis: Analysis; listed: Listed[] }> {
  const layout = join(folder, name);
  const context = contextIn("/tmp", [], { XDG_CACHE_HOME: join(folder, "..", "cache") });
  const source = await (await openPlace(`oci:${layout}:${name}`, context)).source();
  const file = badDockerfile(name);
  try {
    const dockerfile = { file, text: await readFile(file, "utf8") };
    return {
      analysis: await analyzeImage({ source, dockerfile }, context),
      listed: await listLayers(layout),
    };
  } finally {
    await source.close();
  }
}

type Kinds = readonly WasteFinding["kind"][];

/** Bytes of what findings of these kinds and this risk hold below a path of a layer, each content once. */
function found(
  analysis: Analysis,
  kinds: Kinds,
  risk: WasteFinding["risk"],
  layer: number,
  path: string,
): number {
  const contents = analysis.findings
    .filter((one) => kinds.includes(one.kind) && one.risk === risk && one.layer === layer)
    .flatMap(({ entries }) => entries)
    .filter(({ entry }) => entry.path.startsWith(path))
    .map(({ content }) => content);
  return [...new Set(contents)].reduce((sum, { size }) => sum + size, 0);
}

function sumOf(listed: readonly Listed[], layer: number, path: string): number {
  return listed
    .filter((one) => one.layer === layer && one.path.startsWith(path))
    .reduce((sum, { size }) => sum + size, 0);
}

function expectWithin(bytes: number, planted: number): void {
  expect(Math.abs(bytes - planted) / planted, `${bytes} found of ${planted}`).toBeLessThan(0.01);
}

/** Paths of what is called safe and is neither planted nor the managers' own. */
function notExpected(analysis: Analysis, planted: RegExp): string[] {
  return analysis.findings
    .filter(({ risk }) => risk === "safe")
    .flatMap(({ entries }) => entries.map(({ entry }) => entry.path))
    .filter((path) => !planted.test(path) && !bookkeeping.test(path));
}

/** What was planted, the findings that must hold it, layer and path; the size where the Dockerfile says it. */
type Plant = [
  what: string,
  kinds: Kinds,
  risk: WasteFinding["risk"],
  layer: number,
  path: string,
  size?: number,
];

const hidden: Kinds = ["removed-later", "overwritten", "copied"];
const safe: Kinds = [...hidden, "class"];

describePlace("bad-images", missing, () => {
  let image: { analysis: Analysis; listed: Listed[] };

  describeImage(
    "torch",
    /^(?:var\/cache\/apt\/|root\/\.cache\/pip\/|(?:var\/)?tmp\/|app\/numpy\/|app\/(?:app|serve)\.py$|opt\/model)/,
    [undefined, 3, 4, 5, 6, 7, 9, 12, 14, 15, 16, 17, 18],
    [
      ["the lists of apt that a later step removes", ["removed-later"], "safe", 1, "var/lib/apt/lists/"],
      [
        "what apt-get update made and apt-get install wrote again, and what is left of it",
        safe,
        "safe",
        1,
        "var/cache/apt/",
      ],
      ["the packages that apt kept", ["class"], "safe", 2, "var/cache/apt/archives/"],
      ["numpy, doubled by chown", ["copied"], "safe", 4, "app/numpy/"],
      ["numpy, beside Debian's", ["duplicate"], "risky", 5, "app/numpy/"],
      ["pip's cache", ["class"], "safe", 6, "root/.cache/pip/", 45_000_000],
      ["temporary files", ["class"], "safe", 7, "", 15_000_000],
      ["a model that is appended to", ["overwritten"], "safe", 8, "opt/model.safetensors", 30_000_000],
      ["a model that changes its owner", ["copied"], "safe", 9, "opt/model.safetensors", 38_000_000],
      ["the model's weights", ["class"], "risky", 10, "opt/model.safetensors", 38_000_000],
      ["a copy beside its original", ["duplicate"], "check", 11, "app/data/", 9_000_000],
    ],
  );

  describeImage(
    "r",
    /^(?:var\/cache\/apt\/|(?:var\/)?tmp\/|usr\/local\/lib\/R\/|root\/(?:\.cache\/R\/|cran-index))/,
    [undefined, 3, 5, 7, 8, 10, 11, 12, 13, 14],
    [
      ["lists of apt that a later step removes", ["removed-later"], "safe", 1, "var/lib/apt/lists/"],
      ["packages of apt that a later step removes", ["removed-later"], "safe", 1, "var/cache/apt/"],
      ["R packages, doubled by chmod and chgrp", ["copied"], "safe", 2, "usr/local/lib/R/"],
      ["R packages, beside Debian's", ["second-environment", "duplicate"], "risky", 3, "usr/local/lib/R/"],
      ["R's downloads in a temporary folder", ["removed-later"], "safe", 4, "tmp/", 20_000_000],
      ["an index that a later step removes", ["removed-later"], "safe", 5, "root/", 6_000_000],
      ["renv's sources", ["class"], "safe", 7, "root/.cache/R/", 10_000_000],
    ],
  );

  describeImage(
    "conda",
    /^(?:opt\/conda\/(?:pkgs|lib\/python3\.11\/site-packages\/scipy)\/|home\/jovyan\/\.cache\/|tmp\/lay-conda)/,
    [undefined, 3, 5, 6, 7, 8, 9, 10],
    [
      [
        "conda's archives, and none of the files that an environment shares with its package",
        ["removed-later"],
        "safe",
        3,
        "opt/conda/pkgs/",
        52_000_000,
      ],
      ["a second environment", ["second-environment"], "risky", 4, "opt/conda/envs/other/lib/"],
      ["pip's cache", ["class"], "safe", 7, "home/jovyan/.cache/pip/", 15_000_000],
      ["conda's index", ["class"], "safe", 7, "home/jovyan/.cache/conda/", 2_000_000],
    ],
  );

  function describeImage(
    name: (typeof badImages)[number],
    planted: RegExp,
    lines: readonly (number | undefined)[],
    plants: readonly Plant[],
  ): void {
    describe(`the bad image ${name}`, () => {
      beforeAll(async () => {
        image = await analyzeBad(name);
      }, 300_000);

      for (const [what, kinds, risk, layer, path, size] of plants)
        it(`finds ${what}`, () => {
          const bytes = found(image.analysis, kinds, risk, layer, path);
          expectWithin(bytes, size ?? sumOf(image.listed, layer, path));
        });

      it("calls nothing else safe", () => {
        expect(notExpected(image.analysis, planted)).toEqual([]);
      });

      it("has the Dockerfile's line of each layer", () => {
        expect(image.analysis.layers.map(({ step }) => step.line)).toEqual(lines);
      });

      it("has every byte of its layers in view or hidden", () => {
        const { visible, hidden } = image.analysis.sizes;
        expect(visible + hidden).toBe(image.listed.reduce((sum, { size }) => sum + size, 0));
      });
    });
  }
});
