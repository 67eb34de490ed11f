import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { copyImage } from "../../places/copy.ts";
import { type ImageTree, readImage } from "../../places/image-tree.ts";
import { ociLayoutPlace } from "../../places/oci-layout.ts";
import type { PlaceContext, Source } from "../../places/place.ts";
import { MemoryStore } from "../../places/testing/memory.ts";
import { silent } from "../../util/progress.ts";
import { diffImages, type DiffReport, type DiffRequest } from "../diff.ts";

/** A layer of a made image and how it is packed; gzip when not said, or gzip or zstd as a function makes it. */
export interface LayerSpec {
  tar: Buffer;
  pack?: "none" | "gzip" | "zstd" | ((tar: Buffer) => Buffer) | { zstd: (tar: Buffer) => Buffer };
}

/** Stores a runnable image; the descriptor carries its platform, as an index would. */
export function addImage(
  store: MemoryStore,
  layers: readonly LayerSpec[],
  platform = "linux/amd64",
  note = "",
): Descriptor {
  const { os, architecture } = parsePlatform(platform);
  const config = {
    architecture,
    os,
    config: { Labels: { note } },
    rootfs: { type: "layers", diff_ids: layers.map(({ tar }) => digestOf(tar)) },
  };
  const manifest = store.manifest(
    store.blob(mediaTypes.ociConfig, JSON.stringify(config)),
    layers.map((layer) => packLayer(store, layer)),
  );
  return { ...manifest, platform: parsePlatform(platform) };
}

function packLayer(store: MemoryStore, { tar, pack = "gzip" }: LayerSpec): Descriptor {
  if (pack === "none") return store.blob(mediaTypes.ociLayer, tar);
  if (typeof pack === "object") return store.blob(mediaTypes.ociLayerZstd, pack.zstd(tar));
  if (pack === "zstd") return store.blob(mediaTypes.ociLayerZstd, zstdCompressSync(tar));
  return store.blob(mediaTypes.ociLayerGzip, pack === "gzip" ? gzipSync(tar) : pack(tar));
}

/** A folder for one test with everything in it: layouts, bundles, temporary files and the recipe cache. */
export interface Workshop {
  folder: string;
  context: PlaceContext;
  /** Where temporary files go: empty when nothing runs. */
  tempDir: string;
  /** A path in the folder. */
  path(name: string): string;
  /** Writes an image of `store` into the layout `place` (`NAME:tag`, under the folder); answers its place as users write it. */
  write(store: MemoryStore, root: Descriptor, place: string): Promise<string>;
  /** Opens what `write` answered; closed with the workshop. */
  open(place: string): Promise<Source>;
  /** What stands at a place. */
  read(place: string): Promise<ImageTree>;
  /** Writes a bundle; places as `write` answers them. */
  diff(
    bases: string[],
    targets: string[],
    more?: Partial<DiffRequest>,
  ): Promise<DiffReport & { file: string }>;
  close(): Promise<void>;
}

/** Makes a workshop in the system's temporary folder. */
export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-delta-"));
  const tempDir = join(folder, "temp");
  await mkdir(tempDir);
  const context: PlaceContext = {
    env: { DDIFF_CACHE_DIR: join(folder, "cache"), HOME: folder },
    progress: silent,
    tempDir,
    insecure: false,
  };
  const opened: Source[] = [];
  const path = (name: string): string => join(folder, name);
  const open = async (place: string): Promise<Source> => {
    const source = await ociLayoutPlace(place.slice("oci:".length), context).source();
    opened.push(source);
    return source;
  };
  let bundles = 0;
  return {
    folder,
    context,
    tempDir,
    path,
    open,
    async write(store, root, place) {
      const sink = await ociLayoutPlace(path(place), context).sink();
      await copyImage(store.source(root), sink, { progress: silent });
      await sink.close();
      return `oci:${path(place)}`;
    },
    read: async (place) => readImage(await open(place)),
    async diff(bases, targets, more = {}) {
      const file = path(`bundle-${bundles++}.ddiff`);
      const report = await diffImages({
        bases: await Promise.all(bases.map(open)),
        targets: await Promise.all(targets.map(open)),
        effort: "fast",
        wholeLayers: false,
        out: file,
        context,
        ...more,
      });
      return { ...report, file };
    },
    async close() {
      for (const source of opened) await source.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Image IDs and diffIDs: what must be the same on both sides of a bundle. */
export function identity(tree: ImageTree): { id: Digest; layers: Digest[] }[] {
  return tree.images.map((image) => ({
    id: image.configDescriptor.digest,
    layers: image.layers.map((layer) => layer.diffId),
  }));
}

/** Every file below a folder with a digest of its content, to compare before with after. */
export async function treeOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  const digests = await Promise.all(
    files.map(async (file) => [file, digestOf(await readFile(file))] as const),
  );
  return Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}
