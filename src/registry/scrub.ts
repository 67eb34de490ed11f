import { createHash } from "node:crypto";
import { algorithmOf, type Digest, hexOf } from "../oci/digest.ts";
import type { Store } from "../store/store.ts";
import { DdiffError, isDdiffError, systemErrorCode } from "../util/errors.ts";
import { mapLimited } from "../util/map-limited.ts";
import { type DigestSet, makeDigestSet } from "./digest-set.ts";
import { keys } from "./keys.ts";
import { findHarms } from "./scrub-harms.ts";
import { blobPages, digestPages, repositories } from "./walk.ts";

/** How to scrub. */
export interface ScrubOptions {
  /** Moves damaged blobs away, so that a push can bring them anew. */
  quarantine?: boolean;
  signal?: AbortSignal;
  /** Bytes that were read since the last call. */
  onProgress?(bytes: number): void;
  /** Hears of each damage, at the end, when it is known whom it harms. */
  onDamaged?(damage: Damage): void;
}

/** A blob that is not what its digest says. */
export interface Damage {
  digest: Digest;
  /** Its bytes are others, cannot be read from the disk, or are not there although a repository holds it. */
  problem: "damaged" | "unreadable" | "missing";
  /** Whether it was moved away. */
  setAside: boolean;
  /** Images as a person would write them: `app:1`, or `app@sha256:…` where no tag names it; repositories that hold it in no image. */
  harms: string[];
}

/** What was looked at. */
export interface Scrubbed {
  blobs: number;
  bytes: number;
  damages: number;
}

/** Store calls that are under way at once. */
const width = 16;

/**
 * Reads every blob and compares it with its digest, while the registry goes on, then looks for blobs that repositories hold and the
 * store lacks. Memory: one piece of a blob, a page of names, 16 bytes for each blob, and what is damaged. Throws `SCRUB_QUARANTINE`
 * where the store cannot set blobs aside, what the store throws, and the signal's reason.
 */
export async function scrub(store: Store, options: ScrubOptions = {}): Promise<Scrubbed> {
  if (options.quarantine === true && store.setAsideBlob === undefined) {
    throw new DdiffError("SCRUB_QUARANTINE", `${store.label} cannot set damaged blobs aside`, {
      hint: "Scrub without it, and delete what is damaged.",
    });
  }
  const damages = new Map<Digest, Damage>();
  const sound = makeDigestSet();
  const result: Scrubbed = { blobs: 0, bytes: 0, damages: 0 };
  for await (const page of blobPages(store, options.signal)) {
    for (const digest of page) {
      const problem = await examine(store, digest, (bytes) => {
        options.signal?.throwIfAborted();
        result.bytes += bytes;
        options.onProgress?.(bytes);
      });
      result.blobs++;
      if (problem === undefined) sound.add(digest);
      else damages.set(digest, await note(store, digest, problem, options.quarantine === true));
    }
  }
  for await (const repository of repositories(store, options.signal)) {
    const harmed = await badIn(store, repository, sound, damages, options.signal);
    if (harmed.size === 0) continue;
    for (const [digest, images] of await findHarms(store, repository, harmed, options.signal)) {
      damages.get(digest)?.harms.push(...images);
    }
  }
  for (const damage of damages.values()) options.onDamaged?.(damage);
  result.damages = damages.size;
  return result;
}

/** What is wrong with a blob; undefined for one that is sound or was deleted meanwhile. */
async function examine(
  store: Store,
  digest: Digest,
  advance: (bytes: number) => void,
): Promise<Damage["problem"] | undefined> {
  const hash = createHash(algorithmOf(digest));
  try {
    for await (const chunk of await store.openBlob(digest)) {
      hash.update(chunk as Buffer);
      advance((chunk as Buffer).length);
    }
  } catch (error) {
    if (isDdiffError(error, "BLOB_MISSING")) return undefined;
    if (isDdiffError(error, "STORE_DAMAGED")) return "damaged";
    if (systemErrorCode(error) === "EIO") return "unreadable";
    throw error;
  }
  return hash.digest("hex") === hexOf(digest) ? undefined : "damaged";
}

async function note(
  store: Store,
  digest: Digest,
  problem: Damage["problem"],
  quarantine: boolean,
): Promise<Damage> {
  const setAside = quarantine && (await store.setAsideBlob?.(digest)) === true;
  return { digest, problem, setAside, harms: [] };
}

/** What a repository holds and cannot give; what is missing is noted among the damages. */
async function badIn(
  store: Store,
  repository: string,
  sound: DigestSet,
  damages: Map<Digest, Damage>,
  signal: AbortSignal | undefined,
): Promise<Set<Digest>> {
  const bad = new Set<Digest>();
  const look = async (digest: Digest, key: string): Promise<void> => {
    if (sound.has(digest)) return;
    if (!damages.has(digest)) {
      // Pushed since, or given up by the repository meanwhile: then nothing is wrong.
      if ((await store.statBlob(digest)) !== undefined || (await store.stat(key)) === undefined) return;
      damages.set(digest, { digest, problem: "missing", setAside: false, harms: [] });
    }
    bad.add(digest);
  };
  for await (const page of digestPages(store, keys.links(repository), signal)) {
    await mapLimited(page, width, (digest) => look(digest, keys.link(repository, digest)));
  }
  for await (const page of digestPages(store, keys.manifests(repository), signal)) {
    await mapLimited(page, width, (digest) => look(digest, keys.manifest(repository, digest)));
  }
  return bad;
}
