import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { holdBody, refuseBody } from "./body.ts";
import { RegistryError } from "./errors.ts";
import { checkName, type Exchange, refuseMethod, type Registry } from "./exchange.ts";
import { answerBlob } from "./handlers/blobs.ts";
import { answerCatalog } from "./handlers/catalog.ts";
import { answerManifest } from "./handlers/manifests.ts";
import { answerRebuild } from "./handlers/rebuild.ts";
import { answerReferrers } from "./handlers/referrers.ts";
import { answerTags } from "./handlers/tags.ts";
import { answerUpload, answerUploads } from "./handlers/uploads.ts";
import type { RegistryHandler, RegistryOptions } from "./registry.ts";
import { openRepositories } from "./repositories.ts";
import { registryErrorOf, sendError, sendJson } from "./respond.ts";
import { parseRoute, type Route } from "./routes.ts";

const noQuery = new URLSearchParams();
const nobody = { name: undefined, may: () => false, mayList: false };

/**
 * A registry by the OCI distribution spec (1.1 and what is merged for the next) over a store. The answer is a handler for
 * everything below `/v2/`; `serveRegistry` puts it into a server. It never throws: what goes wrong is answered, and told to `onAnswer`.
 */
export function createRegistry(options: RegistryOptions): RegistryHandler {
  const repositories = openRepositories(options.store);
  const registry: Registry = { options, repositories, busy: new Set(), receiving: 0, buffered: 0 };
  return async (request, response) => {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const route = parseRoute(mark < 0 ? url : url.slice(0, mark));
    const exchange: Exchange = {
      registry,
      request,
      response,
      method: request.method ?? "GET",
      query: mark < 0 ? noQuery : new URLSearchParams(url.slice(mark)),
      caller: nobody,
      received: 0,
      sent: 0,
    };
    const failure = options.onAnswer === undefined ? { error: undefined } : report(exchange, route);
    try {
      // A socket that breaks is no reason to end the process.
      response.on("error", () => {});
      await answer(exchange, route, url);
      if (!request.complete) refuseBody(exchange);
    } catch (error) {
      failure.error = error;
      fail(exchange, error);
    }
  };
}

/** Lets a server answer with the registry, with bodies of any length and duration, and refusals before a body is sent. */
export function serveRegistry(server: Server, handler: RegistryHandler): void {
  // Node ends every request after five minutes otherwise; idle bodies are given up by `limits.idle`.
  server.requestTimeout = 0;
  // Clients that keep connections for a minute must not write to one that we are closing.
  server.keepAliveTimeout = 75_000;
  const listen = (request: IncomingMessage, response: ServerResponse): void =>
    void handler(request, response);
  server.on("request", listen);
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    holdBody(request);
    listen(request, response);
  });
}

async function answer(exchange: Exchange, route: Route, url: string): Promise<void> {
  const { request, response, registry } = exchange;
  const { access } = registry.options;
  if (route.kind === "token" && access.token !== undefined) {
    // It sees for itself who calls: tokens are for those who have none yet.
    if (await access.token(request, response, new URL(url, "http://registry"))) return;
  }
  exchange.caller = await access.identify(request);
  switch (route.kind) {
    case "base":
      answerBase(exchange);
      return;
    case "catalog":
      await answerCatalog(exchange);
      return;
    case "tags":
      await answerTags(exchange, checkName(route.repository));
      return;
    case "manifest":
      await answerManifest(exchange, checkName(route.repository), route.reference);
      return;
    case "blob":
      await answerBlob(exchange, checkName(route.repository), route.reference);
      return;
    case "uploads":
      await answerUploads(exchange, checkName(route.repository));
      return;
    case "upload":
      await answerUpload(exchange, checkName(route.repository), route.reference);
      return;
    case "referrers":
      await answerReferrers(exchange, checkName(route.repository), route.reference);
      return;
    case "rebuild":
      await answerRebuild(exchange, checkName(route.repository));
      return;
    case "token":
    case "unknown":
  }
  throw new RegistryError("UNSUPPORTED", "there is nothing at this address", { status: 404 });
}

/**
 * `/v2/`: this is a registry (distribution-spec, "Determining Support"). Docker learns here how to log in, and asks nowhere else, so that
 * whoever brings no credentials is asked for them where there are any to bring.
 */
function answerBase(exchange: Exchange): void {
  const { method, caller, request, registry } = exchange;
  if (method !== "GET" && method !== "HEAD") refuseMethod(exchange, "GET, HEAD");
  if (caller.name === undefined && request.headers.authorization === undefined) {
    const challenge = registry.options.access.challenge(request, "pull", undefined);
    if (challenge !== "") {
      throw new RegistryError("UNAUTHORIZED", "this registry wants to know who calls", {
        headers: { "WWW-Authenticate": challenge },
      });
    }
  }
  sendJson(exchange, 200, {}, {});
}

function fail(exchange: Exchange, error: unknown): void {
  const { response } = exchange;
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  refuseBody(exchange);
  sendError(exchange, registryErrorOf(error));
}

/** Tells `onAnswer` of the exchange when it is over; what went wrong is put into the answer of this. */
function report(exchange: Exchange, route: Route): { error: unknown } {
  const { registry, request, response, method } = exchange;
  const start = performance.now();
  const failure: { error: unknown } = { error: undefined };
  const remote = registry.options.addressOf?.(request) ?? request.socket.remoteAddress;
  response.once("close", () => {
    const { caller, received, sent } = exchange;
    registry.options.onAnswer?.({
      method,
      route: route.kind,
      ...("repository" in route ? { repository: route.repository } : {}),
      ...("reference" in route ? { reference: route.reference } : {}),
      status: statusOf(response),
      received,
      sent,
      seconds: (performance.now() - start) / 1000,
      ...(caller.name === undefined ? {} : { caller: caller.name }),
      ...(remote === undefined ? {} : { remote }),
      ...(failure.error === undefined ? {} : { error: failure.error }),
    });
  });
  return failure;
}

/** A client that went away before its answer has none: 499, as other servers log it. */
function statusOf(response: ServerResponse): number {
  return response.headersSent && response.writableFinished ? response.statusCode : 499;
}
