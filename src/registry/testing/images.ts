import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { Store } from "../../store/store.ts";
import { pushBlob } from "../../store/testing/blobs.ts";
import { findManifest, putManifest, readManifest } from "../manifests.ts";
import { findBlob, linkBlob, openRepositories } from "../repositories.ts";

const config = Buffer.from("{}");

/** Pushes a blob as the handlers do. */
export async function pushLayer(store: Store, repository: string, bytes: Buffer): Promise<Digest> {
  const digest = await pushBlob(store, bytes, repository);
  await linkBlob(openRepositories(store), repository, digest);
  return digest;
}

/** The bytes of a manifest with these layers. */
export function manifestOf(
  layers: Buffer[],
  more: Record<string, unknown> = {},
): { bytes: Buffer; digest: Digest } {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describeBytes(config, mediaTypes.ociConfig),
      layers: layers.map((layer) => describeBytes(layer, mediaTypes.ociLayer)),
      ...more,
    }),
  );
  return { bytes, digest: digestOf(bytes) };
}

/** The descriptor of a manifest, or of something else. */
export function describeBytes(bytes: Buffer, mediaType: string = mediaTypes.ociManifest): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** Pushes a manifest as the handlers do. */
export async function pushManifest(
  store: Store,
  repository: string,
  bytes: Buffer,
  tags: string[] = [],
): Promise<Digest> {
  const { digest } = await putManifest(openRepositories(store), {
    repository,
    bytes,
    mediaType: undefined,
    digest: digestOf(bytes),
    tags,
    sparse: "none",
    mayMoveTag: () => true,
  });
  return digest;
}

/** Pushes an image with all its blobs. */
export async function pushImage(
  store: Store,
  repository: string,
  tags: string[],
  layers: Buffer[],
  more: Record<string, unknown> = {},
): Promise<Digest> {
  for (const layer of [config, ...layers]) await pushLayer(store, repository, layer);
  return await pushManifest(store, repository, manifestOf(layers, more).bytes, tags);
}

/** Pushes an index of manifests that are there. */
export async function pushIndex(
  store: Store,
  repository: string,
  tags: string[],
  manifests: Digest[],
): Promise<Digest> {
  const described = [];
  for (const digest of manifests) {
    const size = (await store.statBlob(digest))?.size ?? 0;
    described.push({ mediaType: mediaTypes.ociManifest, digest, size });
  }
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: described }),
  );
  return await pushManifest(store, repository, bytes, tags);
}

/** What a pull of the image lacks; nothing for one that is whole. */
export async function whatIsMissing(store: Store, repository: string, reference: string): Promise<string[]> {
  const repositories = openRepositories(store);
  const found = await findManifest(repositories, repository, reference);
  if (found === undefined) return [reference];
  // Of the store, not of what this process remembers.
  repositories.manifests.delete(found.digest);
  const document = JSON.parse((await readManifest(repositories, found)).toString()) as {
    config?: { digest: Digest };
    layers?: { digest: Digest }[];
    manifests?: { digest: Digest }[];
  };
  const missing: string[] = [];
  for (const blob of [
    ...(document.config === undefined ? [] : [document.config]),
    ...(document.layers ?? []),
  ]) {
    if ((await findBlob(repositories, repository, blob.digest)) === undefined) missing.push(blob.digest);
  }
  for (const child of document.manifests ?? []) {
    missing.push(...(await whatIsMissing(store, repository, child.digest)));
  }
  return missing;
}

/** Makes everything in a disk store's folder look as if it was written so many milliseconds earlier. */
export async function ageAll(folder: string, milliseconds: number): Promise<void> {
  const then = new Date(Date.now() - milliseconds);
  for (const top of ["objects", "blobs", "uploads"]) {
    for (const entry of await readdir(join(folder, top), { recursive: true, withFileTypes: true })) {
      await utimes(join(entry.parentPath, entry.name), then, then).catch(() => {});
    }
  }
}
