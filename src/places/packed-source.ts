import type { Readable } from "node:stream";
import { decompressed } from "../codec/compression.ts";
import { readAll } from "../codec/read-all.ts";
import { verified } from "../codec/verify.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Document, Source } from "./place.ts";
import { manifestLimit } from "./registry/manifests.ts";

/** Where an image's manifests and blobs lie just as they are named. */
export interface PackedImage extends Pick<Source, "label" | "name" | "repository" | "root" | "hasBlob"> {
  /** Any manifest or blob, unchecked. Throws `BLOB_MISSING`. */
  open(descriptor: Descriptor): Promise<Readable>;
}

/** The reading face of an image of which manifests and blobs can be had by their digests. It has no referrers. */
export function packedSource(image: PackedImage): Source {
  const { label, name, repository } = image;
  const whatOf = ({ digest }: Descriptor): string => `${digest} of ${label}`;
  return {
    label,
    name,
    ...(repository === undefined ? {} : { repository }),
    root: () => image.root(),
    async readDocument(descriptor): Promise<Document> {
      const what = whatOf(descriptor);
      const stream = verified(await image.open(descriptor), descriptor, what);
      return { descriptor, bytes: await readAll(stream, manifestLimit, what) };
    },
    hasBlob: (descriptor) => image.hasBlob(descriptor),
    openBlob: (descriptor) => image.open(descriptor),
    async openLayer({ descriptor }) {
      const what = whatOf(descriptor);
      return decompressed(verified(await image.open(descriptor), descriptor, what), { what });
    },
    referrers: async () => [],
    close: async () => undefined,
  };
}
