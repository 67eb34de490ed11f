import type { Stored } from "./store.ts";

/** What an entry costs beside its bytes, about. */
const overhead = 300;

/** Small objects in memory, the ones used last. Their bytes are shared: nobody changes them. */
export interface ByteCache {
  get(key: string): Stored | undefined;
  /** Remembers and answers it. */
  set(key: string, value: Stored): Stored;
  delete(key: string): void;
}

/** A cache of about `limit` bytes; what is larger than a 64th of it is not kept. */
export function makeByteCache(limit: number): ByteCache {
  const entries = new Map<string, Stored>();
  let total = 0;

  function drop(key: string): void {
    const value = entries.get(key);
    if (value === undefined) return;
    entries.delete(key);
    total -= costOf(key, value);
  }

  return {
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      // The order of the map is the order of use.
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      drop(key);
      const cost = costOf(key, value);
      if (cost > limit / 64) return value;
      entries.set(key, value);
      total += cost;
      for (const oldest of entries.keys()) {
        if (total <= limit) break;
        drop(oldest);
      }
      return value;
    },
    delete: drop,
  };
}

function costOf(key: string, value: Stored): number {
  return value.bytes.length + key.length + overhead;
}
