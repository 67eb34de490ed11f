import type { Digest } from "../oci/digest.ts";
import { isDdiffError } from "../util/errors.ts";
import { mapLimited } from "../util/map-limited.ts";
import { RegistryError } from "./errors.ts";
import { keys, type TagRecord } from "./keys.ts";
import { unlessDamaged } from "./records.ts";
import { listPage, type Repositories } from "./repositories.ts";

/** Tags that are read at once. */
const width = 16;
const tagsAtOnce = 1000;

/** Tags of a repository that are to name a manifest. */
export interface TagChange {
  repository: string;
  tags: readonly string[];
  /** Whether a tag that stands may be moved. */
  mayMoveTag(tag: string): boolean;
}

/** Throws DENIED where one of the tags names another manifest and must go on to. */
export async function checkTags(
  repositories: Repositories,
  change: TagChange,
  digest: Digest,
): Promise<void> {
  for (const tag of change.tags) {
    if (change.mayMoveTag(tag)) continue;
    const existing = await repositories.records.tag(keys.tag(change.repository, tag));
    if (existing !== undefined && existing.value.digest !== digest) throw tagStays(tag);
  }
}

/** Lets a tag name a manifest. Throws DENIED where it must go on to name another one. */
export async function setTag(
  repositories: Repositories,
  change: TagChange,
  tag: string,
  record: TagRecord,
): Promise<void> {
  const { records } = repositories;
  const key = keys.tag(change.repository, tag);
  if (change.mayMoveTag(tag)) {
    await records.put(key, record);
    return;
  }
  for (;;) {
    records.forget(key);
    const existing = await records.tag(key);
    if (existing !== undefined && existing.value.digest !== record.digest) throw tagStays(tag);
    if (existing !== undefined) return;
    try {
      await records.put(key, record, { absent: true });
      return;
    } catch (error) {
      // Another push was first: see what it wrote.
      if (!isDdiffError(error, "STORE_CONFLICT")) throw error;
    }
  }
}

/** The error for a tag that stays where it is. */
export function tagStays(tag: string): RegistryError {
  return new RegistryError("DENIED", `the tag ${tag} stands and may not be moved or deleted`);
}

/** Does `work` for every tag that names the manifest. Costs a look at every tag of the repository. */
export async function eachTagOf(
  repositories: Repositories,
  repository: string,
  digest: Digest,
  work: (tag: string, version: string) => Promise<void>,
): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const page = await listPage(repositories.store, keys.tags(repository), after, tagsAtOnce);
    await mapLimited(page.names, width, async (tag) => {
      const record = await unlessDamaged(repositories.records.tag(keys.tag(repository, tag)));
      if (record?.value.digest === digest) await work(tag, record.version);
    });
    if (!page.more) return;
    after = page.names.at(-1);
  }
}

/** Deletes a tag unless it was moved meanwhile. */
export async function dropTag(repositories: Repositories, key: string, version: string): Promise<void> {
  try {
    await repositories.records.delete(key, { version });
  } catch (error) {
    if (!isDdiffError(error, "STORE_CONFLICT")) throw error;
  }
}
