/** Times and sizes of the registry client. Times in milliseconds, sizes in bytes. */
export interface Tuning {
  /** How long a connection may stay silent before it counts as broken. Never a limit on the whole transfer. */
  idleMs: number;
  /** The same while a registry puts a finished upload together: with S3 behind it that takes minutes. */
  commitMs: number;
  /** How often a request is repeated after a failure that may pass. */
  retries: number;
  /** The first pause between repeats; it doubles each time, with jitter. */
  retryDelayMs: number;
  /** No pause is longer, also when the registry asks for more by `Retry-After`. */
  retryDelayLimitMs: number;
  /** Blobs up to this size go up in one request. */
  wholeBytes: number;
  /** Larger ones go up in pieces of this size, each of which can be resumed. */
  chunkBytes: number;
  /** Blobs in flight at once. */
  parallel: number;
}

/** What fits real networks. */
export const defaultTuning: Tuning = {
  idleMs: 120_000,
  commitMs: 900_000,
  retries: 5,
  retryDelayMs: 400,
  retryDelayLimitMs: 60_000,
  wholeBytes: 8 << 20,
  chunkBytes: 64 << 20,
  parallel: 4,
};
