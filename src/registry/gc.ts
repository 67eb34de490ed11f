import type { Digest } from "../oci/digest.ts";
import type { Store } from "../store/store.ts";
import { isDdiffError } from "../util/errors.ts";
import { mapLimited } from "../util/map-limited.ts";
import { type DigestSet, makeDigestSet } from "./digest-set.ts";
import { collectRepository } from "./gc-repository.ts";
import { blobPages, repositories } from "./walk.ts";

/*
 * Collection, while pushes and pulls run here and in other servers on the same store. No lock is taken: age decides.
 *
 * Let T be the start of a collection less the grace. A thing is taken only if nothing that was found refers to it AND it was written or
 * touched before T; the store looks at that age in one step with the deletion (`deleteIdle`, `deleteBlob`). T does not move while the
 * collection runs, so whatever is touched from T on stays, however long the walk takes. A push that takes less than the grace is safe
 * if it touches before it relies:
 *
 *   HEAD of a blob, mount        touch the link and the blob, else answer that there is none
 *   end of an upload             the blob is written or touched, then the link is
 *   manifest                     touch the links, blobs and child manifests that it refers to; write its bytes (a blob), then its entry
 *                                as a referrer, then its record; look at what it refers to again; then write the tag
 *
 * How these meet a collection (C), which takes repository by repository first links, then the catalog's entry, and blobs at the end:
 *
 * 1. C reads the manifests of R, M is pushed, C takes the link of a layer of M. M's push touched the link before it wrote its record:
 *    if that came before C's deletion, the deletion finds the link young and leaves it; if it came after, the touch finds nothing and
 *    the push is refused before anything was promised.
 * 2. C reads the links of R, a blob is mounted or pushed into R, C takes the blob because nobody held it. The blob was touched or
 *    written before the link: young, it stays; or the touch came too late, found nothing, and the client is told to send the bytes.
 * 3. C leaves a link because it was young. Then it counts as held, so that the blob stays with it in the same collection.
 * 4. C reads R1 (no link), the blob is mounted from R2 to R1, R2 gives it up, C reads R2 (no link). The mount touched the blob: 2.
 * 5. An upload of a blob that is there finishes while C deletes that blob: one after the other in the store. Either C finds it young,
 *    or the upload finds nothing and brings its own bytes.
 * 6. With `untagged`: a manifest that no tag reached is tagged or made part of an index meanwhile. Its record is written or touched
 *    before the tag or the index is: young, it stays, and then all it refers to counts as held.
 * 7. C finds R empty, something is pushed that found the catalog's entry, C takes the entry. C looks again afterwards and puts it back;
 *    a push that C does not see yet looks for the entry after it wrote its link, and writes it itself.
 * 8. An upload that was idle for the grace goes on in the moment C gives it up: the client is told that it is unknown, and begins anew.
 *
 * What cannot be read is taken to refer to everything: where a manifest's bytes are missing or damaged, the repository keeps its links.
 * A collection that is stopped or killed has taken only what it might take, and the next one goes on.
 */

/** What to collect. */
export interface CollectOptions {
  /** Milliseconds that a push may take: what is younger stays. At least some minutes, where servers do not run on one clock. */
  grace: number;
  /** Deletes nothing, and finds what a collection would delete. */
  dryRun?: boolean;
  /** Also manifests that no tag reaches, be it through an index or as the subject of a referrer. */
  untagged?: boolean;
  /** Milliseconds since 1970; the present when not said. */
  now?: number;
  signal?: AbortSignal;
  /** Hears of each thing when it is gone, or would be. */
  onFound?(found: Found): void;
}

/** Something that nobody needs. */
export interface Found {
  kind: "link" | "manifest" | "referrer" | "tag" | "repository" | "blob" | "upload";
  /** Where it was; undefined for blobs. */
  repository?: string;
  /** A digest, a tag or an upload's id. */
  name?: string;
  /** Of a blob. */
  bytes?: number;
}

/** How much was found. */
export interface Collected {
  links: number;
  manifests: number;
  referrers: number;
  tags: number;
  repositories: number;
  blobs: number;
  /** Of the blobs. */
  bytes: number;
  uploads: number;
  /** Manifests whose bytes are missing or damaged; their repositories keep all their links. */
  unreadable: number;
}

/** One collection under way. */
export interface Collection {
  store: Store;
  /** What was written or touched from here on stays. */
  cutoff: number;
  dryRun: boolean;
  untagged: boolean;
  signal: AbortSignal | undefined;
  result: Collected;
  /** Everything that some repository holds. */
  held: DigestSet;
  /** Deletes an object that is old enough. Whether it did, or would. */
  remove(key: string): Promise<boolean>;
  found(found: Found): void;
}

/** Store calls that are under way at once. */
const width = 16;

const counters = {
  link: "links",
  manifest: "manifests",
  referrer: "referrers",
  tag: "tags",
  repository: "repositories",
  blob: "blobs",
  upload: "uploads",
} as const;

/**
 * Deletes what nobody needs: links to blobs that no manifest of their repository refers to, blobs that no repository holds, entries
 * of empty repositories, referrers without their manifest, uploads that were left. Memory: a page of names and 16 bytes for each
 * thing that is held. Throws what the store throws, and the signal's reason.
 */
export async function collect(store: Store, options: CollectOptions): Promise<Collected> {
  const cutoff = (options.now ?? Date.now()) - options.grace;
  const dryRun = options.dryRun === true;
  const result: Collected = {
    links: 0,
    manifests: 0,
    referrers: 0,
    tags: 0,
    repositories: 0,
    blobs: 0,
    bytes: 0,
    uploads: 0,
    unreadable: 0,
  };
  const collection: Collection = {
    store,
    cutoff,
    dryRun,
    untagged: options.untagged === true,
    signal: options.signal,
    result,
    held: makeDigestSet(),
    async remove(key) {
      if (!dryRun) return await store.deleteIdle(key, cutoff);
      const info = await store.stat(key);
      return info !== undefined && info.modified < cutoff;
    },
    found(found) {
      result[counters[found.kind]]++;
      result.bytes += found.bytes ?? 0;
      options.onFound?.(found);
    },
  };
  for await (const repository of repositories(store, options.signal)) {
    await collectRepository(collection, repository);
  }
  await sweepBlobs(collection);
  await sweepUploads(collection);
  return result;
}

async function sweepBlobs(collection: Collection): Promise<void> {
  const { store, cutoff, held, signal } = collection;
  for await (const page of blobPages(store, signal)) {
    const free = page.filter((digest) => !held.has(digest));
    await mapLimited(free, width, async (digest: Digest) => {
      const info = await store.statBlob(digest);
      if (info === undefined || info.modified >= cutoff) return;
      if (!collection.dryRun && !(await store.deleteBlob(digest, cutoff))) return;
      collection.found({ kind: "blob", name: digest, bytes: info.size });
    });
  }
}

async function sweepUploads(collection: Collection): Promise<void> {
  const { store, cutoff, signal } = collection;
  for (const id of await store.staleUploads(cutoff)) {
    signal?.throwIfAborted();
    const upload = await store.openUpload(id);
    if (upload === undefined) continue;
    const { repository } = upload;
    try {
      if (!collection.dryRun) await upload.cancel();
    } catch (error) {
      // Somebody goes on with it after all.
      if (isDdiffError(error, "UPLOAD_BUSY") || isDdiffError(error, "UPLOAD_UNKNOWN")) continue;
      throw error;
    }
    collection.found({ kind: "upload", repository, name: id });
  }
}
