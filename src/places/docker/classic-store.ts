import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { decompressed } from "../../codec/compression.ts";
import { parseConfig } from "../../oci/config.ts";
import { type Digest, digestOf, hexOf } from "../../oci/digest.ts";
import { systemErrorCode } from "../../util/errors.ts";
import { chainIds } from "../image-files/chain.ts";
import { layerFiles } from "../image-files/layer-files.ts";
import { type StoredImage, type StoredLayer } from "../image-files/stored-image.ts";
import { sizeOfSplit, tarFromSplit } from "../tar-split.ts";
import type { DockerInfo } from "./api.ts";

/** Where a graph driver puts the files of a layer, by its cache ID. Others are read through `docker save`. */
const layerFolders: Readonly<Record<string, (cacheId: string) => string>> = {
  overlay2: (cacheId) => join("overlay2", cacheId, "diff"),
  "fuse-overlayfs": (cacheId) => join("fuse-overlayfs", cacheId, "diff"),
  vfs: (cacheId) => join("vfs/dir", cacheId),
};

/** Limits for small files of the store that are read whole, and for lists of files, in bytes. */
const windowLimits = { maxRatio: 5000 };

/**
 * An image from the files of Docker's classic store: its config verbatim, and for each layer the list that puts its tar
 * together again. Undefined where they cannot be read: no root, a daemon elsewhere, another graph driver, an image without lists.
 */
export async function classicImage(
  info: DockerInfo,
  id: Digest,
  as: { label: string; name: string | undefined },
): Promise<StoredImage | undefined> {
  const folderOf = layerFolders[info.driver];
  if (info.containerdStore || folderOf === undefined) return undefined;
  const store = join(info.rootDir, "image", info.driver);
  const config = await readable(join(store, "imagedb/content/sha256", hexOf(id)));
  // A file of that digest is the image, even if the socket belongs to a daemon on another machine.
  if (config === undefined || digestOf(config) !== id) return undefined;
  const { diffIds } = parseConfig(config);
  const layers: StoredLayer[] = [];
  for (const [position, chain] of chainIds(diffIds).entries()) {
    const diffId = diffIds[position] as Digest;
    const layer = join(store, "layerdb/sha256", hexOf(chain));
    const cacheId = (await readable(join(layer, "cache-id")))?.toString().trim();
    if (cacheId === undefined || !/^[0-9a-z][0-9a-z-]*$/.test(cacheId)) return undefined;
    const list = join(layer, "tar-split.json.gz");
    const folder = join(info.rootDir, folderOf(cacheId));
    if (!(await canRead(list)) || !(await canRead(folder))) return undefined;
    layers.push(unpackedLayer(diffId, list, folder));
  }
  return { ...as, config, layers };
}

/** A layer from the list of its files, as both Docker and Podman write it, and the folder where they are. */
export function unpackedLayer(diffId: Digest, list: string, folder: string, size?: number): StoredLayer {
  const what = `layer ${diffId.slice(0, 19)}`;
  const openList = (): Readable =>
    decompressed(createReadStream(list, { highWaterMark: 1 << 20 }), {
      ...windowLimits,
      what: `the list of ${what}`,
    });
  let known = size === undefined ? undefined : Promise.resolve(size);
  return {
    diffId,
    size: () => (known ??= sizeOfSplit(openList(), what)),
    open: async () => tarFromSplit(openList, layerFiles(folder, what), what),
  };
}

/** A small file, or undefined where it is not there or not for us. */
async function readable(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (notForUs.has(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}

const notForUs: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM"]);

async function canRead(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
