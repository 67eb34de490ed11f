import { DdiffError } from "../util/errors.ts";
import { decompressed } from "../codec/compression.ts";
import { verified } from "../codec/verify.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Document, OutgoingBlob, OutgoingImage, Source } from "./place.ts";

/** The reading face of an image that was not written anywhere yet, for those who want to look at it first. `label` names it. */
export function outgoingSource(image: OutgoingImage, label: string): Source {
  const blobs = new Map(image.blobs.map((blob) => [blob.descriptor.digest, blob]));
  const document = (descriptor: Descriptor): Document => {
    const found = image.documents.get(descriptor.digest);
    if (found === undefined) throw missing(label, descriptor);
    return found;
  };
  const blobOf = (descriptor: Descriptor): OutgoingBlob => {
    const found = blobs.get(descriptor.digest);
    if (found === undefined) throw missing(label, descriptor);
    return found;
  };
  return {
    label,
    name: undefined,
    unpacked: true,
    root: async () => document(image.root),
    readDocument: async (descriptor) => document(descriptor),
    hasBlob: async ({ digest }) => blobs.has(digest) || image.documents.has(digest),
    openBlob: async (descriptor) => blobOf(descriptor).open(),
    openLayer: async ({ descriptor, diffId }) => {
      const stream = await blobOf(descriptor).open();
      if (descriptor.digest === diffId) return stream;
      return decompressed(verified(stream, descriptor, `${descriptor.digest} of ${label}`));
    },
    referrers: async () => [],
    close: async () => {},
  };
}

function missing(label: string, { digest }: Descriptor): DdiffError {
  return new DdiffError("BLOB_MISSING", `${label} does not hold ${digest}`);
}
