import { parseDocument } from "../../oci/manifest.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { DdiffError } from "../../util/errors.ts";
import { mapLimited } from "../../util/map-limited.ts";
import type { Progress } from "../../util/progress.ts";
import type { Document, OutgoingBlob, OutgoingImage, Sink, Written } from "../place.ts";
import { blobsToSend, manifestsToSend } from "../sending-order.ts";
import { hasBlob } from "./blob-download.ts";
import { uploadBlob } from "./blob-upload.ts";
import type { Connection } from "./connection.ts";
import { putManifest } from "./manifests.ts";
import { addFallbackReferrer } from "./referrers.ts";

/** The writing face of one name in a registry: a tag, or a digest that the image must have. */
export function registrySink(connection: Connection, reference: Reference): Sink {
  const label = `docker://${formatReference(reference)}`;
  return {
    label,
    wantsPacked: true,
    has: ({ descriptor }) =>
      hasBlob(connection, reference.path, descriptor, { signal: connection.signal, pushing: true }),
    async write(image, { progress, signal }) {
      refuseOtherDigest(reference, image);
      const manifests = manifestsToSend(image);
      const sent = await sendBlobs(connection, reference.path, image, progress, signal);
      const bytes = await sendManifests(connection, reference, image, manifests);
      return { label, digest: image.root.digest, bytes: sent + bytes } satisfies Written;
    },
    close: async () => undefined,
  };
}

function refuseOtherDigest(reference: Reference, image: OutgoingImage): void {
  if (reference.digest === undefined || reference.digest === image.root.digest) return;
  throw new DdiffError(
    "DIGEST_MISMATCH",
    `${formatReference(reference)} cannot name this image: its digest is ${image.root.digest}`,
    { hint: "Name the target by a tag.", exitStatus: 2 },
  );
}

/** Layers, artifacts and configs, several at once. The first failure stops the others before it is thrown. */
async function sendBlobs(
  connection: Connection,
  repository: string,
  image: OutgoingImage,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<number> {
  const stop = new AbortController();
  const signals = [stop.signal, signal, connection.signal].filter((one) => one !== undefined);
  const all = AbortSignal.any(signals);
  let failure: unknown;
  const upload = async (blob: OutgoingBlob): Promise<number> => {
    if (stop.signal.aborted) return 0;
    const { digest, size } = blob.descriptor;
    const task = progress.task(digest.slice(0, 19), size);
    try {
      const advance = (bytes: number): void => task.advance(bytes);
      return await uploadBlob(connection, repository, blob, { advance, signal: all });
    } catch (error) {
      // What the others say once they are stopped is not the reason.
      failure ??= error;
      stop.abort();
      return 0;
    } finally {
      task.end();
    }
  };
  const counts = await mapLimited(blobsToSend(image), connection.tuning.parallel, upload);
  if (failure !== undefined) throw failure;
  return counts.reduce((sum, count) => sum + count, 0);
}

/** All by digest, and the tag last: until then nobody sees the image. */
async function sendManifests(
  connection: Connection,
  reference: Reference,
  image: OutgoingImage,
  manifests: Document[],
): Promise<number> {
  const root = manifests.find(({ descriptor }) => descriptor.digest === image.root.digest);
  if (root === undefined) {
    throw new DdiffError("IMAGE_INVALID", `The image comes without its own manifest ${image.root.digest}`);
  }
  let bytes = 0;
  for (const document of manifests) {
    // Without referrers behind it the root goes up once, with its tag.
    if (document === root && document === manifests.at(-1)) continue;
    await sendManifest(connection, reference.path, document.descriptor.digest, document);
    bytes += document.bytes.length;
  }
  const name = reference.tag ?? reference.digest ?? "latest";
  await sendManifest(connection, reference.path, name, root);
  return bytes + root.bytes.length;
}

async function sendManifest(
  connection: Connection,
  repository: string,
  name: string,
  document: Document,
): Promise<void> {
  const { subjectKept } = await putManifest(connection, repository, name, document);
  if (subjectKept) return;
  const parsed = parseDocument(document.bytes, document.descriptor.mediaType);
  if (parsed.subject === undefined) return;
  await addFallbackReferrer(connection, repository, parsed.subject.digest, document, parsed);
}
