/** Token buckets, one for each key (an address): each holds up to `burst` and fills by `perSecond`. */
export interface Buckets {
  /** Takes one where there is one and answers 0; else answers the seconds after which there will be. */
  take(key: string): number;
  /** Gives one back that was taken. */
  giveBack(key: string): void;
}

interface Bucket {
  level: number;
  at: number;
}

/** Keys that are kept; the one that was asked for longest ago goes first. */
const keysKept = 50_000;

/** New buckets, all full. */
export function makeBuckets(options: { perSecond: number; burst: number }): Buckets {
  const { perSecond, burst } = options;
  const buckets = new Map<string, Bucket>();
  const bucketOf = (key: string): Bucket => {
    const now = performance.now() / 1000;
    const before = buckets.get(key) ?? { level: burst, at: now };
    const bucket = { level: Math.min(burst, before.level + (now - before.at) * perSecond), at: now };
    buckets.delete(key);
    buckets.set(key, bucket);
    const oldest = buckets.keys().next();
    if (buckets.size > keysKept && oldest.done !== true) buckets.delete(oldest.value);
    return bucket;
  };
  return {
    take(key) {
      const bucket = bucketOf(key);
      if (bucket.level < 1) return (1 - bucket.level) / perSecond;
      bucket.level -= 1;
      return 0;
    },
    giveBack(key) {
      const bucket = bucketOf(key);
      bucket.level = Math.min(burst, bucket.level + 1);
    },
  };
}
