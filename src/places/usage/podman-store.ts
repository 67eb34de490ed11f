import { join } from "node:path";
import { z } from "zod";
import { type ImageConfig, parseConfig } from "../../oci/config.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { readRunConfig } from "../../oci/run-config.ts";
import { canRead, readableFile } from "../image-files/readable-file.ts";

const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
/** A name of a folder in the store; anything else would lead out of it. */
const id = z.string().regex(/^[0-9a-f]{64}$/);

const imagesSchema = z.array(
  z.looseObject({ id, names: texts, layer: id.or(z.literal("")).optional(), created: z.string().optional() }),
);
const layersSchema = z.array(
  z.looseObject({ id, parent: id.or(z.literal("")).optional(), "diff-size": z.number().optional() }),
);
const containersSchema = z.array(
  z.looseObject({
    id,
    names: texts,
    image: z.string().optional(),
    layer: id,
    metadata: z.string().default(""),
  }),
);

/** An image of the store with its config. */
export interface StorageImage {
  /** Without `sha256:`. */
  name: string;
  id: Digest;
  names: string[];
  created: string | undefined;
  config: ImageConfig;
  labels: ReadonlyMap<string, string>;
  /** IDs of its layers, bottom first. */
  layers: string[];
}

/** A container of the store. */
interface StorageContainer {
  id: string;
  name: string;
  image: string;
  layer: string;
  /** IDs of the layers below its own. */
  below: string[];
}

/** What containers/storage says in its own files of a folder (storage.conf(5), `graphroot`). */
export interface Storage {
  root: string;
  driver: string;
  images: StorageImage[];
  containers: StorageContainer[];
  /** Bytes of each layer's tar, where they are known, by its ID. */
  layers: ReadonlyMap<string, number | undefined>;
  /** Sentences about what cannot be read. */
  notes: string[];
}

const drivers: readonly string[] = ["overlay", "vfs", "btrfs"];

/** Which driver keeps images in a folder; undefined where none does, or the folder is not for us to read. */
export async function storageDriver(root: string): Promise<string | undefined> {
  for (const driver of drivers) if (await canRead(join(root, `${driver}-images/images.json`))) return driver;
  return undefined;
}

/** Reads the store's lists. What is damaged is left out with a note. */
export async function readStorage(root: string, driver: string): Promise<Storage> {
  const notes: string[] = [];
  const read = async <T>(name: string, schema: z.ZodType<T[]>): Promise<T[]> => {
    const path = join(root, name);
    const bytes = await readableFile(path);
    if (bytes === undefined) return [];
    const parsed = schema.safeParse(parseOrNothing(bytes));
    if (parsed.success) return parsed.data;
    notes.push(`${path} is not understood: what it lists is left out.`);
    return [];
  };
  const records = [
    ...(await read(`${driver}-layers/layers.json`, layersSchema)),
    ...(await read(`${driver}-layers/volatile-layers.json`, layersSchema)),
  ];
  const parents = new Map(records.map((record) => [record.id, record.parent]));
  const images: StorageImage[] = [];
  for (const image of await read(`${driver}-images/images.json`, imagesSchema)) {
    const config = await configOf(root, driver, image.id);
    if (config === undefined) {
      // A list of manifests is kept as an image without a layer and config.
      if (image.layer)
        notes.push(`The image ${image.names[0] ?? image.id} has no config that can be read: it is left out.`);
      continue;
    }
    const { id, names, created, layer } = image;
    const named = names.map((name) => name.replace(/^localhost\//, ""));
    images.push({ name: id, names: named, created, layers: chainOf(parents, layer), ...config });
  }
  const containers = [
    ...(await read(`${driver}-containers/containers.json`, containersSchema)),
    ...(await read(`${driver}-containers/volatile-containers.json`, containersSchema)),
  ].map(({ id, names, image = "", layer, metadata }): StorageContainer => {
    const below = chainOf(parents, layer).filter((one) => one !== layer);
    return { id, name: names[0] ?? id.slice(0, 12), image: imageIn(metadata) ?? image, layer, below };
  });
  return {
    root,
    driver,
    images,
    containers,
    layers: new Map(records.map((record) => [record.id, record["diff-size"]])),
    notes,
  };
}

async function configOf(
  root: string,
  driver: string,
  name: string,
): Promise<Pick<StorageImage, "id" | "config" | "labels"> | undefined> {
  const id: Digest = `sha256:${name}`;
  const file = `=${Buffer.from(id).toString("base64")}`;
  const bytes = await readableFile(join(root, `${driver}-images`, name, file));
  if (bytes === undefined || digestOf(bytes) !== id) return undefined;
  try {
    return { id, config: parseConfig(bytes), labels: readRunConfig(bytes).labels };
  } catch {
    // Something else than an image of containers, such as an artifact.
    return undefined;
  }
}

/** From the bottom up to this layer. */
function chainOf(parents: ReadonlyMap<string, string | undefined>, top: string | undefined): string[] {
  const chain = new Set<string>();
  for (let at = top; at !== undefined && at !== "" && !chain.has(at); at = parents.get(at)) chain.add(at);
  return [...chain].reverse();
}

/** The image that a container was made of, as Podman names it. */
function imageIn(metadata: string): string | undefined {
  const parsed = parseOrNothing(Buffer.from(metadata));
  const name = (parsed as { "image-name"?: unknown } | undefined)?.["image-name"];
  return typeof name === "string" && name !== "" ? name.replace(/^localhost\//, "") : undefined;
}

function parseOrNothing(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
