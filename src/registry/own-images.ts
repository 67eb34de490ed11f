import { addAbortSignal, Readable } from "node:stream";
import { algorithmOf } from "../oci/digest.ts";
import { isIndexType, isManifestType } from "../oci/media-types.ts";
import { packedSource } from "../places/packed-source.ts";
import type { OutgoingBlob, Sink, Source } from "../places/place.ts";
import { blobsToSend, manifestsToSend } from "../places/sending-order.ts";
import { DdiffError } from "../util/errors.ts";
import { RegistryError } from "./errors.ts";
import { findManifest, putManifest, type PushedManifest, readManifest } from "./manifests.ts";
import { findBlob, linkBlob, mountBlob, type Repositories } from "./repositories.ts";

/** How sources of this very registry call it, so that its sinks know what they can mount. */
const here = "here";

/** The reading face of an image that a repository of this server holds; the caller has seen to who may pull it. */
export function ownSource(repositories: Repositories, repository: string, reference: string): Source {
  const name = `${repository}${reference.includes(":") ? "@" : ":"}${reference}`;
  return packedSource({
    label: name,
    name,
    repository: { registry: here, repository },
    async root() {
      const found = await findManifest(repositories, repository, reference);
      if (found === undefined) throw new DdiffError("IMAGE_MISSING", `there is no ${name}`);
      return { descriptor: found, bytes: await readManifest(repositories, found) };
    },
    async hasBlob({ digest, mediaType }) {
      return isIndexType(mediaType) || isManifestType(mediaType)
        ? (await findManifest(repositories, repository, digest)) !== undefined
        : (await findBlob(repositories, repository, digest)) !== undefined;
    },
    async open({ digest, mediaType }) {
      if (isIndexType(mediaType) || isManifestType(mediaType)) {
        const found = await findManifest(repositories, repository, digest);
        if (found !== undefined) return Readable.from([await readManifest(repositories, found)]);
      } else if ((await findBlob(repositories, repository, digest)) !== undefined) {
        return repositories.store.openBlob(digest);
      }
      throw new DdiffError("BLOB_MISSING", `${name} lacks ${digest}`);
    },
  });
}

/** Where an image of this server goes, and within which bounds. */
interface OwnTarget extends Pick<PushedManifest, "repository" | "sparse" | "mayMoveTag"> {
  tag: string;
  /** Bytes of a blob. */
  blobBytes: number | undefined;
  /** Bytes of a manifest. */
  manifestBytes: number;
}

/**
 * The writing face of a tag of this server, as if the image were pushed: blobs first, then manifests, the tag last. Throws what pushes
 * throw, SIZE_INVALID for a manifest or blob that is too large.
 */
export function ownSink(repositories: Repositories, target: OwnTarget): Sink {
  const { repository, tag } = target;
  const label = `${repository}:${tag}`;
  return {
    label,
    wantsPacked: true,
    has: async ({ descriptor }) =>
      (await findBlob(repositories, repository, descriptor.digest, { touch: true })) !== undefined,
    async write(image, { signal }) {
      const manifests = manifestsToSend(image);
      for (const { bytes } of manifests) checkSize("manifest", bytes.length, target.manifestBytes);
      let bytes = 0;
      for (const blob of blobsToSend(image)) {
        signal?.throwIfAborted();
        bytes += await takeBlob(repositories, target, blob, signal);
      }
      for (const { bytes: document, descriptor } of manifests) {
        await putManifest(repositories, { ...target, ...descriptor, bytes: document, tags: [] });
        bytes += document.length;
      }
      const root = manifests.find(({ descriptor }) => descriptor.digest === image.root.digest);
      if (root === undefined) throw new DdiffError("IMAGE_INVALID", "the image comes without its manifest");
      signal?.throwIfAborted();
      await putManifest(repositories, { ...target, ...root.descriptor, bytes: root.bytes, tags: [tag] });
      return { label, digest: image.root.digest, bytes };
    },
    close: async () => undefined,
  };
}

/** Lets the repository hold a blob; answers how many bytes had to be written. */
async function takeBlob(
  repositories: Repositories,
  { repository, blobBytes }: OwnTarget,
  blob: OutgoingBlob,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { digest, size } = blob.descriptor;
  if ((await findBlob(repositories, repository, digest, { touch: true })) !== undefined) return 0;
  const from = blob.mountFrom?.registry === here ? blob.mountFrom.repository : undefined;
  if (from !== undefined && (await mountBlob(repositories, from, repository, digest))) return 0;
  checkSize("blob", size, blobBytes);
  const stream = await blob.open();
  if (signal !== undefined) addAbortSignal(signal, stream);
  const upload = await repositories.store.createUpload({ repository, digestAlgorithm: algorithmOf(digest) });
  try {
    await upload.append(stream as AsyncIterable<Buffer>, size);
    await upload.finish(digest);
  } catch (error) {
    await upload.cancel().catch(() => {});
    throw error;
  } finally {
    stream.destroy();
  }
  await linkBlob(repositories, repository, digest);
  return size;
}

function checkSize(what: string, size: number, most = Number.POSITIVE_INFINITY): void {
  if (size <= most) return;
  throw new RegistryError("SIZE_INVALID", `a ${what} may have at most ${most} bytes here`, { status: 413 });
}
