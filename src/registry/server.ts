import { createServer as createHttpServer } from "node:http";
import type { Store } from "../store/store.ts";
import type { Access, Caller } from "./access/access.ts";
import { createAccess } from "./access/create-access.ts";
import { openHtpasswd, type Users } from "./access/htpasswd.ts";
import type { Rule, Rules } from "./access/rules.ts";
import { makeTokens, readTokenKey, type Tokens, tokenKeyOf } from "./access/tokens.ts";
import { networksOf, type ServerConfig } from "./config-schema.ts";
import { type Connections, watchConnections } from "./connections.ts";
import { checkExposure, isOpen } from "./exposure.ts";
import { clientAddress, makeFront, metricsOnly } from "./front.ts";
import { createRegistry, serveRegistry } from "./handler.ts";
import { makeHealth } from "./health.ts";
import { makeBuckets } from "./limits.ts";
import { listen, makeServer } from "./listening.ts";
import type { Log } from "./log.ts";
import { makeMetrics, type Metrics } from "./metrics.ts";
import { makeRebuilds, type RebuildImage } from "./rebuilds.ts";
import type { Answer, Mirror, RegistryHandler } from "./registry.ts";

/** A server that answers. */
export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:5000`. */
  url: string;
  /** Where the metrics are, where they have an address of their own. */
  metricsUrl: string | undefined;
  metrics: Metrics | undefined;
  /** Lets the rules of another configuration say who may do what, from the next request on. */
  takeRules(config: ServerConfig): void;
  /**
   * Takes no new connection, lets requests and uploads finish for `stop-grace`, ends the rest. The store stays open. Answers how many
   * requests were cut off; a second call waits for the first.
   */
  stop(): Promise<number>;
}

/** What a server is made of beside its configuration. */
export interface ServerParts {
  store: Store;
  log: Log;
  mirror?: Mirror;
  rebuild?: RebuildImage;
}

/**
 * Starts a registry that listens as the configuration says. Throws `SERVER_EXPOSED`, `HTPASSWD_INVALID`, `TLS_INVALID`,
 * `TOKEN_KEY_INVALID`, `LISTEN_FAILED`.
 */
export async function startServer(
  config: ServerConfig & { listen: string },
  parts: ServerParts,
): Promise<RunningServer> {
  checkExposure(config);
  const { store, log } = parts;
  const { limits } = config;
  /** Undone in the reverse order when the server stops, or does not start. */
  const closing: (() => unknown)[] = [];
  let stopped: Promise<number> | undefined;
  try {
    const trusted = networksOf(config["trusted-proxies"]);
    const addressOf = (request: Parameters<typeof clientAddress>[0]): string =>
      clientAddress(request, trusted);
    const rules = rulesOf(config);
    const access = await accessFor(config, rules, parts, addressOf, closing);
    let connections: Connections | undefined;
    const metrics =
      config.metrics === "off"
        ? undefined
        : await makeMetrics({
            connections: () => connections?.open ?? 0,
            requests: () => connections?.running ?? 0,
          });
    const server = await makeServer(config, log, closing);
    connections = watchConnections(server, {
      idle: limits.idle,
      onSlow(remote) {
        metrics?.refused("slow");
        log.warn("a client was too slow", { remote });
      },
    });
    const watched = connections;
    const rebuilds =
      parts.rebuild === undefined || limits.rebuilds === 0
        ? undefined
        : makeRebuilds(parts.rebuild, { atOnce: limits.rebuilds, time: limits["rebuild-time"] });
    closing.push(() => rebuilds?.ended());
    const registry = createRegistry({
      store,
      access,
      limits: {
        manifestBytes: limits.manifest,
        ...(limits.blob === undefined ? {} : { blobBytes: limits.blob }),
        uploads: limits.uploads,
        idle: limits.idle,
      },
      deletes: config.deletes,
      redirects: config.redirects,
      sparse: config.sparse,
      addressOf,
      ...(parts.mirror === undefined ? {} : { mirror: parts.mirror }),
      ...(rebuilds === undefined ? {} : { rebuilds }),
      onAnswer(answer: Answer) {
        metrics?.request(answer);
        log.request(answer);
      },
    });
    const front = makeFront({
      registry,
      connections: watched,
      health: makeHealth(store, () => stopped !== undefined),
      access,
      open: isOpen(config),
      addressOf,
      ...(config.url === undefined ? {} : { origin: new URL(config.url).origin }),
      onRefused: () => metrics?.refused("rate"),
      ...(config.metrics === "main" && metrics !== undefined ? { metrics } : {}),
      ...(limits.rate === undefined
        ? {}
        : { rate: makeBuckets({ perSecond: limits.rate, burst: limits.burst }) }),
    });
    serveRegistry(server, guarded(front, log));
    const url = `${config.tls?.cert === undefined ? "http" : "https"}://${await listen(server, config.listen)}`;
    const metricsUrl = await serveMetrics(config, metrics, closing);
    return {
      url,
      metricsUrl,
      metrics,
      takeRules: (next) => void Object.assign(rules, rulesOf(next)),
      stop() {
        stopped ??= (async () => {
          const cut = await watched.drain(config["stop-grace"]);
          for (const close of closing.toReversed()) await close();
          return cut;
        })();
        return stopped;
      },
    };
  } catch (error) {
    for (const close of closing.toReversed()) await close();
    throw error;
  }
}

async function accessFor(
  config: ServerConfig,
  rules: Rules,
  { store, log }: ServerParts,
  addressOf: (request: Parameters<typeof clientAddress>[0]) => string,
  closing: (() => unknown)[],
): Promise<Access> {
  const { access: settings } = config;
  let users: Users | undefined;
  let tokens: Tokens | undefined;
  if (settings.htpasswd !== undefined && !settings.open) {
    users = await openHtpasswd(settings.htpasswd, (sentence) => log.warn(sentence));
    closing.push(() => users?.close());
    const key =
      settings.tokens.key === undefined ? await tokenKeyOf(store) : await readTokenKey(settings.tokens.key);
    const service = config.url === undefined ? "ddiff" : new URL(config.url).host;
    tokens = makeTokens(key, { life: Math.ceil(settings.tokens.life / 1000), service });
  }
  const access = createAccess({
    open: isOpen(config),
    rules,
    addressOf,
    ...(users === undefined ? {} : { users }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(config.url === undefined ? {} : { realm: new URL("/v2/token", config.url).href }),
  });
  return config["read-only"] ? pullsOnly(access) : access;
}

const everything = { repositories: ["*"], groups: [] };

function rulesOf(config: ServerConfig): Rules {
  const { access } = config;
  const rules: Rule[] = access.rules ?? [
    { ...everything, users: ["*"], anonymous: false, actions: ["pull", "push", "delete"] },
  ];
  const forAll: Rule[] = access["anonymous-pull"]
    ? [{ ...everything, users: [], anonymous: true, actions: ["pull"] }]
    : [];
  return { rules: [...rules, ...forAll], groups: access.groups, immutable: access.immutable };
}

/** The same access, but nobody may change anything. */
function pullsOnly(access: Access): Access {
  return {
    ...access,
    async identify(request) {
      const caller: Caller = await access.identify(request);
      return {
        ...caller,
        may: (action, repository) => action === "pull" && caller.may(action, repository),
        mayWithOtherToken: (action, repository) =>
          (action === "pull" || action === "list") && caller.mayWithOtherToken?.(action, repository) === true,
      };
    },
  };
}

/** The last net: what a handler throws ends its connection, not the server. */
function guarded(handler: RegistryHandler, log: Log): RegistryHandler {
  return async (request, response) => {
    try {
      await handler(request, response);
    } catch (error) {
      log.error("a request failed", error);
      response.destroy();
    }
  };
}

async function serveMetrics(
  config: ServerConfig,
  metrics: Metrics | undefined,
  closing: (() => unknown)[],
): Promise<string | undefined> {
  if (metrics === undefined || config.metrics === "main") return undefined;
  const server = createHttpServer();
  const answer = metricsOnly(metrics);
  server.on("request", (request, response) => void answer(request, response).catch(() => response.destroy()));
  const address = await listen(server, config.metrics);
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://${address}/metrics`;
}
