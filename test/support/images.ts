import { createHash } from "node:crypto";
import { readAll } from "../../src/codec/read-all.ts";
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
  const source = memory.source(memory.image("linux/amd64", tars));
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
