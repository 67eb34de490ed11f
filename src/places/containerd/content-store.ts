import type { Readable } from "node:stream";
import { decompressed } from "../../codec/compression.ts";
import { readAll } from "../../codec/read-all.ts";
import { verified } from "../../codec/verify.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { documentLimits } from "../../oci/json.ts";
import { parseDocument } from "../../oci/manifest.ts";
import { isDdiffError, systemErrorCode } from "../../util/errors.ts";
import { folderBlobs } from "../named-blobs.ts";
import { blobName } from "../oci-layout-source.ts";
import type { Document, Source } from "../place.ts";

/** The blobs that a containerd holds as they were pulled. */
export interface ContentStore {
  /** Whether this blob is there and may be read. */
  has(descriptor: Pick<Descriptor, "digest">): Promise<boolean>;
  /** Throws `BLOB_MISSING`. */
  open(descriptor: Pick<Descriptor, "digest">): Promise<Readable>;
}

/**
 * A content store by its folder (`io.containerd.content.v1.content` under containerd's root): below it lies
 * `blobs/ALGORITHM/HEX`, as in an OCI layout. A folder that is not for us to read holds nothing.
 */
export function contentFolder(folder: string): ContentStore {
  const files = folderBlobs(folder);
  return {
    async has({ digest }) {
      try {
        return (await files.size(blobName(digest))) !== undefined;
      } catch (error) {
        if (isForbidden(error)) return false;
        throw error;
      }
    },
    open: ({ digest }) => files.open(blobName(digest)),
  };
}

function isForbidden(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(systemErrorCode(error) ?? "") || isDdiffError(error, "LINK_OUTSIDE");
}

/** An index, manifest or config, checked. Throws `BLOB_MISSING`, `DIGEST_MISMATCH`, `TOO_LARGE`. */
async function readContent(store: ContentStore, digest: Digest, where: string): Promise<Buffer> {
  const what = `${digest} in ${where}`;
  return readAll(verified(await store.open({ digest }), { digest }, what), documentLimits.maxBytes, what);
}

/** What a source needs to know of an image beside its blobs. */
export interface ContentImage {
  label: string;
  name: string | undefined;
  root: { mediaType: string; digest: Digest };
  /** Descriptors of what refers to a manifest; nothing when not said. */
  referrers?(subject: Digest): Promise<Descriptor[]>;
}

/** The reading face of an image whose blobs lie in a content store. */
export function contentSource(store: ContentStore, image: ContentImage): Source {
  const { label, name } = image;
  const read = async (descriptor: Descriptor): Promise<Document> => ({
    descriptor,
    bytes: await readContent(store, descriptor.digest, label),
  });
  return {
    label,
    name,
    async root() {
      const { mediaType, digest } = image.root;
      const bytes = await readContent(store, digest, label);
      return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
    },
    readDocument: read,
    hasBlob: (descriptor) => store.has(descriptor),
    openBlob: (descriptor) => store.open(descriptor),
    async openLayer({ descriptor, diffId }) {
      const what = `layer ${descriptor.digest} in ${label}`;
      const blob = verified(await store.open(descriptor), descriptor, what);
      return decompressed(blob, { what: `layer ${diffId} in ${label}` });
    },
    referrers: async (subject) => (await image.referrers?.(subject)) ?? [],
    close: async () => {},
  };
}

/** What refers to a manifest, among these images: containerd keeps each signature as an image of its own. */
export async function referrersAmong(
  store: ContentStore,
  images: readonly ContentImage["root"][],
  subject: Digest,
  where: string,
): Promise<Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  for (const { mediaType, digest } of images) {
    if (found.has(digest) || !(await store.has({ digest }))) continue;
    const bytes = await readContent(store, digest, where);
    const document = parseDocument(bytes, mediaType);
    if (document.subject?.digest !== subject) continue;
    const configType = document.kind === "manifest" ? document.config.mediaType : undefined;
    const artifactType = document.artifactType ?? configType;
    found.set(digest, {
      mediaType,
      digest,
      size: bytes.length,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
    });
  }
  return [...found.values()];
}
