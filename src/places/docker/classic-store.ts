import { join } from "node:path";
import { parseConfig } from "../../oci/config.ts";
import { type Digest, digestOf, hexOf } from "../../oci/digest.ts";
import { chainIds } from "../image-files/chain.ts";
import { canRead, readableFile } from "../image-files/readable-file.ts";
import type { StoredImage, StoredLayer } from "../image-files/stored-image.ts";
import { unpackedLayer } from "../image-files/unpacked-layer.ts";
import type { DockerInfo } from "./api.ts";

/** Where a graph driver puts the files of a layer, by its cache ID. Others are read through `docker save`. */
const layerFolders: Readonly<Record<string, (cacheId: string) => string>> = {
  overlay2: (cacheId) => join("overlay2", cacheId, "diff"),
  "fuse-overlayfs": (cacheId) => join("fuse-overlayfs", cacheId, "diff"),
  vfs: (cacheId) => join("vfs/dir", cacheId),
};

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
  const config = await readableFile(join(store, "imagedb/content/sha256", hexOf(id)));
  // A file of that digest is the image, even if the socket belongs to a daemon on another machine.
  if (config === undefined || digestOf(config) !== id) return undefined;
  const { diffIds } = parseConfig(config);
  const layers: StoredLayer[] = [];
  for (const [position, chain] of chainIds(diffIds).entries()) {
    const diffId = diffIds[position] as Digest;
    const layer = join(store, "layerdb/sha256", hexOf(chain));
    const cacheId = (await readableFile(join(layer, "cache-id")))?.toString().trim();
    if (cacheId === undefined || !/^[0-9a-z][0-9a-z-]*$/.test(cacheId)) return undefined;
    const list = join(layer, "tar-split.json.gz");
    const folder = join(info.rootDir, folderOf(cacheId));
    if (!(await canRead(list)) || !(await canRead(folder))) return undefined;
    layers.push(unpackedLayer(diffId, list, folder));
  }
  return { ...as, config, layers };
}
