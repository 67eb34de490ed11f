import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { readAll } from "../../src/codec/read-all.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { copyImage } from "../../src/places/copy.ts";
import { openPlace } from "../../src/places/open.ts";
import { contextIn } from "../../src/places/testing/folders.ts";
import { MemoryStore } from "../../src/places/testing/memory.ts";
import { silent } from "../../src/util/progress.ts";
import { packTar } from "../../src/tar/writer.ts";

/** Files of one layer, by path. */
export type LayerFiles = Record<string, string>;

/** Writes an image of these layers to a place (`oci:FOLDER:NAME`); files must be ASCII. Returns its manifest's digest. */
export async function writeImage(
  place: string,
  layers: readonly LayerFiles[],
  tempDir: string,
): Promise<string> {
  const memory = new MemoryStore();
  const tars: string[] = [];
  for (const files of layers) tars.push(await layerTar(files));
  const config = {
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(Buffer.from(tar))) },
    // Builders refuse a base whose history does not fit its layers.
    history: tars.map((_, at) => ({ created: "2026-01-01T00:00:00Z", created_by: `COPY layer${at} /` })),
  };
  const manifest = memory.manifest(
    memory.blob(mediaTypes.ociConfig, JSON.stringify(config)),
    tars.map((tar) => memory.blob(mediaTypes.ociLayerGzip, gzipSync(tar))),
  );
  const source = memory.source(manifest);
  const sink = await (await openPlace(place, contextIn(tempDir))).sink();
  try {
    return (await copyImage(source, sink, { progress: silent })).digest;
  } finally {
    await sink.close();
  }
}

async function layerTar(files: LayerFiles): Promise<string> {
  const members = Object.entries(files).map(([path, text]) => ({
    path,
    size: text.length,
    bytes: Buffer.from(text),
  }));
  return (await readAll(packTar(members), 1 << 28, "a layer")).toString("latin1");
}

/** Text that does not compress well, the same for the same seed. */
export function noise(seed: string, length: number): string {
  let text = "";
  for (let at = 0; text.length < length; at += 1)
    text += createHash("sha256").update(`${seed}${at}`).digest("base64");
  return text.slice(0, length);
}
