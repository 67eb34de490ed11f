import type { Store } from "../store/store.ts";
import type { ServerConfig } from "./config-schema.ts";
import { askControl, type Chores } from "./control.ts";
import type { Collected, Found } from "./gc.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { openStore } from "./open-store.ts";
import type { Damage, Scrubbed } from "./scrub.ts";

/** What a collection took, or would take. */
export interface GarbageReport extends Collected {
  /** The first of them, one by one. */
  found: Found[];
}

/** What a scrub found. */
export interface ScrubReport extends Scrubbed {
  damaged: Damage[];
}

/** What to collect. */
export interface GarbageWish {
  dryRun: boolean;
  /** Also manifests that no tag reaches; as the configuration says when not said. */
  untagged: boolean;
}

type Place = Pick<ServerConfig, "data" | "s3" | "gc">;

/** Things that are named one by one; more are only counted. */
const mostNamed = 1000;

/**
 * Collects what nobody needs: by the server that has the folder, else here. Throws what `collect` and the stores throw,
 * `CONTROL_FAILED`.
 */
export async function collectOnce(
  config: Place,
  options: GarbageWish & { env: Record<string, string | undefined>; signal: AbortSignal },
): Promise<GarbageReport> {
  const { dryRun, untagged, env, signal } = options;
  const words = { "dry-run": String(dryRun), untagged: String(untagged) };
  const asked = await ask(config, "gc", words, signal);
  if (asked !== undefined) return asked as GarbageReport;
  return await withStore(config, env, (store) => collectIn(store, config, { dryRun, untagged }, signal));
}

/** Reads and checks everything that is stored: by the server that has the folder, else here. Throws as `collectOnce`. */
export async function scrubOnce(
  config: Place,
  options: { quarantine: boolean; env: Record<string, string | undefined>; signal: AbortSignal },
): Promise<ScrubReport> {
  const { quarantine, env, signal } = options;
  const asked = await ask(config, "scrub", { quarantine: String(quarantine) }, signal);
  if (asked !== undefined) return asked as ScrubReport;
  return await withStore(config, env, (store) => scrubIn(store, quarantine, signal));
}

/** A server's own collections, and those that its keeper asks for: one at a time. */
export interface Housekeeping {
  chores: Chores;
  /** Ends what runs. */
  stop(): Promise<void>;
}

/** Collects every `gc.every` from then on, and does chores. */
export function makeHousekeeping(
  store: Store,
  config: Place,
  log: Log,
  metrics: Metrics | undefined,
): Housekeeping {
  const stopping = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const collect = (wish: GarbageWish, signal: AbortSignal): Promise<GarbageReport> => {
    const run = last.then(async () => {
      const start = performance.now();
      const report = await collectIn(store, config, wish, AbortSignal.any([signal, stopping.signal]));
      const seconds = (performance.now() - start) / 1000;
      const { found: _found, ...counts } = report;
      if (!wish.dryRun) metrics?.collected({ ...report, seconds, failed: false });
      log.info(wish.dryRun ? "garbage was looked for" : "garbage was collected", {
        ...counts,
        seconds: Math.round(seconds * 10) / 10,
      });
      return report;
    });
    last = run.catch(() => undefined);
    return run;
  };
  const { every } = config.gc;
  const schedule = (): void => {
    if (every === undefined || stopping.signal.aborted) return;
    // Servers on one bucket that were started together need not collect together.
    timer = setTimeout(() => void turn(), every * (0.9 + Math.random() * 0.2));
    timer.unref();
  };
  const turn = async (): Promise<void> => {
    try {
      await collect({ dryRun: false, untagged: config.gc.untagged }, stopping.signal);
    } catch (error) {
      if (!stopping.signal.aborted) {
        metrics?.collected({ blobs: 0, bytes: 0, seconds: 0, failed: true });
        log.error("garbage could not be collected", error);
      }
    }
    schedule();
  };
  schedule();

  return {
    chores: {
      gc: (words, signal) =>
        collect(
          { dryRun: words.get("dry-run") === "true", untagged: words.get("untagged") === "true" },
          signal,
        ),
      async scrub(words, signal) {
        const both = AbortSignal.any([signal, stopping.signal]);
        const report = await scrubIn(store, words.get("quarantine") === "true", both);
        for (const { digest, problem, harms } of report.damaged)
          log.error("a blob is damaged", new Error(problem), { digest, harms: harms.slice(0, 20).join(" ") });
        return report;
      },
    },
    async stop() {
      clearTimeout(timer);
      stopping.abort(new Error("the server stops"));
      await last;
    },
  };
}

async function collectIn(
  store: Store,
  config: Place,
  wish: GarbageWish,
  signal: AbortSignal,
): Promise<GarbageReport> {
  const { collect } = await import("./gc.ts");
  const found: Found[] = [];
  const collected = await collect(store, {
    grace: config.gc.grace,
    dryRun: wish.dryRun,
    untagged: wish.untagged || config.gc.untagged,
    signal,
    onFound: (one) => void (found.length < mostNamed && found.push(one)),
  });
  return { ...collected, found };
}

async function scrubIn(store: Store, quarantine: boolean, signal: AbortSignal): Promise<ScrubReport> {
  const { scrub } = await import("./scrub.ts");
  const damaged: Damage[] = [];
  const scrubbed = await scrub(store, {
    quarantine,
    signal,
    onDamaged: (one) => void (damaged.length < mostNamed && damaged.push(one)),
  });
  return { ...scrubbed, damaged };
}

async function ask(
  config: Place,
  chore: string,
  words: Record<string, string>,
  signal: AbortSignal,
): Promise<unknown> {
  return config.data === undefined ? undefined : await askControl(config.data, chore, words, signal);
}

async function withStore<T>(
  config: Place,
  env: Record<string, string | undefined>,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStore(config, env);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
