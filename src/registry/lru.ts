/** The values that were asked for last, up to a weight. */
export interface Lru<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

/** An `Lru` of values that weigh `capacity` together; `weigh` says what one weighs. A value heavier than a quarter is not kept. */
export function makeLru<V>(capacity: number, weigh: (value: V) => number): Lru<V> {
  const values = new Map<string, V>();
  let weight = 0;
  const forget = (key: string): void => {
    const value = values.get(key);
    if (value === undefined) return;
    values.delete(key);
    weight -= weigh(value);
  };
  return {
    get(key) {
      const value = values.get(key);
      if (value === undefined) return undefined;
      values.delete(key);
      values.set(key, value);
      return value;
    },
    set(key, value) {
      forget(key);
      const own = weigh(value);
      if (own > capacity / 4) return;
      values.set(key, value);
      weight += own;
      for (const oldest of values.keys()) {
        if (weight <= capacity) break;
        forget(oldest);
      }
    },
    delete: forget,
  };
}
