import type { Readable } from "node:stream";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseDocument } from "../oci/manifest.ts";
import type { Document, Layer, Source } from "../places/place.ts";
import { DdiffError } from "../util/errors.ts";
import type { Bundle } from "./bundle-read.ts";
import { streamOf } from "./literals.ts";

/**
 * One target of a bundle as a source of documents and artifacts, so that the same code that reads images from places
 * checks what a bundle says. Its layers are not here: `load` rebuilds them.
 */
export function bundleSource(
  bundle: Bundle,
  target: Bundle["config"]["targets"][number],
  label: string,
): Source {
  const { config } = bundle;
  const documents = new Map<Digest, Document>(
    config.documents.map(({ text, ...descriptor }) => [
      descriptor.digest,
      { descriptor, bytes: Buffer.from(text) },
    ]),
  );
  const carried = new Set<Digest>(config.blobs.map((blob) => blob.digest));
  const document = (descriptor: Descriptor): Document => {
    const found = documents.get(descriptor.digest);
    if (found !== undefined) return { descriptor, bytes: found.bytes };
    throw new DdiffError(
      "BUNDLE_INVALID",
      `the bundle is damaged: it does not hold the document ${descriptor.digest}`,
    );
  };
  return {
    label,
    name: target.name,
    root: async () => document(target.root),
    readDocument: async (descriptor) => document(descriptor),
    hasBlob: async ({ digest }) => documents.has(digest) || carried.has(digest),
    openBlob: async (descriptor): Promise<Readable> => streamOf(bundle.blob(descriptor)),
    openLayer: async (layer: Layer): Promise<Readable> => {
      throw new DdiffError("BUNDLE_INVALID", `layer ${layer.diffId} has to be rebuilt before it can be read`);
    },
    referrers: async (subject) =>
      config.referrers.filter(({ digest }) => {
        const bytes = documents.get(digest)?.bytes;
        return bytes !== undefined && parseDocument(bytes).subject?.digest === subject;
      }),
    close: async () => {},
  };
}
