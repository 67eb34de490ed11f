import type { Digest } from "../oci/digest.ts";
import type { Store } from "../store/store.ts";
import { mapLimited } from "../util/map-limited.ts";
import { heldBy, taggedDigest } from "./held-content.ts";
import { keys } from "./keys.ts";
import { digestPages, pages } from "./walk.ts";

/** Store calls that are under way at once. */
const width = 16;

/**
 * The images of a repository that each of the `bad` digests harms: `app:1`, `app@sha256:…` for a manifest that no tag and no other
 * harmed manifest leads to, and `app` where it is in no image.
 */
export async function findHarms(
  store: Store,
  repository: string,
  bad: ReadonlySet<Digest>,
  signal: AbortSignal | undefined,
): Promise<Map<Digest, string[]>> {
  const { harmed, inner } = await harmedManifests(store, repository, bad, signal);
  const harms = new Map<Digest, string[]>([...bad].map((digest) => [digest, []]));
  const named = new Set<Digest>();
  const add = (manifest: Digest, image: string): void => {
    for (const digest of harmed.get(manifest) ?? []) harms.get(digest)?.push(image);
  };
  for await (const page of pages(store, keys.tags(repository), signal)) {
    const digests = await mapLimited(page, width, async (tag) => await taggedDigest(store, repository, tag));
    for (const [i, digest] of digests.entries()) {
      if (digest === undefined || !harmed.has(digest)) continue;
      named.add(digest);
      add(digest, `${repository}:${page[i]}`);
    }
  }
  for (const manifest of harmed.keys()) {
    if (!named.has(manifest) && !inner.has(manifest)) add(manifest, `${repository}@${manifest}`);
  }
  for (const images of harms.values()) if (images.length === 0) images.push(repository);
  return harms;
}

/** The manifests that need something bad, with what that is; and those that others among them have as children. */
async function harmedManifests(
  store: Store,
  repository: string,
  bad: ReadonlySet<Digest>,
  signal: AbortSignal | undefined,
): Promise<{ harmed: Map<Digest, Set<Digest>>; inner: Set<Digest> }> {
  const harmed = new Map<Digest, Set<Digest>>();
  const inner = new Set<Digest>();
  // Indexes may come before what they list, so it is gone over until nothing is new: twice, for images as they are.
  for (let grown = true; grown; ) {
    grown = false;
    for await (const page of digestPages(store, keys.manifests(repository), signal)) {
      await mapLimited(page, width, async (digest) => {
        const needed = bad.has(digest) ? [digest] : ((await heldBy(store, digest)) ?? []);
        const found = harmed.get(digest) ?? new Set<Digest>();
        const before = found.size;
        for (const one of needed) {
          if (bad.has(one)) found.add(one);
          if (one === digest) continue;
          const below = harmed.get(one);
          if (below === undefined) continue;
          inner.add(one);
          for (const deeper of below) found.add(deeper);
        }
        if (found.size === before) return;
        harmed.set(digest, found);
        grown = true;
      });
    }
  }
  return { harmed, inner };
}
