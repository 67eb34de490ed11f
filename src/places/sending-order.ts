import { Readable } from "node:stream";
import type { Digest } from "../oci/digest.ts";
import { parseDocument } from "../oci/manifest.ts";
import type { Document, OutgoingBlob, OutgoingImage } from "./place.ts";
import { isManifest } from "./registry/manifests.ts";

/** Every blob once, as a registry sees them; the configs among the documents are blobs to it. */
export function blobsToSend(image: OutgoingImage): OutgoingBlob[] {
  const blobs = new Map<Digest, OutgoingBlob>();
  for (const blob of image.blobs) blobs.set(blob.descriptor.digest, blob);
  for (const { descriptor, bytes } of image.documents.values()) {
    if (isManifest(descriptor)) continue;
    const open = async (): Promise<Readable> => Readable.from([bytes]);
    blobs.set(descriptor.digest, { descriptor, open });
  }
  return [...blobs.values()];
}

/** Manifests and indexes so that each comes after what it lists and after its subject: registries check both. */
export function manifestsToSend(image: OutgoingImage): Document[] {
  const order: Document[] = [];
  const seen = new Set<Digest>();
  const visit = (digest: Digest): void => {
    const document = image.documents.get(digest);
    if (document === undefined || seen.has(digest) || !isManifest(document.descriptor)) return;
    seen.add(digest);
    const parsed = parseDocument(document.bytes, document.descriptor.mediaType);
    if (parsed.kind === "index") for (const child of parsed.manifests) visit(child.digest);
    if (parsed.subject !== undefined) visit(parsed.subject.digest);
    order.push(document);
  };
  visit(image.root.digest);
  for (const digest of image.documents.keys()) visit(digest);
  return order;
}
