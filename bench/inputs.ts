import {
  createReadStream,
  createWriteStream,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { pairLayouts, type Pair } from "./images/pairs.ts";
import { workPath } from "./images/places.ts";

interface Blob {
  digest: string;
  size: number;
}

/** A pair made ready for every peer. */
export interface Input {
  pair: Pair;
  /** OCI layouts; the images in them are called `old` and `new`. */
  oldLayout: string;
  newLayout: string;
  /** The layers that the other side lacks, uncompressed, bottom first. */
  oldTars: string[];
  newTars: string[];
  /** The same layers as they lie in the layouts: packed. */
  oldPacked: string[];
  newPacked: string[];
  /** The unpacked ones, one after the other: what a tool for two files gets. */
  oldAll: string;
  newAll: string;
  /** What a registry would send: the new image's missing layers as they are packed, its config and its manifest. */
  registryBytes: number;
  /** The blobs of those. */
  missing: Blob[];
  /** Names the two images: results are kept by it. */
  key: string;
}

interface ImageBlobs {
  manifest: Blob;
  config: Blob;
  layers: Blob[];
}

/** Builds the pair where needed and unpacks the layers that differ. */
export async function prepareInput(pair: Pair): Promise<Input> {
  const layouts = await pairLayouts(pair);
  const [older, newer] = [readImage(layouts.old), readImage(layouts.new)];
  const oldDigests = new Set(older.layers.map((layer) => layer.digest));
  const newDigests = new Set(newer.layers.map((layer) => layer.digest));
  const oldLayers = older.layers.filter((layer) => !newDigests.has(layer.digest));
  const newLayers = newer.layers.filter((layer) => !oldDigests.has(layer.digest));
  const missing = [...newLayers, newer.config, newer.manifest];

  const folder = inputFolder(pair);
  const oldTars = await unpackAll(layouts.old, oldLayers, folder);
  const newTars = await unpackAll(layouts.new, newLayers, folder);
  return {
    pair,
    oldLayout: layouts.old,
    newLayout: layouts.new,
    oldTars,
    newTars,
    oldPacked: oldLayers.map((layer) => blobPath(layouts.old, layer)),
    newPacked: newLayers.map((layer) => blobPath(layouts.new, layer)),
    oldAll: await concatenate(oldTars, join(folder, "old.tar")),
    newAll: await concatenate(newTars, join(folder, "new.tar")),
    registryBytes: missing.reduce((sum, blob) => sum + blob.size, 0),
    missing,
    key: `${older.manifest.digest.slice(7, 19)}-${newer.manifest.digest.slice(7, 19)}`,
  };
}

/** Gives the disk back: the tars can be made again from the layouts. */
export function dropInput(input: Input): void {
  rmSync(inputFolder(input.pair), { recursive: true, force: true });
}

/** Of this process alone, so that two benches may run side by side. */
function inputFolder(pair: Pair): string {
  return workPath("inputs", `${pair.id}-${process.pid}`);
}

export function blobPath(layout: string, blob: Blob): string {
  return join(layout, "blobs", "sha256", blob.digest.slice(7));
}

function readImage(layout: string): ImageBlobs {
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: Blob[] };
  const manifest = index.manifests[0];
  if (manifest === undefined) throw new Error(`${layout} holds no image`);
  const parsed = JSON.parse(readFileSync(blobPath(layout, manifest), "utf8")) as Omit<ImageBlobs, "manifest">;
  return { manifest, config: parsed.config, layers: parsed.layers };
}

async function unpackAll(layout: string, layers: readonly Blob[], folder: string): Promise<string[]> {
  const tars: string[] = [];
  for (const layer of layers) {
    const tar = join(folder, `${layer.digest.slice(7, 19)}.tar`);
    if (!existsSync(tar)) {
      await pipeline(
        createReadStream(blobPath(layout, layer)),
        createGunzip(),
        createWriteStream(`${tar}.partial`),
      );
      renameSync(`${tar}.partial`, tar);
    }
    tars.push(tar);
  }
  return tars;
}

async function concatenate(files: readonly string[], to: string): Promise<string> {
  const size = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (existsSync(to) && statSync(to).size === size) return to;
  rmSync(to, { force: true });
  for (const file of files) await pipeline(createReadStream(file), createWriteStream(to, { flags: "a" }));
  return to;
}
