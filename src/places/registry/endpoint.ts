import type { PlaceContext } from "../place.ts";

/** Where the HTTP API of a registry is, and which ways to it the user allows. */
export interface Endpoint {
  /** The registry as references spell it: `docker.io`, `localhost:5000`. */
  domain: string;
  /** Host and port of the API, as in a URL. */
  host: string;
  /** Origins to try, in order: `https://…`, and `http://…` only where plain HTTP is allowed. */
  origins: string[];
}

const hub = "docker.io";
const hubHost = "registry-1.docker.io";

/**
 * The endpoint of a registry. Plain HTTP is tried, after HTTPS, on this machine, with `insecure`, and for the registry
 * that `DDIFF_URL` names with `http://`.
 */
export function endpointOf(domain: string, context: Pick<PlaceContext, "env" | "insecure">): Endpoint {
  const host = domain === hub ? hubHost : domain;
  const own = ownRegistry(context.env);
  const asked = context.env.DDIFF_URL !== undefined && own.plain && own.domain === domain;
  const plain = isLoopback(new URL(`https://${host}`).hostname) || context.insecure || asked;
  const origins = plain ? [`https://${host}`, `http://${host}`] : [`https://${host}`];
  return { domain, host, origins: asked ? origins.reverse() : origins };
}

/**
 * The registry that `DDIFF_URL` names (`http://localhost:5000` where it is not set, with `DDIFF_PORT` as its port):
 * what bare names mean, and the only one that `DDIFF_USERNAME`, `DDIFF_PASSWORD` and `DDIFF_TOKEN` are sent to.
 */
export function ownRegistry(env: PlaceContext["env"]): { domain: string; plain: boolean } {
  const text = env.DDIFF_URL ?? `http://localhost:${env.DDIFF_PORT ?? "5000"}`;
  const match = /^(https?):\/\/([^/?#@]+)/i.exec(text);
  if (match?.[2] === undefined) return { domain: text.replace(/\/.*$/, ""), plain: false };
  return { domain: match[2], plain: match[1]?.toLowerCase() === "http" };
}

/** True for names and addresses that never leave this machine. `hostname` as `URL` gives it. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
