import type { S3ClientConfig } from "@aws-sdk/client-s3";

type Retries = Extract<S3ClientConfig["retryStrategy"], { refreshRetryTokenForRetry: unknown }>;
type Token = Awaited<ReturnType<Retries["acquireInitialRetryToken"]>>;

/** Milliseconds before the first further try; each wait is twice the one before, and a part of it is left to chance. */
const firstWait = 100;

/**
 * Tries each request `attempts` times, over some ten seconds where those are eight. The SDK's own way allows a process about 35 further
 * tries in all until requests succeed again: a service that restarts under twenty uploads would end them at once.
 */
export function patientRetries(attempts: number): Retries {
  return {
    acquireInitialRetryToken: async () => tokenOf(0, 0),
    async refreshRetryTokenForRetry(token, { errorType, retryAfterHint }) {
      const count = token.getRetryCount() + 1;
      const passing = errorType === "TRANSIENT" || errorType === "THROTTLING";
      if (count >= attempts || !passing) throw new Error("no further try");
      const wait = firstWait * 2 ** (count - 1) * (0.5 + Math.random() / 2);
      // What the service asks for, within reason.
      const asked = Math.min((retryAfterHint?.getTime() ?? 0) - Date.now(), wait + 5000);
      return tokenOf(count, Math.max(wait, asked));
    },
    recordSuccess() {},
  };
}

function tokenOf(count: number, delay: number): Token {
  return { getRetryCount: () => count, getRetryDelay: () => delay };
}
