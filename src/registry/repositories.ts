import type { Digest } from "../oci/digest.ts";
import type { ObjectInfo, Store } from "../store/store.ts";
import { isDdiffError } from "../util/errors.ts";
import { keys, repositoryOf, segmentOf } from "./keys.ts";
import { type Lru, makeLru } from "./lru.ts";
import { openRecords, type Records } from "./records.ts";
import { isRepositoryName } from "./routes.ts";

/** The repositories of a store: who holds what. Everything the registry keeps is read and written through these functions. */
export interface Repositories {
  store: Store;
  records: Records;
  /** Small manifests that were asked for last, by digest. */
  manifests: Lru<Buffer>;
  /** The repository that last came to hold a blob, by digest, of those that this process saw. */
  holders: Lru<string>;
  /**
   * Milliseconds: links and blobs that are found are touched when they are older, so that a collection which is under way leaves what a
   * client was just told to be there. Must be less than the grace of any collection.
   */
  freshFor: number;
  /** When this process came to the store, in milliseconds since 1970: what is older is touched once, which makes it durable. */
  since: number;
  /** Runs one piece of work at a time for a name, in this process. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>;
}

const manifestMemory = 32 * 1024 * 1024;
const holdersRemembered = 10_000;
/** Touching costs a request to a bucket. A collection's grace is usually far longer. */
const longestFresh = 60_000;

const opened = new WeakMap<Store, Repositories>();

/**
 * Opens the repositories of a store: the same for all who ask, so that what one writes (a mirror) is seen by the others. Costs nothing:
 * no walk, no read.
 */
export function openRepositories(store: Store): Repositories {
  const known = opened.get(store);
  if (known !== undefined) return known;
  const repositories: Repositories = {
    store,
    records: openRecords(store),
    manifests: makeLru<Buffer>(manifestMemory, (bytes) => bytes.length + 500),
    holders: makeLru<string>(holdersRemembered, () => 1),
    freshFor: longestFresh,
    since: Date.now(),
    alone: makeQueue(),
  };
  opened.set(store, repositories);
  return repositories;
}

/** Tells how long the grace of this store's collections is, in milliseconds, where it may be short. */
export function expectGrace(store: Store, grace: number): void {
  openRepositories(store).freshFor = Math.min(longestFresh, grace / 2);
}

function makeQueue(): Repositories["alone"] {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = last.get(name);
    const mine = before === undefined ? work() : before.then(work, work);
    last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (last.get(name) === mine) last.delete(name);
    }
  };
}

/** What was touched before is not taken for fresh. */
function oldest({ freshFor, since }: Repositories): number {
  return Math.max(Date.now() - freshFor, since);
}

/** A blob that the repository holds; undefined where it does not, whoever else does. `touch` keeps it from a collection. */
export async function findBlob(
  repositories: Repositories,
  repository: string,
  digest: Digest,
  options: { touch?: boolean } = {},
): Promise<ObjectInfo | undefined> {
  const { store } = repositories;
  const key = keys.link(repository, digest);
  const [link, blob] = await Promise.all([store.stat(key), store.statBlob(digest)]);
  if (link === undefined || blob === undefined) return undefined;
  if (options.touch !== true) return blob;
  const old = oldest(repositories);
  // The link first: a collection that reads it fresh leaves the blob, too.
  if (link.modified < old && !(await store.touch(key))) return undefined;
  if (blob.modified < old && !(await store.touchBlob(digest))) return undefined;
  return blob;
}

/** Keeps a manifest that somebody relies on from a collection of untagged ones. Whether it is there. */
export async function keepManifest(
  repositories: Repositories,
  repository: string,
  digest: Digest,
): Promise<boolean> {
  const { store, records } = repositories;
  const key = keys.manifest(repository, digest);
  const info = await store.stat(key);
  const old = oldest(repositories);
  if (info !== undefined && (info.modified >= old || (await store.touch(key)))) return true;
  records.forget(key);
  return false;
}

/** Makes the repository hold a blob that the store has. */
export async function linkBlob(
  repositories: Repositories,
  repository: string,
  digest: Digest,
): Promise<void> {
  const { store } = repositories;
  const key = keys.link(repository, digest);
  if (!(await store.touch(key))) await store.put(key, Buffer.alloc(0));
  await addToCatalog(repositories, repository);
  repositories.holders.set(digest, repository);
}

/** Lists the repository from now on. */
export async function addToCatalog(repositories: Repositories, repository: string): Promise<void> {
  const key = keys.catalog(repository);
  if ((await repositories.store.stat(key)) !== undefined) return;
  try {
    await repositories.store.put(key, Buffer.alloc(0), { absent: true });
  } catch (error) {
    // Another push was first: all the same.
    if (!isDdiffError(error, "STORE_CONFLICT")) throw error;
  }
}

/** Lets `to` hold a blob of `from` (distribution-spec, "Mounting a blob from another repository"); false where `from` lacks it. */
export async function mountBlob(
  repositories: Repositories,
  from: string,
  to: string,
  digest: Digest,
): Promise<boolean> {
  if ((await findBlob(repositories, from, digest, { touch: true })) === undefined) return false;
  await linkBlob(repositories, to, digest);
  // A collection may have taken the blob before the link stood.
  return (await findBlob(repositories, to, digest)) !== undefined;
}

/** The repository holds the blob no more; the bytes go with the next collection unless others hold them. False where it did not. */
export async function unlinkBlob(
  repositories: Repositories,
  repository: string,
  digest: Digest,
): Promise<boolean> {
  return await repositories.store.delete(keys.link(repository, digest));
}

/** Whether anything was ever pushed here. */
export async function hasRepository(repositories: Repositories, repository: string): Promise<boolean> {
  return (await repositories.store.stat(keys.catalog(repository))) !== undefined;
}

/** A part of a list, and whether there is more behind it. */
export interface Page {
  names: string[];
  more: boolean;
}

/** Tags after `after` in byte order, at most `limit`. Costs what it answers. */
export async function listTags(
  repositories: Repositories,
  repository: string,
  after: string | undefined,
  limit: number,
): Promise<Page> {
  return await listPage(repositories.store, keys.tags(repository), after, limit);
}

/** Repositories after `after`, in the order of their keys, at most `limit`. Costs what it answers. */
export async function listRepositories(
  repositories: Repositories,
  after: string | undefined,
  limit: number,
): Promise<Page> {
  const start = after === undefined ? undefined : segmentOf(after);
  const page = await listPage(repositories.store, "catalog", start, limit);
  return { names: page.names.map(repositoryOf).filter(isRepositoryName), more: page.more };
}

/** One more than asked for is read, to know whether there is more. */
export async function listPage(
  store: Store,
  prefix: string,
  after: string | undefined,
  limit: number,
): Promise<Page> {
  const names = await store.list(prefix, { limit: limit + 1, ...(after === undefined ? {} : { after }) });
  return { names: names.slice(0, limit), more: names.length > limit };
}
