/** Keeps work that runs at the same time from doing the same thing twice. */
export interface Claims {
  /**
   * Waits until nobody else holds one of these keys that is not finished yet, then holds them all. The answer gives them back:
   * with `true` they are finished for good and hold nobody up any more. Nobody holds some keys while waiting for others,
   * so there is always someone who goes on.
   */
  take(keys: readonly string[]): Promise<(finished: boolean) => void>;
}

/** New claims, none held. */
export function makeClaims(): Claims {
  const held = new Set<string>();
  const finished = new Set<string>();
  let waiting: (() => void)[] = [];
  return {
    async take(keys) {
      while (keys.some((key) => held.has(key) && !finished.has(key))) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      const mine = keys.filter((key) => !finished.has(key));
      for (const key of mine) held.add(key);
      return (done) => {
        for (const key of mine) {
          held.delete(key);
          if (done) finished.add(key);
        }
        const woken = waiting;
        waiting = [];
        for (const wake of woken) wake();
      };
    },
  };
}
