import type { Descriptor } from "../oci/descriptor.ts";
import { algorithmOf, type Digest, digestOf, isDigest } from "../oci/digest.ts";
import { type Index, type Manifest, parseDocument } from "../oci/manifest.ts";
import type { Store } from "../store/store.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { RegistryError } from "./errors.ts";
import { keys, type ManifestRecord } from "./keys.ts";
import { unlessDamaged } from "./records.ts";
import { checkReferences, referrerOf } from "./manifest-references.ts";
import { checkTags, dropTag, eachTagOf, setTag, tagStays, type TagChange } from "./manifest-tags.ts";
import type { Sparse } from "./registry.ts";
import { addToCatalog, type Repositories } from "./repositories.ts";

/** A manifest that a repository holds. */
export interface FoundManifest {
  digest: Digest;
  mediaType: string;
  /** Bytes. */
  size: number;
}

/** A manifest by tag or digest; undefined where the repository has none. A tag whose manifest was deleted is none. */
export async function findManifest(
  repositories: Repositories,
  repository: string,
  reference: string,
): Promise<FoundManifest | undefined> {
  const { records } = repositories;
  const digest = isDigest(reference)
    ? reference
    : (await records.tag(keys.tag(repository, reference)))?.value.digest;
  if (digest === undefined) return undefined;
  const record = await records.manifest(keys.manifest(repository, digest));
  if (record === undefined) return undefined;
  return { digest, mediaType: record.value.mediaType, size: record.value.size };
}

/** A manifest's bytes, checked against the digest. Throws `MANIFEST_DAMAGED`, `BLOB_MISSING`. */
export async function readManifest(repositories: Repositories, manifest: FoundManifest): Promise<Buffer> {
  const { digest } = manifest;
  const known = repositories.manifests.get(digest);
  if (known !== undefined) return known;
  const chunks: Buffer[] = [];
  const stream = await repositories.store.openBlob(digest);
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (digestOf(bytes, algorithmOf(digest)) !== digest) {
    throw new DdiffError("MANIFEST_DAMAGED", `the stored manifest ${digest} is damaged`, {
      hint: 'Push the image again; "ddiff server scrub" names what else is damaged.',
    });
  }
  repositories.manifests.set(digest, bytes);
  return bytes;
}

/** A manifest to be stored. */
export interface PushedManifest extends TagChange {
  bytes: Buffer;
  /** What the client says it is. */
  mediaType: string | undefined;
  /** Where it was pushed by digest. */
  digest?: Digest;
  /** What may be missing. */
  sparse: Sparse;
}

/** What came of it. */
export interface StoredManifest extends FoundManifest {
  subject?: Digest;
}

/**
 * Stores a manifest byte for byte and durably, then lets the tags name it. Throws `MANIFEST_INVALID`, and as `RegistryError`
 * DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN, SIZE_INVALID and DENIED (distribution-spec, "Pushing Manifests").
 */
export async function putManifest(
  repositories: Repositories,
  pushed: PushedManifest,
): Promise<StoredManifest> {
  const { repository, bytes } = pushed;
  const digest = digestOf(bytes, pushed.digest === undefined ? "sha256" : algorithmOf(pushed.digest));
  if (pushed.digest !== undefined && digest !== pushed.digest) {
    throw new RegistryError("DIGEST_INVALID", `the manifest's digest is ${digest}, not ${pushed.digest}`);
  }
  const document = parseDocument(bytes, pushed.mediaType);
  const descriptor = { mediaType: document.mediaType, digest, size: bytes.length };
  await checkTags(repositories, pushed, digest);
  await checkReferences(repositories, repository, document, pushed.sparse);
  await repositories.alone(`${repository}@${digest}`, async () => {
    await storeBytes(repositories, repository, descriptor, bytes);
    const subject = document.subject === undefined ? {} : { subject: document.subject.digest };
    const record: ManifestRecord = { mediaType: document.mediaType, size: bytes.length, ...subject };
    const key = keys.manifest(repository, digest);
    const before = await unlessDamaged(repositories.records.manifest(key));
    // Before the record: a server that dies between the two leaves an entry that nobody is shown, not a manifest that no list has.
    await addReferrer(repositories.store, repository, document, descriptor);
    await repositories.records.put(key, record);
    try {
      // From here on a collection sees what the record needs; what it took before is missed now, before a tag shows it.
      await checkReferences(repositories, repository, document, pushed.sparse);
    } catch (error) {
      if (before === undefined) await repositories.records.delete(key);
      throw error;
    }
    await addToCatalog(repositories, repository);
    for (const tag of pushed.tags) await setTag(repositories, pushed, tag, descriptor);
  });
  repositories.manifests.set(digest, bytes);
  return { ...descriptor, ...(document.subject === undefined ? {} : { subject: document.subject.digest }) };
}

/**
 * Removes a manifest from a repository, and the tags that name it; its children and blobs stay. False where it is not there.
 * Throws DENIED where one of the tags may not go.
 */
export async function deleteManifest(
  repositories: Repositories,
  repository: string,
  digest: Digest,
  mayMoveTag: ((tag: string) => boolean) | undefined,
): Promise<boolean> {
  return await repositories.alone(`${repository}@${digest}`, async () => {
    const { records, store } = repositories;
    const key = keys.manifest(repository, digest);
    records.forget(key);
    const record = (await unlessDamaged(records.manifest(key)))?.value;
    if (record === undefined && (await store.stat(key)) === undefined) return false;
    if (mayMoveTag !== undefined) {
      await eachTagOf(repositories, repository, digest, async (tag) => {
        if (!mayMoveTag(tag)) throw tagStays(tag);
      });
    }
    // The record first: without it no tag answers any more, however long the walk over the tags takes.
    await records.delete(key);
    if (record?.subject !== undefined) await store.delete(keys.referrer(repository, record.subject, digest));
    await eachTagOf(repositories, repository, digest, async (tag, version) => {
      await dropTag(repositories, keys.tag(repository, tag), version);
    });
    return true;
  });
}

/** Removes a tag; the manifest stays. False where there is none. */
export async function deleteTag(
  repositories: Repositories,
  repository: string,
  tag: string,
): Promise<boolean> {
  const { records, store } = repositories;
  const key = keys.tag(repository, tag);
  const digest = (await unlessDamaged(records.tag(key)))?.value.digest;
  // A tag without its manifest was not there for anyone.
  const dead = digest !== undefined && (await store.stat(keys.manifest(repository, digest))) === undefined;
  return (await records.delete(key)) && !dead;
}

async function storeBytes(
  repositories: Repositories,
  repository: string,
  descriptor: Descriptor,
  bytes: Buffer,
): Promise<void> {
  const { store } = repositories;
  const { digest } = descriptor;
  if ((await store.touchBlob(digest)) && (await isSound(repositories, descriptor))) return;
  const upload = await store.createUpload({ repository, digestAlgorithm: algorithmOf(digest) });
  try {
    await upload.append(once(bytes));
    await upload.finish(digest);
  } catch (error) {
    await upload.cancel().catch(() => {});
    throw error;
  }
}

/** Whether the manifest can be read; a damaged one goes out of the way, so that this push heals it. */
async function isSound(repositories: Repositories, manifest: FoundManifest): Promise<boolean> {
  try {
    await readManifest(repositories, manifest);
    return true;
  } catch (error) {
    if (!isDdiffError(error, "MANIFEST_DAMAGED") && !isDdiffError(error, "BLOB_MISSING")) throw error;
    await repositories.store.setAsideBlob?.(manifest.digest);
    return false;
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function addReferrer(
  store: Store,
  repository: string,
  document: Manifest | Index,
  descriptor: Descriptor,
): Promise<void> {
  if (document.subject === undefined) return;
  const key = keys.referrer(repository, document.subject.digest, descriptor.digest);
  await store.put(key, Buffer.from(JSON.stringify(referrerOf(document, descriptor))));
}
