import type { Readable } from "node:stream";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseDocument } from "../oci/manifest.ts";
import type { Document, Layer, Source } from "../places/place.ts";
import { type ImageTree, readImage } from "../places/image-tree.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import type { Bundle } from "./bundle-read.ts";
import { streamOf } from "../util/random-bytes.ts";

/**
 * Reads the images that a bundle brings, from the documents that it carries, and checks that it says for each of their
 * layers, and for no other, how the receiver gets it. Throws `BUNDLE_INVALID`.
 */
export async function readTargets(bundle: Bundle, label: string): Promise<ImageTree[]> {
  const trees: ImageTree[] = [];
  for (const target of bundle.config.targets) {
    try {
      trees.push(await readImage(bundleSource(bundle, target, label)));
    } catch (cause) {
      if (!isDdiffError(cause) || cause.code === "BUNDLE_INVALID") throw cause;
      throw damaged(`${target.name ?? target.root.digest} is no whole image: ${cause.message}`, cause);
    }
  }
  const described = new Set(bundle.config.layers.map((layer) => layer.diffId));
  const needed = new Set(
    trees.flatMap(({ images }) => images.flatMap(({ layers }) => layers.map((layer) => layer.diffId))),
  );
  for (const diffId of needed) {
    if (!described.has(diffId)) throw damaged(`it does not say where layer ${diffId} comes from`);
  }
  for (const diffId of described) {
    if (!needed.has(diffId)) throw damaged(`its layer ${diffId} belongs to no image that it brings`);
  }
  return trees;
}

function damaged(problem: string, cause?: unknown): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${problem}`, {
    hint: "Make the bundle again with ddiff diff.",
    cause,
  });
}

/**
 * One target of a bundle as a source of documents and artifacts, so that the same code that reads images from places
 * checks what a bundle says. Its layers are not here: `load` rebuilds them.
 */
function bundleSource(bundle: Bundle, target: Bundle["config"]["targets"][number], label: string): Source {
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
    // Configs of artifacts may be anything, also no text: those are carried as blobs.
    if (carried.has(descriptor.digest)) {
      const bytes = bundle.blob(descriptor);
      return { descriptor, bytes: Buffer.from(bytes.read(0, bytes.length)) };
    }
    // An index may list platforms that are not carried (`--platform`): the reader leaves those out.
    throw new DdiffError("BLOB_MISSING", `it does not hold the document ${descriptor.digest}`);
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
