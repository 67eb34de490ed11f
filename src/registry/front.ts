import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import { isIP } from "node:net";
import type { Access } from "./access/access.ts";
import type { Connections } from "./connections.ts";
import { RegistryError } from "./errors.ts";
import type { Health } from "./health.ts";
import type { Buckets } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { RegistryHandler } from "./registry.ts";

/** What stands before the registry. */
export interface FrontOptions {
  registry: RegistryHandler;
  connections: Connections;
  health: Health;
  access: Access;
  /** Metrics at `/metrics` here, for those whom `access` knows, or everyone where there is nobody to know. */
  metrics?: Metrics;
  /** Whether there are users at all. */
  open: boolean;
  rate?: Buckets;
  /** The server's own address for clients, where it is known. */
  origin?: string;
  addressOf(request: IncomingMessage): string;
  onRefused(): void;
}

/** Answers health and metrics, refuses what comes too fast, and hands the rest to the registry. */
export function makeFront(options: FrontOptions): RegistryHandler {
  const { registry, connections, rate } = options;
  return async (request, response) => {
    connections.enter(request, response);
    response.on("error", () => {});
    const path = request.url?.split("?", 1)[0] ?? "/";
    if (await answerHealth(options.health, path, request, response)) return;
    const wait = rate === undefined ? 0 : rate.take(options.addressOf(request));
    if (wait > 0) {
      options.onRefused();
      sendText(request, response, 429, tooMany, {
        "Content-Type": "application/json",
        "Retry-After": String(Math.ceil(wait)),
        Connection: "close",
      });
      return;
    }
    if (isFromPage(request, options.origin)) {
      sendText(request, response, 403, fromPage, { "Content-Type": "application/json" });
    } else if (path === "/metrics" && options.metrics !== undefined) {
      await answerMetrics(options, options.metrics, request, response);
    } else if (path === "/v2" || path.startsWith("/v2/")) {
      await registry(request, response);
    } else {
      sendText(request, response, 404, "The registry is at /v2/.\n");
    }
  };
}

/** The same metrics on an address of their own. */
export function metricsOnly(metrics: Metrics): RegistryHandler {
  return async (request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path === "/metrics") await sendMetrics(metrics, request, response);
    else sendText(request, response, 404, "The metrics are at /metrics.\n");
  };
}

const fromPage = JSON.stringify({
  errors: [{ code: "DENIED", message: "pages of other sites may not change anything here" }],
});
const tooMany = JSON.stringify({
  errors: [{ code: "TOOMANYREQUESTS", message: "too many requests from this address" }],
});

/**
 * Whether a page of another site has a browser send this: no client of registries says an origin, and a browser that runs on the
 * server's machine reaches a server that is for this machine alone, whatever name the page gave it.
 */
function isFromPage(request: IncomingMessage, own: string | undefined): boolean {
  const { origin } = request.headers;
  return origin !== undefined && origin !== own && request.method !== "GET" && request.method !== "HEAD";
}

/** `/livez`: the process lives. `/readyz`, `/healthz`: it can do its work. */
async function answerHealth(
  health: Health,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (path !== "/livez" && path !== "/readyz" && path !== "/healthz") return false;
  const problem = path === "/livez" ? undefined : await health.problem();
  sendText(request, response, problem === undefined ? 200 : 503, `${problem ?? "ok"}\n`);
  return true;
}

async function answerMetrics(
  options: FrontOptions,
  metrics: Metrics,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const caller = options.open ? undefined : await options.access.identify(request);
    if (caller !== undefined && caller.name === undefined) {
      const challenge = options.access.challenge(request, "list", undefined);
      throw new RegistryError("UNAUTHORIZED", "log in to see the metrics", {
        headers: challenge === "" ? {} : { "WWW-Authenticate": challenge },
      });
    }
    await sendMetrics(metrics, request, response);
  } catch (error) {
    const known = error instanceof RegistryError ? error : new RegistryError("UNKNOWN", "no metrics");
    sendText(request, response, known.status, `${known.message}\n`, known.headers);
  }
}

async function sendMetrics(
  metrics: Metrics,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { text, type } = await metrics.page();
  sendText(request, response, 200, text, { "Content-Type": type });
}

function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  // A body that nobody reads would stand in the way of the connection's next request.
  if (!request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : text);
}

/**
 * The address that a request comes from. Behind proxies that are trusted it is the last one in X-Forwarded-For that no trusted proxy
 * has; what stands before it anyone could have written.
 */
export function clientAddress(request: IncomingMessage, trusted: BlockList): string {
  let address = plain(request.socket.remoteAddress ?? "");
  const header = request.headers["x-forwarded-for"];
  const forwarded = (Array.isArray(header) ? header.join() : (header ?? "")).split(",");
  while (isTrusted(address, trusted)) {
    const next = plain(forwarded.pop()?.trim() ?? "");
    if (isIP(next) === 0) break;
    address = next;
  }
  return address;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const kind = isIP(address);
  return kind !== 0 && trusted.check(address, kind === 6 ? "ipv6" : "ipv4");
}

/** An IPv4 address as a socket for both kinds shows it: `::ffff:10.0.0.1`. */
function plain(address: string): string {
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
