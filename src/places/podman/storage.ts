import { join } from "node:path";
import { z } from "zod";
import { parseConfig } from "../../oci/config.ts";
import { type Digest, digestOf, hexOf } from "../../oci/digest.ts";
import { canRead, readableFile } from "../image-files/readable-file.ts";
import type { StoredImage, StoredLayer } from "../image-files/stored-image.ts";
import { unpackedLayer } from "../image-files/unpacked-layer.ts";
import type { PodmanInfo } from "./client.ts";

const imagesSchema = z.array(z.looseObject({ id: z.string(), layer: z.string().optional() }));
const layersSchema = z.array(
  z.looseObject({
    id: z.string(),
    parent: z.string().optional(),
    "diff-digest": z.string().optional(),
    "diff-size": z.number().optional(),
  }),
);

type LayerRecord = z.infer<typeof layersSchema>[number];

/** Where a driver of containers/storage puts the files of a layer. */
const layerFolders: Readonly<Record<string, (id: string) => string>> = {
  overlay: (id) => join("overlay", id, "diff"),
  vfs: (id) => join("vfs/dir", id),
};

/**
 * An image from the files of containers/storage. Undefined where they cannot be read whole: without root (files belong to
 * sub-users), another driver, a store on another machine, layers that were fetched file by file (zstd:chunked).
 */
export async function storageImage(
  info: PodmanInfo,
  id: Digest,
  as: { label: string; name: string | undefined },
): Promise<StoredImage | undefined> {
  const folderOf = layerFolders[info.driver];
  if (!info.local || folderOf === undefined || process.getuid?.() !== 0) return undefined;
  const { driver, graphRoot } = info;
  const images = imagesSchema.safeParse(await readJson(join(graphRoot, `${driver}-images/images.json`)));
  const image = images.data?.find((one) => one.id === hexOf(id));
  if (image === undefined) return undefined;
  const folder = join(graphRoot, `${driver}-images`, image.id);
  const config = await readableFile(join(folder, `=${Buffer.from(id).toString("base64")}`));
  if (config === undefined || digestOf(config) !== id) return undefined;
  const chain = layersDown(await readLayers(join(graphRoot, `${driver}-layers/layers.json`)), image.layer);
  const { diffIds } = parseConfig(config);
  if (chain.length !== diffIds.length) return undefined;
  const layers: StoredLayer[] = [];
  for (const [position, record] of chain.entries()) {
    const diffId = diffIds[position] as Digest;
    const list = join(graphRoot, `${driver}-layers`, `${record.id}.tar-split.gz`);
    const files = join(graphRoot, folderOf(record.id));
    if (record["diff-digest"] !== diffId || !(await canRead(list)) || !(await canRead(files)))
      return undefined;
    layers.push(unpackedLayer(diffId, list, files, record["diff-size"]));
  }
  const manifest = await readableFile(join(folder, "manifest"));
  return { ...as, config, layers, ...(manifest === undefined ? {} : { manifest }) };
}

async function readLayers(path: string): Promise<Map<string, LayerRecord>> {
  const records = layersSchema.safeParse(await readJson(path)).data ?? [];
  return new Map(records.filter(({ id }) => /^[0-9a-f]+$/.test(id)).map((record) => [record.id, record]));
}

/** From the top layer down to the bottom, answered bottom first. */
function layersDown(records: ReadonlyMap<string, LayerRecord>, top: string | undefined): LayerRecord[] {
  const chain: LayerRecord[] = [];
  for (let id = top; id !== undefined && id !== "" && chain.length <= records.size; ) {
    const record = records.get(id);
    if (record === undefined) return [];
    chain.push(record);
    id = record.parent;
  }
  return chain.reverse();
}

async function readJson(path: string): Promise<unknown> {
  const bytes = await readableFile(path);
  try {
    return bytes === undefined ? undefined : JSON.parse(bytes.toString());
  } catch {
    // Podman would not read it either; its own answer to an export says what is wrong.
    return undefined;
  }
}
