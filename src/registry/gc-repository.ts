import type { Digest } from "../oci/digest.ts";
import { mapLimited } from "../util/map-limited.ts";
import { type DigestSet, makeDigestSet } from "./digest-set.ts";
import type { Collection } from "./gc.ts";
import { heldBy, taggedDigest } from "./held-content.ts";
import { digestOfSegment, keys } from "./keys.ts";
import { digestPages, pages } from "./walk.ts";

/** Store calls that are under way at once. */
const width = 16;

/** What is known of the repository that is being looked at. */
interface Marks {
  repository: string;
  /** Manifests that stay. */
  kept: DigestSet;
  /** What they refer to. */
  needed: DigestSet;
  /** A manifest that stays could not be read: nobody can say what it needs. */
  unsure: boolean;
}

/** Marks and sweeps one repository, and adds what it holds afterwards to `held`; gc.ts says why that is safe. */
export async function collectRepository(collection: Collection, repository: string): Promise<void> {
  const marks: Marks = { repository, kept: makeDigestSet(), needed: makeDigestSet(), unsure: false };
  if (collection.untagged) {
    const present = await markTagged(collection, marks);
    await sweepManifests(collection, marks, present);
  } else {
    await markAll(collection, marks);
    await sweepTags(collection, marks);
  }
  await sweepLinks(collection, marks);
  await sweepReferrers(collection, marks);
  await sweepCatalog(collection, repository);
}

/** Every manifest stays. */
async function markAll(collection: Collection, marks: Marks): Promise<void> {
  const { store, signal } = collection;
  for await (const page of digestPages(store, keys.manifests(marks.repository), signal)) {
    await mapLimited(page, width, (digest) => mark(collection, marks, digest));
  }
}

/** Notes that a manifest stays; answers what it refers to, nothing where it was noted before. */
async function mark(collection: Collection, marks: Marks, digest: Digest): Promise<Digest[]> {
  if (!marks.kept.add(digest)) return [];
  collection.held.add(digest);
  const digests = await heldBy(collection.store, digest);
  if (digests === undefined) {
    // One that was deleted while we looked needs nothing.
    if ((await collection.store.stat(keys.manifest(marks.repository, digest))) === undefined) return [];
    marks.unsure = true;
    collection.result.unreadable++;
    return [];
  }
  for (const needed of digests) marks.needed.add(needed);
  return digests;
}

/** Manifests that a tag reaches stay, young ones, and all that these reach. Answers those that the repository has. */
async function markTagged(collection: Collection, marks: Marks): Promise<DigestSet> {
  const { store, signal, cutoff } = collection;
  const { repository } = marks;
  const present = makeDigestSet();
  const young: Digest[] = [];
  for await (const page of digestPages(store, keys.manifests(repository), signal)) {
    await mapLimited(page, width, async (digest) => {
      present.add(digest);
      const info = await store.stat(keys.manifest(repository, digest));
      if (info !== undefined && info.modified >= cutoff) young.push(digest);
    });
  }
  await reach(collection, marks, young, present);
  for await (const page of pages(store, keys.tags(repository), signal)) {
    const digests = await mapLimited(page, width, async (tag) => await tagged(collection, marks, tag));
    await reach(
      collection,
      marks,
      digests.filter((digest) => digest !== undefined),
      present,
    );
  }
  return present;
}

/** The manifest of a tag. A tag without its manifest is left of a deletion that was cut off, and goes. */
async function tagged(collection: Collection, marks: Marks, tag: string): Promise<Digest | undefined> {
  const { store } = collection;
  const { repository } = marks;
  const key = keys.tag(repository, tag);
  const digest = await taggedDigest(store, repository, tag);
  if (digest === undefined || marks.kept.has(digest)) return digest;
  if ((await store.stat(keys.manifest(repository, digest))) !== undefined) return digest;
  if (await collection.remove(key)) collection.found({ kind: "tag", repository, name: tag });
  return undefined;
}

/** Tags that a deletion was about to delete when its server was killed. */
async function sweepTags(collection: Collection, marks: Marks): Promise<void> {
  const { store, signal } = collection;
  for await (const page of pages(store, keys.tags(marks.repository), signal)) {
    await mapLimited(page, width, async (tag) => await tagged(collection, marks, tag));
  }
}

/** Marks manifests, their children, and what refers to them as its subject. */
async function reach(
  collection: Collection,
  marks: Marks,
  from: Digest[],
  present: DigestSet,
): Promise<void> {
  const { store, signal } = collection;
  const { repository, kept } = marks;
  let wave = from;
  while (wave.length > 0) {
    signal?.throwIfAborted();
    const reached = await mapLimited(wave, width, async (digest) => {
      if (kept.has(digest)) return [];
      const children = (await mark(collection, marks, digest)).filter((child) => present.has(child));
      for await (const page of digestPages(store, keys.referrers(repository, digest), signal)) {
        children.push(...page.filter((referrer) => present.has(referrer)));
      }
      return children;
    });
    wave = reached.flat().filter((digest) => !kept.has(digest));
  }
}

async function sweepManifests(collection: Collection, marks: Marks, present: DigestSet): Promise<void> {
  const { store, signal } = collection;
  const { repository, kept } = marks;
  for await (const page of digestPages(store, keys.manifests(repository), signal)) {
    const free = page.filter((digest) => !kept.has(digest));
    await mapLimited(free, width, async (digest) => {
      if (await collection.remove(keys.manifest(repository, digest))) {
        collection.found({ kind: "manifest", repository, name: digest });
      } else {
        // Somebody pushed or needs it since: then what it refers to was touched, too, and stays like it.
        await reach(collection, marks, [digest], present);
      }
    });
  }
}

async function sweepLinks(collection: Collection, marks: Marks): Promise<void> {
  const { store, signal, held } = collection;
  const { repository } = marks;
  for await (const page of digestPages(store, keys.links(repository), signal)) {
    await mapLimited(page, width, async (digest) => {
      const needed = marks.unsure || marks.needed.has(digest);
      if (!needed && (await collection.remove(keys.link(repository, digest)))) {
        collection.found({ kind: "link", repository, name: digest });
      } else {
        held.add(digest);
      }
    });
  }
}

/** Entries in lists of referrers whose manifest is gone. */
async function sweepReferrers(collection: Collection, marks: Marks): Promise<void> {
  const { store, signal } = collection;
  const { repository } = marks;
  for await (const subjects of pages(store, keys.allReferrers(repository), signal)) {
    for (const subject of subjects.map(digestOfSegment).filter((digest) => digest !== undefined)) {
      for await (const page of digestPages(store, keys.referrers(repository, subject), signal)) {
        const free = page.filter((digest) => !marks.kept.has(digest));
        await mapLimited(free, width, async (digest) => {
          // A dry run leaves the records that a collection would have deleted.
          const gone =
            (collection.dryRun && collection.untagged) ||
            (await store.stat(keys.manifest(repository, digest))) === undefined;
          if (!gone || !(await collection.remove(keys.referrer(repository, subject, digest)))) return;
          collection.found({ kind: "referrer", repository, name: digest });
        });
      }
    }
  }
}

async function sweepCatalog(collection: Collection, repository: string): Promise<void> {
  const { store } = collection;
  const key = keys.catalog(repository);
  if (!(await isEmpty(collection, repository)) || !(await collection.remove(key))) return;
  if (!collection.dryRun && !(await isEmpty(collection, repository))) {
    await store.put(key, Buffer.alloc(0));
    return;
  }
  collection.found({ kind: "repository", repository });
}

async function isEmpty({ store }: Collection, repository: string): Promise<boolean> {
  for (const prefix of [keys.links(repository), keys.manifests(repository), keys.tags(repository)]) {
    if ((await store.list(prefix, { limit: 1 })).length > 0) return false;
  }
  return true;
}
