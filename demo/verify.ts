import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { type Blob, blobPath } from "./image.ts";

/** An image as this check sees it. It reads the layout with Node alone, not with ddiff's own code. */
export interface Seen {
  /** The config's digest: the image ID. */
  id: string;
  layers: Blob[];
  /** What the config says that the layers contain. */
  diffIds: string[];
  /** Packed size of config, manifest and layers. */
  bytes: number;
}

/** Reads the image called `name` from an OCI layout. */
export function seeImage(layout: string, name: string): Seen {
  const index = readJson(join(layout, "index.json")) as {
    manifests: (Blob & { annotations?: Record<string, string> })[];
  };
  const root = index.manifests.find(
    (entry) => entry.annotations?.["org.opencontainers.image.ref.name"] === name,
  );
  if (root === undefined) throw new Error(`${layout} has no image called ${name}`);
  const manifest = readJson(blobPath(layout, root)) as { config: Blob; layers: Blob[] };
  const config = readJson(blobPath(layout, manifest.config)) as { rootfs: { diff_ids: string[] } };
  const bytes = [root, manifest.config, ...manifest.layers].reduce((sum, blob) => sum + blob.size, 0);
  return { id: manifest.config.digest, layers: manifest.layers, diffIds: config.rootfs.diff_ids, bytes };
}

/** Fails unless the image is there, has this ID, and each layer unpacks to exactly what its config says. */
export async function verifyImage(layout: string, name: string, id: string): Promise<Seen> {
  const seen = seeImage(layout, name);
  if (seen.id !== id) throw new Error(`the image ID is ${seen.id}, not ${id}`);
  if (seen.layers.length !== seen.diffIds.length) throw new Error("the image lacks layers");
  for (const [number, layer] of seen.layers.entries()) {
    const found = await diffId(blobPath(layout, layer), layer.mediaType);
    if (found !== seen.diffIds[number]) throw new Error(`layer ${number + 1} unpacks to ${found}`);
  }
  return seen;
}

async function diffId(file: string, mediaType: string): Promise<string> {
  const packed = createReadStream(file, { highWaterMark: 1 << 20 });
  const hash = createHash("sha256");
  for await (const bytes of unpack(packed, mediaType)) hash.update(bytes as Buffer);
  return `sha256:${hash.digest("hex")}`;
}

function unpack(packed: NodeJS.ReadableStream, mediaType: string): AsyncIterable<unknown> {
  if (mediaType.endsWith("gzip")) return packed.pipe(createGunzip({ chunkSize: 1 << 20 }));
  if (mediaType.endsWith("zstd")) return packed.pipe(createZstdDecompress({ chunkSize: 1 << 20 }));
  return packed;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
