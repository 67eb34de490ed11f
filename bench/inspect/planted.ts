import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Analysis } from "../../src/inspect/analysis.ts";
import { analyze } from "../../src/inspect/analyze.ts";
import { type DiveReport, diveReport } from "../../src/inspect/dive.ts";
import { inspectImage } from "../../src/inspect/read-image.ts";
import { openPlace } from "../../src/places/open.ts";
import type { PlaceContext } from "../../src/places/place.ts";
import { badDockerfile, type badImages } from "../images/bad-images.ts";
import { badPlants, type Plant } from "../images/bad-plants.ts";

/** A regular file with content, as tar lists it. */
interface Listed {
  layer: number;
  path: string;
  size: number;
}

/** A bad image, what is said of it, and what another program lists in it. */
export interface BadImage {
  analysis: Analysis;
  dive: DiveReport;
  listed: readonly Listed[];
}

/** What apt, dpkg and useradd keep for themselves and write again in each step, beside what was planted. */
const bookkeeping =
  /^(?:var\/(?:lib\/dpkg|lib\/apt|cache\/debconf|log)\/|etc\/(?:ld\.so\.cache$|(?:group|gshadow|passwd|shadow)-?$))/;

const longestList = 256 << 20;

/** Analyzes the bad image whose layout lies in `folder`. */
export async function analyzeBad(
  folder: string,
  name: (typeof badImages)[number],
  context: PlaceContext,
): Promise<BadImage> {
  const layout = join(folder, name);
  const source = await (await openPlace(`oci:${layout}:${name}`, context)).source();
  const file = badDockerfile(name);
  try {
    const inspected = await inspectImage(source, undefined, context);
    return {
      analysis: analyze(inspected, { file, text: await readFile(file, "utf8") }),
      dive: diveReport(inspected.layers),
      listed: await listLayers(layout),
    };
  } finally {
    await source.close();
  }
}

/** The image's files by another program, so that this is no talk of ddiff with itself. */
async function listLayers(layout: string): Promise<Listed[]> {
  const { manifests } = (await readJson(join(layout, "index.json"))) as { manifests: { digest: string }[] };
  const manifest = (await readJson(blobPath(layout, manifests[0]?.digest ?? ""))) as {
    layers: { digest: string }[];
  };
  const listed: Listed[] = [];
  for (const [layer, { digest }] of manifest.layers.entries()) {
    const { stdout } = await promisify(execFile)(
      "tar",
      ["--numeric-owner", "-tvzf", blobPath(layout, digest)],
      { maxBuffer: longestList },
    );
    for (const line of stdout.split("\n")) {
      const [, size = "", path = ""] = /^-\S+ +\S+ +(\d+) +\S+ +\S+ (?:\.\/)?(.*)$/.exec(line) ?? [];
      if (Number(size) > 0) listed.push({ layer, path, size: Number(size) });
    }
  }
  return listed;
}

function blobPath(layout: string, digest: string): string {
  return join(layout, "blobs", digest.replace(":", "/"));
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, "utf8"));
}

/** Bytes of a plant as it was planted, and as the findings that must hold it say, each content once. */
export function judgePlant({ analysis, listed }: BadImage, plant: Plant): { planted: number; found: number } {
  const { kinds, risk, layer, path } = plant;
  const contents = analysis.findings
    .filter((one) => kinds.includes(one.kind) && one.risk === risk && one.layer === layer)
    .flatMap(({ entries }) => entries)
    .filter(({ entry }) => entry.path.startsWith(path))
    .map(({ content }) => content);
  const there = listed.filter((one) => one.layer === (plant.listed ?? layer) && one.path.startsWith(path));
  return { planted: plant.size ?? sumOf(there), found: sumOf([...new Set(contents)]) };
}

/** Files that are called safe and are neither planted nor the managers' own. */
export function safeByMistake(name: (typeof badImages)[number], { analysis }: BadImage): string[] {
  return safePaths(analysis).filter((path) => !badPlants[name].safe.test(path) && !bookkeeping.test(path));
}

function safePaths({ findings }: Analysis): string[] {
  return findings
    .filter(({ risk }) => risk === "safe")
    .flatMap(({ entries }) => entries.map(({ entry }) => entry.path));
}

/** Bytes of regular files in the layers' tars, by tar's own list. */
export function listedBytes({ listed }: BadImage): number {
  return sumOf(listed);
}

function sumOf(files: readonly { size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
