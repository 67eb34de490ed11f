import { setImmediate } from "node:timers/promises";

const longestWork = 50;

/**
 * For loops that compute for minutes: call the result between steps. Every 50 ms or so it lets signals, timers and progress have
 * their turn, and it throws the signal's reason once that is aborted.
 */
export function makeBreath(signal: AbortSignal | undefined): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < longestWork) return;
    await setImmediate();
    signal?.throwIfAborted();
    last = performance.now();
  };
}
