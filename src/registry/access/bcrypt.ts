import { Worker } from "node:worker_threads";
import { compare } from "bcryptjs";
import { threadFile } from "../../util/thread-file.ts";

/** Compares passwords with bcrypt hashes beside the event loop. */
export interface Comparer {
  /** Whether the hash ($2a$, $2b$, $2y$) is of this password. */
  compare(password: string, hash: string): Promise<boolean>;
  /** Comparisons under way or waiting. */
  readonly pending: number;
  close(): Promise<void>;
}

interface Waiting {
  password: string;
  hash: string;
  resolve: (matches: boolean) => void;
  reject: (error: unknown) => void;
}

/** A comparer with one thread of its own, which is started with the first comparison. */
export function makeComparer(): Comparer {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  /** False where this build has no file for the thread: the comparison then runs here, in slices. */
  let threads = true;
  let next = 0;

  const here = (id: number, one: Waiting): void => {
    waiting.delete(id);
    compare(one.password, one.hash).then(one.resolve, one.reject);
  };
  /** The thread is gone: what it was asked is done here, once. */
  const lost = (): void => {
    worker = undefined;
    for (const [id, one] of waiting) here(id, one);
  };
  const start = (): Worker => {
    let ready = false;
    const made = new Worker(threadFile("registry/access/bcrypt-worker"));
    made.unref();
    made.on("message", (answer: { ready: true } | { id: number; matches: boolean }) => {
      if ("ready" in answer) {
        ready = true;
        return;
      }
      waiting.get(answer.id)?.resolve(answer.matches);
      waiting.delete(answer.id);
    });
    made.on("error", () => {
      if (!ready) threads = false;
      lost();
    });
    made.on("exit", lost);
    return made;
  };

  return {
    get pending() {
      return waiting.size;
    },
    compare(password, hash) {
      return new Promise((resolve, reject) => {
        const id = (next += 1);
        const one = { password, hash, resolve, reject };
        waiting.set(id, one);
        if (!threads) return here(id, one);
        try {
          worker ??= start();
          worker.postMessage({ id, password, hash });
        } catch {
          threads = false;
          here(id, one);
        }
      });
    },
    async close() {
      const running = worker;
      worker = undefined;
      await running?.terminate();
    },
  };
}
