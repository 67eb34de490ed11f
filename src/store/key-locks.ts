/** Runs `work` when all earlier work on the same key has ended. Keys that nobody works on cost nothing. */
export type KeyLocks = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Locks by name, within this process. */
export function makeKeyLocks(): KeyLocks {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = tails.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (tails.get(key) === mine) tails.delete(key);
    }
  };
}
