import type { Store } from "../store/store.ts";

/** Whether the server can do its work. */
export interface Health {
  /** Undefined where all is well, else why not, in words that tell strangers nothing. */
  problem(): Promise<string | undefined>;
}

/** An answer of the store is good for this long, in milliseconds: probes must not become its load. */
const goodFor = 2000;
/** A store that takes longer is not ready, in milliseconds. */
const patience = 5000;
const key = "access/health";

/** Health of a store and of what `stopping` says. */
export function makeHealth(store: Store, stopping: () => boolean): Health {
  let last: { at: number; problem: Promise<string | undefined> } | undefined;
  return {
    async problem() {
      if (stopping()) return "stopping";
      const now = performance.now();
      if (last === undefined || now - last.at > goodFor) last = { at: now, problem: ask(store) };
      return await last.problem;
    },
  };
}

async function ask(store: Store): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("the store does not answer"), patience);
  });
  try {
    return await Promise.race([store.stat(key).then(() => undefined), late]);
  } catch {
    return "the store fails";
  } finally {
    clearTimeout(timer);
  }
}
