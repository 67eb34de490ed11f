import { join } from "node:path";
import { decompressed } from "../../codec/compression.ts";
import { isDdiffError, systemErrorCode } from "../../util/errors.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDocument } from "../../oci/manifest.ts";
import { folderBlobs, type NamedBlobs, readDescribed } from "../named-blobs.ts";
import { blobName, hasBlob, openBlob } from "../oci-layout-source.ts";
import type { Source } from "../place.ts";

/** The folder of containerd's content store under its root: below it lies `blobs/ALGORITHM/HEX` as in an OCI layout. */
const storeFolder = "io.containerd.content.v1.content";

/** The content store of a containerd with this root folder. */
export function contentFiles(root: string): NamedBlobs {
  return folderBlobs(join(root, storeFolder));
}

/** Whether a blob lies there and may be read; false where the folder is not for us. */
export async function holds(files: NamedBlobs, descriptor: Descriptor): Promise<boolean> {
  try {
    return await hasBlob(files, blobName(descriptor.digest), descriptor);
  } catch (error) {
    if (["EACCES", "EPERM"].includes(systemErrorCode(error) ?? "") || isDdiffError(error, "LINK_OUTSIDE")) {
      return false;
    }
    throw error;
  }
}

/** The reading face of an image whose blobs lie in a content store as they were pulled. */
export function contentSource(
  files: NamedBlobs,
  root: Descriptor,
  as: { label: string; name: string | undefined; referrers?: (subject: string) => Promise<Descriptor[]> },
): Source {
  const { mediaType, digest, size } = root;
  return {
    label: as.label,
    name: as.name,
    async root() {
      const descriptor = { mediaType, digest, size };
      return { descriptor, bytes: await readDescribed(files, blobName(digest), descriptor) };
    },
    async readDocument(descriptor) {
      return { descriptor, bytes: await readDescribed(files, blobName(descriptor.digest), descriptor) };
    },
    hasBlob: (descriptor) => holds(files, descriptor),
    openBlob: (descriptor) => openBlob(files, blobName(descriptor.digest), descriptor),
    async openLayer({ descriptor, diffId }) {
      const blob = await openBlob(files, blobName(descriptor.digest), descriptor);
      return decompressed(blob, { what: `layer ${diffId} in ${as.label}` });
    },
    referrers: async (subject) => (await as.referrers?.(subject)) ?? [],
    close: () => files.close(),
  };
}

/** What refers to a manifest, among these images: containerd keeps each signature as an image of its own. */
export async function referrersAmong(
  files: NamedBlobs,
  images: readonly Descriptor[],
  subject: string,
): Promise<Descriptor[]> {
  const found = new Map<string, Descriptor>();
  for (const image of images) {
    if (!(await holds(files, image))) continue;
    const { mediaType, digest, size } = image;
    const bytes = await readDescribed(files, blobName(digest), image);
    const document = parseDocument(bytes, mediaType);
    if (document.subject?.digest !== subject) continue;
    const artifactType =
      document.artifactType ?? (document.kind === "manifest" ? document.config.mediaType : undefined);
    found.set(digest, {
      mediaType,
      digest,
      size,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
    });
  }
  return [...found.values()];
}
