import type { Readable } from "node:stream";
import type { Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDocument } from "../../oci/manifest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { hostPlatform, pickPlatform } from "../../oci/platform.ts";
import { encodeDocument } from "../../oci/rewrite.ts";
import { DdiffError } from "../../util/errors.ts";
import { isAbandoned, processMark } from "../../util/process-mark.ts";
import { type Lacks, ociArchive, reachable } from "../archive-stream.ts";
import { feedEngine } from "../image-files/feed.ts";
import { containerdName } from "../oci-layout-names.ts";
import type { Document, OutgoingImage, Sink } from "../place.ts";
import type { Ctr } from "./ctr.ts";

/** Names that stand for images on their way in. `.invalid` belongs to nobody (RFC 2606). */
const temporary = "ddiff.invalid/loading:";

/**
 * The writing face of one name in containerd: `ctr images import` under a temporary name, with what the namespace lacks; the name
 * itself is given last, when all is there and this machine's platform is unpacked. Every digest stays, all platforms are kept.
 */
export function containerdSink(ctr: Ctr, name: string | undefined, label: string): Sink {
  return {
    label,
    has: async ({ descriptor }) => (await ctr.digests()).has(descriptor.digest),
    async write(image, options) {
      await sweep(ctr);
      const held = await ctr.digests();
      const working = `${temporary}${processMark()}`;
      const names = { all: working, index: `${working}-index`, run: `${working}-run` };
      const archiveAs = (root: Document, called: string, lacks: Lacks): Readable => {
        const documents = new Map(image.documents).set(root.descriptor.digest, root);
        const options = { annotations: () => ({ [containerdName]: called }) };
        return ociArchive({ ...image, documents, root: root.descriptor }, [called], lacks, options);
      };
      const root = documentOf(image, image.root);
      const present = presentChildren(image, root);
      const whole = present === undefined ? root : makeIndex(present);
      try {
        const bytes = await feedEngine(
          image,
          {
            label: `loading ${name ?? image.root.digest} into containerd`,
            has: (blob) => held.has(blob.descriptor.digest),
            archive: (lacks) => archiveAs(whole, names.all, lacks),
            async load(stream, signal) {
              await ctr.import(stream, { platform: "all", unpack: false, signal });
              await checkWhole(ctr, image, whole.descriptor);
            },
          },
          options,
        );
        const { signal } = options;
        // Everything is there now, so what is still imported needs no blobs.
        if (present !== undefined) {
          const platform = present.find((child) => child.platform !== undefined)?.platform;
          const stream = archiveAs(root, names.index, nothing);
          await ctr.import(stream, { platform: platform ?? hostPlatform(), unpack: false, signal });
          await ctr.keep(image.root.digest, present);
        }
        const runnable = pickPlatform(image.images)?.manifest;
        if (runnable !== undefined) {
          // The manifest alone, because an index that is imported for one platform forgets the others.
          const stream = archiveAs(documentOf(image, runnable), names.run, nothing);
          await ctr.import(stream, { platform: hostPlatform(), unpack: true, signal });
        }
        signal?.throwIfAborted();
        const from = present === undefined ? names.all : names.index;
        await ctr.tag(from, name ?? `ddiff.local/image@${image.root.digest}`);
        return { label, digest: image.root.digest, bytes };
      } finally {
        for (const called of Object.values(names)) await ctr.remove(called).catch(() => undefined);
      }
    },
    close: async () => {},
  };
}

function documentOf(image: OutgoingImage, { digest }: Descriptor): Document {
  const document = image.documents.get(digest);
  if (document !== undefined) return document;
  throw new DdiffError("IMAGE_INVALID", `The image comes without its own manifest ${digest}`);
}

/**
 * Those manifests of a sparse index that the image brings; undefined where none is missing. containerd imports an index for all
 * platforms or for one, so the others come in through an index of our own, and the real one is tied to them afterwards.
 */
function presentChildren(image: OutgoingImage, root: Document): Descriptor[] | undefined {
  const parsed = parseDocument(root.bytes, root.descriptor.mediaType);
  if (parsed.kind !== "index") return undefined;
  const present = parsed.manifests.filter((child) => image.documents.has(child.digest));
  return present.length === parsed.manifests.length ? undefined : present;
}

function makeIndex(manifests: Descriptor[]): Document {
  return encodeDocument({ kind: "index", mediaType: mediaTypes.ociIndex, manifests });
}

/** For archives of documents alone. */
function nothing(): boolean {
  return false;
}

/** containerd imports an archive with holes and says nothing. Throws `ENGINE_REFUSED`. */
async function checkWhole(ctr: Ctr, image: OutgoingImage, imported: Descriptor): Promise<void> {
  const there = await ctr.digests();
  const wanted = [imported.digest, ...broughtBelow(image, imported)];
  const missing = wanted.filter((digest) => !there.has(digest));
  if (missing.length === 0) return;
  throw new DdiffError(
    "ENGINE_REFUSED",
    `containerd did not keep ${missing.length} blobs of the image: ${missing[0]}`,
    {
      hint: "Look whether its disk is full, then run the same command again.",
    },
  );
}

/** What the image brings of all that its own root leads to; what a sparse index lists besides was not there to be brought. */
function broughtBelow(image: OutgoingImage, imported: Descriptor): Digest[] {
  const brought = new Set([...image.documents.keys(), ...image.blobs.map((blob) => blob.descriptor.digest)]);
  const isImported = (digest: Digest): boolean => digest !== image.root.digest || digest === imported.digest;
  return [...reachable(image, [image.root])].filter((digest) => brought.has(digest) && isImported(digest));
}

/** Removes the temporary names that killed processes left. */
async function sweep(ctr: Ctr): Promise<void> {
  for (const { name } of await ctr.images()) {
    if (!name.startsWith(temporary)) continue;
    // There is no file to tell the age by: a mark of another machine's process is left alone.
    if (await isAbandoned(name.slice(temporary.length).replace(/-(?:run|index)$/, ""), "/nonexistent"))
      await ctr.remove(name);
  }
}
