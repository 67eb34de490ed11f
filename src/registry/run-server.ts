import type { ServerConfig } from "./config-schema.ts";
import { serveControl } from "./control.ts";
import { checkExposure } from "./exposure.ts";
import { makeHousekeeping } from "./chores.ts";
import type { Log } from "./log.ts";
import { mirrorOf } from "./mirrors.ts";
import { openStore } from "./open-store.ts";
import type { RebuildImage } from "./rebuilds.ts";
import { reloadConfig } from "./reload.ts";
import { expectGrace } from "./repositories.ts";
import { startServer } from "./server.ts";

/**
 * Runs a server with all that belongs to it until `signal`: the store, the mirror, collections of garbage, and the socket through which
 * its keeper asks for more. Answers how many requests the stop cut off. Throws what stands in its way when it starts; nothing is left
 * running then.
 */
export async function runServer(
  config: ServerConfig & { listen: string },
  options: {
    env: Record<string, string | undefined>;
    log: Log;
    signal: AbortSignal;
    rebuild?: RebuildImage;
    /** Reads the configuration again when its listener is called. */
    reload?: { read: () => ServerConfig & { listen: string }; onAsked: (listener: () => void) => void };
  },
): Promise<{ cut: number }> {
  const { env, log, signal, reload, rebuild } = options;
  // Before the store, whose folder is made when it is not there.
  checkExposure(config);
  const store = await openStore(config, env);
  expectGrace(store, config.gc.grace);
  /** Undone in the reverse order. */
  const closing: (() => Promise<unknown>)[] = [() => store.close()];
  try {
    const mirror = await mirrorOf(config, store, log, env);
    if (mirror !== undefined) closing.push(() => mirror.close());
    const server = await startServer(config, {
      store,
      log,
      ...(mirror === undefined ? {} : { mirror }),
      ...(rebuild === undefined ? {} : { rebuild }),
    });
    closing.push(() => server.stop());
    const housekeeping = makeHousekeeping(store, config, log, server.metrics);
    closing.push(() => housekeeping.stop());
    if (config.data !== undefined) {
      const control = await serveControl(config.data, housekeeping.chores);
      closing.push(() => control.close());
    }
    reload?.onAsked(() => reloadConfig(config, reload.read, server, log));
    log.info("the registry listens", {
      url: server.url,
      store: store.label,
      ...(server.metricsUrl === undefined ? {} : { metrics: server.metricsUrl }),
    });
    await aborted(signal);
    log.info("stopping", { grace: `${config["stop-grace"] / 1000}s` });
    const cut = await server.stop();
    log.info("stopped", { cut });
    return { cut };
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
