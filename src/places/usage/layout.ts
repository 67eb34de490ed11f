import type { Digest } from "../../oci/digest.ts";
import { folderBlobs } from "../named-blobs.ts";
import { imageName, writtenNames } from "../oci-layout-names.ts";
import { readLayout } from "../oci-layout-source.ts";
import type { PlaceContext } from "../place.ts";
import { measureBlobs } from "./blob-folder.ts";
import { blobImages, type BlobRoot, joinRoots } from "./blob-usage.ts";
import { withShared } from "./measured-parts.ts";
import type { Usage } from "./usage.ts";

/** What an OCI layout in a folder keeps. Throws what `readLayout` throws, and `EACCES`. */
export async function layoutUsage(path: string, context: PlaceContext): Promise<Usage> {
  const layout = await readLayout(folderBlobs(path));
  const roots = (await layout.images()).map((entry): BlobRoot => {
    const name = imageName(entry, path) ?? writtenNames(entry)[0];
    return {
      digest: entry.digest,
      names: name === undefined ? [] : [name],
      open: () => openEntry(path, entry.digest),
    };
  });
  const { images, parts: known, notes } = await blobImages(joinRoots(roots), { referrers: true });
  const { parts, shared } = await measureBlobs(path, "plain", known, { signal: context.signal });
  return {
    label: `oci:${path}`,
    name: "The layout",
    folder: path,
    measure: "disk",
    parts,
    images: images.map((image) => ({ ...image, parts: withShared(image.parts, shared) })),
    containers: [],
    volumes: [],
    notes,
  };
}

async function openEntry(path: string, digest: Digest): ReturnType<BlobRoot["open"]> {
  const layout = await readLayout(folderBlobs(path));
  return layout.source(await layout.find(`@${digest}`), `oci:${path}:@${digest}`);
}
