import { algorithmOf, type Digest, digestOf, isDigest } from "../oci/digest.ts";
import type { Store } from "../store/store.ts";
import { isDdiffError } from "../util/errors.ts";
import { keys } from "./keys.ts";

/** Members that hold nothing: what a manifest is about, and what authors write. */
const notHeld = new Set(["subject", "annotations", "urls", "platform", "data"]);

/**
 * The digests that a manifest refers to: every descriptor anywhere in it, whatever the kind of document, so that a collection keeps also what only
 * others know how to read. Undefined where the bytes are missing or are not those of the digest: then nobody can say.
 */
export async function heldBy(store: Store, digest: Digest): Promise<Digest[] | undefined> {
  const bytes = await readWhole(store, digest);
  if (bytes === undefined || digestOf(bytes, algorithmOf(digest)) !== digest) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
  const digests = new Set<Digest>();
  // No recursion: the depth is the author's choice.
  const rest: unknown[] = [document];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value !== "object" || value === null) continue;
    const { digest: named } = value as { digest?: unknown };
    if (isDigest(named)) digests.add(named);
    for (const [name, member] of Object.entries(value)) if (!notHeld.has(name)) rest.push(member);
  }
  return [...digests];
}

/** The digest that a tag names; undefined where there is no such tag, or its record is damaged. */
export async function taggedDigest(
  store: Store,
  repository: string,
  tag: string,
): Promise<Digest | undefined> {
  const stored = await store.get(keys.tag(repository, tag));
  if (stored === undefined) return undefined;
  try {
    const { digest } = JSON.parse(stored.bytes.toString("utf8")) as { digest?: unknown };
    return isDigest(digest) ? digest : undefined;
  } catch {
    return undefined;
  }
}

async function readWhole(store: Store, digest: Digest): Promise<Buffer | undefined> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of await store.openBlob(digest)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } catch (error) {
    if (isDdiffError(error, "BLOB_MISSING")) return undefined;
    throw error;
  }
}
