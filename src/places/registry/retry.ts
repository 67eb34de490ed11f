import { setTimeout as sleep } from "node:timers/promises";
import { DdiffError } from "../../util/errors.ts";
import type { Tuning } from "./tuning.ts";

/** A failure that may pass when the same is tried again. `failure` is what the user sees when it does not. */
export class TransientFailure extends Error {
  readonly failure: DdiffError;
  /** Milliseconds that the registry asked for by `Retry-After`. */
  readonly retryAfterMs: number | undefined;

  constructor(failure: DdiffError, retryAfterMs?: number) {
    super(failure.message, { cause: failure });
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Waits before repeat number `attempt` (from 0): exponential with jitter, or as long as the registry asked for, both
 * capped. Throws `CANCELLED`.
 */
export async function pause(
  tuning: Tuning,
  attempt: number,
  retryAfterMs: number | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const backoff = tuning.retryDelayMs * 2 ** attempt * (0.5 + Math.random());
  const delay = Math.min(Math.max(backoff, retryAfterMs ?? 0), tuning.retryDelayLimitMs);
  try {
    await sleep(delay, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw cancelled(error);
  }
}

/** Runs `work` until it succeeds, fails for good, or has been repeated `tuning.retries` times. */
export async function retrying<T>(
  tuning: Tuning,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      if (attempt >= tuning.retries) throw error.failure;
      await pause(tuning, attempt, error.retryAfterMs, signal);
    }
  }
}

/** Milliseconds of a `Retry-After` header: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = /^[A-Za-z]/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The error of work that the user stopped. */
export function cancelled(cause: unknown): DdiffError {
  return new DdiffError("CANCELLED", "The transfer was stopped", { cause });
}
