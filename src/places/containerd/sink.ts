import type { Digest } from "../../oci/digest.ts";
import { pickPlatform } from "../../oci/platform.ts";
import { DdiffError } from "../../util/errors.ts";
import { ociArchive, reachable } from "../archive-stream.ts";
import { feedEngine } from "../image-files/feed.ts";
import type { OutgoingImage, Sink } from "../place.ts";
import { isAbandoned, processMark } from "../temp-files.ts";
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
      const annotations = (): Record<string, string> => ({ "io.containerd.image.name": working });
      const archive = (lacks: Parameters<typeof ociArchive>[2]): ReturnType<typeof ociArchive> =>
        ociArchive(image, [working], lacks, { annotations });
      try {
        const bytes = await feedEngine(
          image,
          {
            label: `loading ${name ?? image.root.digest} into containerd`,
            has: (blob) => held.has(blob.descriptor.digest),
            archive,
            async load(stream, signal) {
              await ctr.import(stream, { unpack: false, signal });
              await checkWhole(ctr, image);
            },
          },
          options,
        );
        if (pickPlatform(image.images) !== undefined) {
          // Everything is there now, so that this archive needs no blobs: it only has containerd unpack.
          await ctr.import(
            archive(() => false),
            { unpack: true, signal: options.signal },
          );
        }
        options.signal?.throwIfAborted();
        await ctr.tag(working, name ?? `ddiff.local/image@${image.root.digest}`);
        return { label, digest: image.root.digest, bytes };
      } finally {
        await ctr.remove(working).catch(() => undefined);
      }
    },
    close: async () => {},
  };
}

/** containerd imports an archive with holes and says nothing. Throws `ENGINE_REFUSED`. */
async function checkWhole(ctr: Ctr, image: OutgoingImage): Promise<void> {
  const there = await ctr.digests();
  const missing = [...wholeImage(image)].filter((digest) => !there.has(digest));
  if (missing.length === 0) return;
  throw new DdiffError(
    "ENGINE_REFUSED",
    `containerd did not keep ${missing.length} blobs of the image: ${missing[0]}`,
    {
      hint: "Look whether its disk is full, then run the same command again.",
    },
  );
}

/** All that the image brings; what a sparse index lists besides was not there to be brought. */
function wholeImage(image: OutgoingImage): Set<Digest> {
  const brought = new Set([...image.documents.keys(), ...image.blobs.map((blob) => blob.descriptor.digest)]);
  return new Set([...reachable(image, [image.root])].filter((digest) => brought.has(digest)));
}

/** Removes the temporary names that killed processes left. */
async function sweep(ctr: Ctr): Promise<void> {
  for (const { name } of await ctr.images()) {
    if (!name.startsWith(temporary)) continue;
    // There is no file to tell the age by: a mark of another machine's process is left alone.
    if (await isAbandoned(name.slice(temporary.length), "/nonexistent")) await ctr.remove(name);
  }
}
