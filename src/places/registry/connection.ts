import type { Digest } from "../../oci/digest.ts";
import { DdiffError, systemErrorCode } from "../../util/errors.ts";
import type { PlaceContext } from "../place.ts";
import { type Authenticator, type AuthRequest, makeAuthenticator } from "./auth.ts";
import { makeEgress } from "./egress.ts";
import { endpointOf } from "./endpoint.ts";
import { answerFailure, isCertificateCode, networkFailure, type Subject } from "./failure.ts";
import { type Agents, type Answer, type Body, discard, header, makeAgents, send } from "./http.ts";
import { retrying, TransientFailure } from "./retry.ts";
import { trustFor } from "./trust.ts";
import { defaultTuning, type Tuning } from "./tuning.ts";

/** One request to a registry, with everything that login, redirects, repeats and messages need to know. */
export interface Call {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** A path below `/v2/`, or an address that the registry gave us. */
  target: string | URL;
  /** The repository whose login is used; empty for the catalog. */
  repository: string;
  /** For instance `repository:app:pull`. */
  scopes: string[];
  /** What it is about, for messages. */
  what: string;
  /** What a 404 means. */
  missing?: "image" | "blob";
  /** Statuses to hand back; every other one is thrown as an error. */
  accept: readonly number[];
  headers?: Record<string, string>;
  body?: Body;
  idleMs?: number;
  answerMs?: number;
  /** False where the caller must look before it repeats: it then sees `TransientFailure`. */
  repeat?: boolean;
  signal?: AbortSignal | undefined;
}

/** A registry that is being talked to: one origin, its keep-alive connections, its tokens. */
export interface Connection {
  readonly domain: string;
  readonly tuning: Tuning;
  /** Ends all that goes on here. */
  readonly signal: AbortSignal | undefined;
  /** Sends a call. Throws what `failure.ts` says. */
  call(call: Call): Promise<Answer>;
  /** Makes an error of an answer that `accept` let through after all. */
  failure(answer: Answer, call: Call): Promise<DdiffError>;
  /** Makes an error of a body that broke while it was read. */
  broken(error: unknown, call: Call): DdiffError | TransientFailure;
  /** An address from a `Location` or `Link` header, made absolute. Throws `REGISTRY_MISBEHAVES`. */
  resolve(location: string, from: URL): URL;
  /** The same for content from elsewhere (`urls` of a layer): never with credentials, only over HTTPS. */
  fetchForeign(url: URL, call: Call): Promise<Answer>;
}

interface State {
  origin: URL;
  agents: Agents;
  /** For what the registry sends us to on other hosts. */
  foreign: { agents: Agents; check?: (url: URL) => void };
  auth: Authenticator;
}

const redirectLimit = 5;
const connections = new WeakMap<PlaceContext, Map<string, Connection>>();

/** The connection to a registry, one per registry and context, so that images of one run share logins. */
export function connectionFor(domain: string, context: PlaceContext, tuning?: Partial<Tuning>): Connection {
  let known = connections.get(context);
  if (known === undefined) {
    known = new Map();
    connections.set(context, known);
  }
  let connection = known.get(domain);
  if (connection === undefined) {
    connection = openConnection(domain, context, { ...defaultTuning, ...tuning });
    known.set(domain, connection);
  }
  return connection;
}

/** The scope for something done in a repository. */
export function scopeOf(repository: string, actions: "pull" | "pull,push" | "pull,delete"): string {
  return `repository:${repository}:${actions}`;
}

/** `app@sha256:0123456789ab…`: enough of a digest to know it by. */
export function shortName(repository: string, digest: Digest): string {
  return `${repository}@${digest.slice(0, digest.indexOf(":") + 13)}`;
}

function openConnection(domain: string, context: PlaceContext, tuning: Tuning): Connection {
  const endpoint = endpointOf(domain, context);
  let opening: Promise<State> | undefined;
  let reached = false;

  const signalOf = (call: Call): AbortSignal | undefined => call.signal ?? context.signal;
  const broken = (error: unknown, call: Call): DdiffError | TransientFailure =>
    networkFailure(error, { registry: domain, what: call.what, missing: call.missing }, reached);

  const open = async (): Promise<State> => {
    const agents = makeAgents(await trustFor(endpoint.host, context), context.env);
    const origin = await findOrigin(endpoint.origins, agents, tuning, context.signal);
    const auth = makeAuthenticator(domain, origin, agents, context, tuning);
    if (context.guarded !== true) return { origin, agents, foreign: { agents }, auth };
    const egress = await makeEgress(domain, origin);
    // Nor does another host see the certificate that this machine has for the registry.
    const trust = await trustFor("foreign.invalid", context);
    const guarded = makeAgents(trust, context.env, egress.lookup);
    const foreign = { agents: guarded, check: (url: URL) => egress.check(url) };
    return { origin, agents, foreign, auth };
  };
  const state = (): Promise<State> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  const exchange = async (call: Call): Promise<Answer> => {
    const { origin, auth } = await state();
    const url = typeof call.target === "string" ? new URL(`/v2/${call.target}`, origin) : call.target;
    const subject = { registry: domain, what: call.what };
    const request: AuthRequest = { scopes: call.scopes, repository: call.repository, subject };
    let authorization = await auth.header(request);
    let answer = await follow(origin, url, call, authorization);
    if (answer.status === 401 && answer.url.origin === origin.origin) {
      const next = await auth.answer(header(answer, "www-authenticate"), authorization, request);
      if (next !== undefined) {
        discard(answer);
        authorization = next;
        answer = await follow(origin, url, call, authorization);
      }
    }
    return answer;
  };

  const follow = async (
    origin: URL,
    start: URL,
    call: Call,
    authorization: string | undefined,
  ): Promise<Answer> => {
    const { agents, foreign } = await state();
    let url = start;
    for (let hop = 0; ; hop++) {
      const own = url.origin === origin.origin;
      if (!own) foreign.check?.(url);
      const headers = { ...call.headers };
      // Only the registry itself ever sees the login, however it was asked to be sent on.
      if (own && authorization !== undefined) headers.authorization = authorization;
      const answer = await send(own ? agents : foreign.agents, {
        method: call.method,
        url,
        headers,
        body: call.body,
        idleMs: call.idleMs ?? tuning.idleMs,
        answerMs: call.answerMs,
        signal: signalOf(call),
      });
      reached = true;
      const location = redirectOf(answer, call);
      if (location === undefined) return answer;
      discard(answer);
      if (hop === redirectLimit) throw misbehaves(domain, `redirects ${call.what} without end`);
      url = resolveAddress(location, url, origin, context.insecure, domain);
    }
  };

  const failureOf = async (answer: Answer, call: Call): Promise<DdiffError | TransientFailure> => {
    const { origin, auth } = await state();
    const foreign = answer.url.origin !== origin.origin;
    const subject: Subject = { registry: foreign ? answer.url.host : domain, what: call.what };
    const denied = answer.status === 401 || answer.status === 403 || answer.status === 429;
    if (denied && !foreign) subject.who = await auth.who(call.repository);
    const failure = await answerFailure(answer, { ...subject, missing: call.missing });
    const notes = denied ? await auth.notes(call.repository) : [];
    if (failure instanceof TransientFailure || notes.length === 0) return failure;
    const hint = [failure.hint, ...notes.map((note) => `${note}.`)].filter(Boolean).join(" ");
    return new DdiffError(failure.code, failure.message, { hint });
  };

  const attempt = async (call: Call, work: () => Promise<Answer>): Promise<Answer> => {
    let answer: Answer;
    try {
      answer = await work();
    } catch (error) {
      throw broken(error, call);
    }
    if (call.accept.includes(answer.status)) return answer;
    throw await failureOf(answer, call);
  };

  return {
    domain,
    tuning,
    signal: context.signal,
    broken,
    call: (call) =>
      call.repeat === false
        ? attempt(call, () => exchange(call))
        : retrying(tuning, signalOf(call), () => attempt(call, () => exchange(call))),
    async failure(answer, call) {
      const failure = await failureOf(answer, call);
      return failure instanceof TransientFailure ? failure.failure : failure;
    },
    resolve(location, from) {
      // A registry behind a TLS proxy that it knows nothing of names itself with http://.
      const base = new URL(from.origin);
      return resolveAddress(location, from, base, context.insecure, domain);
    },
    async fetchForeign(url, call) {
      const nowhere = new URL("https://foreign.invalid");
      return attempt(call, () => follow(nowhere, url, call, undefined));
    },
  };
}

/** Finds out how the registry is spoken to: the first origin that gives any HTTP answer. */
async function findOrigin(
  origins: string[],
  agents: Agents,
  tuning: Tuning,
  signal: AbortSignal | undefined,
): Promise<URL> {
  const urls = origins.map((origin) => new URL(origin));
  let first: unknown;
  for (const url of urls) {
    // With one way only, the first real request finds out just as well.
    if (urls.length === 1) return url;
    try {
      const target = new URL("/v2/", url);
      discard(await send(agents, { method: "GET", url: target, headers: {}, idleMs: tuning.idleMs, signal }));
      return url;
    } catch (error) {
      // Somebody is there and shows a certificate: going on without it would be giving way to an attacker.
      if (isCertificateCode(systemErrorCode(error) ?? "")) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** Where an answer sends us, if it does and the request may be sent on as it is (RFC 9110, 15.4). */
function redirectOf(answer: Answer, call: Call): string | undefined {
  const reading = call.method === "GET" || call.method === "HEAD";
  const kept = answer.status === 307 || answer.status === 308;
  const moved = answer.status === 301 || answer.status === 302 || answer.status === 303;
  return kept || (moved && reading) ? header(answer, "location") : undefined;
}

function resolveAddress(location: string, from: URL, origin: URL, insecure: boolean, domain: string): URL {
  if (!URL.canParse(location, from.href)) throw misbehaves(domain, "sent an address that is no URL");
  const url = new URL(location, from);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw misbehaves(domain, `sent an address with ${url.protocol}`);
  }
  // An address may not bring a login of its own.
  url.username = "";
  url.password = "";
  if (url.protocol === "http:" && from.protocol === "https:") {
    if (url.hostname === origin.hostname) return new URL(url.pathname + url.search, origin);
    if (!insecure) throw misbehaves(domain, `sent us from HTTPS to plain HTTP on ${url.host}`);
  }
  return url;
}

function misbehaves(domain: string, what: string): DdiffError {
  return new DdiffError("REGISTRY_MISBEHAVES", `${domain} ${what}`, {
    hint: "Its owner must correct its configuration, or a proxy before it.",
  });
}
