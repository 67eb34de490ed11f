import { isDigest } from "../oci/digest.ts";
import type { Condition, Store } from "../store/store.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import type { ManifestRecord, TagRecord } from "./keys.ts";
import { makeLru } from "./lru.ts";

/** A record and the version of it that was read. */
interface Versioned<T> {
  value: T;
  version: string;
}

/** The store's small JSON records, the last ones remembered for a moment. */
export interface Records {
  /** As the store has it now, or had it less than a second ago. Throws `RECORD_DAMAGED`. */
  tag(key: string): Promise<Versioned<TagRecord> | undefined>;
  manifest(key: string): Promise<Versioned<ManifestRecord> | undefined>;
  /** Durable, and seen by every later read of this process. Throws `STORE_CONFLICT`. */
  put(key: string, value: TagRecord | ManifestRecord, condition?: Condition): Promise<void>;
  delete(key: string, condition?: Condition): Promise<boolean>;
  /** The next read asks the store: somebody else may have written. */
  forget(key: string): void;
}

/**
 * How long a record is taken for true, in milliseconds. What this process writes is seen at once; this is for others, such as a
 * collection that was started by hand on the same folder.
 */
const trust = 1000;
const remembered = 20_000;

/** Records of a store; nothing is remembered of one that other servers write to. */
export function openRecords(store: Store): Records {
  type Entry = { value: Versioned<unknown>; until: number };
  const cache = makeLru<Entry>(remembered, () => 1);
  /** Reads under way, by key: one that a write overtook must not be remembered. */
  const reads = new Map<string, Promise<unknown>>();

  const forget = (key: string): void => {
    cache.delete(key);
    reads.delete(key);
  };
  const read = async <T>(
    key: string,
    parse: (value: unknown, key: string) => T,
  ): Promise<Versioned<T> | undefined> => {
    const stored = await store.get(key);
    if (stored === undefined) return undefined;
    return { value: parse(parseJson(stored.bytes, key), key), version: stored.version };
  };
  const get = <T>(
    key: string,
    parse: (value: unknown, key: string) => T,
  ): Promise<Versioned<T> | undefined> => {
    if (store.shared) return read(key, parse);
    const known = cache.get(key);
    const now = Date.now();
    if (known !== undefined && known.until > now) return Promise.resolve(known.value as Versioned<T>);
    const running = reads.get(key);
    if (running !== undefined) return running as Promise<Versioned<T> | undefined>;
    const reading = read(key, parse);
    reads.set(key, reading);
    const settle = (value: Versioned<T> | undefined): void => {
      if (reads.get(key) !== reading) return;
      reads.delete(key);
      if (value !== undefined) cache.set(key, { value, until: now + trust });
    };
    reading.then(settle, () => settle(undefined));
    return reading;
  };

  return {
    tag: (key) => get(key, parseTag),
    manifest: (key) => get(key, parseManifest),
    async put(key, value, condition) {
      try {
        await store.put(key, Buffer.from(JSON.stringify(value)), condition);
      } finally {
        forget(key);
      }
    },
    async delete(key, condition) {
      try {
        return await store.delete(key, condition);
      } finally {
        forget(key);
      }
    },
    forget,
  };
}

function parseTag(value: unknown, key: string): TagRecord {
  const { digest, mediaType, size } = membersOf(value, key);
  if (!isDigest(digest) || typeof mediaType !== "string" || typeof size !== "number") throw damaged(key);
  return { digest, mediaType, size };
}

function parseManifest(value: unknown, key: string): ManifestRecord {
  const { mediaType, size, subject } = membersOf(value, key);
  if (typeof mediaType !== "string" || typeof size !== "number") throw damaged(key);
  if (subject === undefined) return { mediaType, size };
  if (!isDigest(subject)) throw damaged(key);
  return { mediaType, size, subject };
}

function membersOf(value: unknown, key: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw damaged(key);
  return value as Record<string, unknown>;
}

/** A record; undefined also for a damaged one, where it is about to be written anew or deleted. */
export async function unlessDamaged<T>(reading: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isDdiffError(error, "RECORD_DAMAGED")) return undefined;
    throw error;
  }
}

/** The JSON of a record that we wrote. Throws `RECORD_DAMAGED`. */
export function parseJson(bytes: Buffer, key: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw damaged(key, cause);
  }
}

function damaged(key: string, cause?: unknown): DdiffError {
  return new DdiffError("RECORD_DAMAGED", `the record ${key} of the store is damaged`, {
    hint: 'Push the image again, and look at the disk: "ddiff server scrub" names what else is damaged.',
    cause,
  });
}
