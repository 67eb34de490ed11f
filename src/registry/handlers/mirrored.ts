import { checkName, demand, type Exchange } from "../exchange.ts";
import type { Arriving, Mirror, Mirrored } from "../registry.ts";

/** Where a pull is answered from. */
export interface Place {
  repository: string;
  /** `OCI-Namespace`, where it comes from an upstream (distribution-spec, "Registry Proxying"). */
  headers: Record<string, string>;
  /** A blob that is still on its way from there. */
  arriving?: Arriving;
}

/**
 * Lets the mirror, where there is one, bring what a pull asks for, and says in which repository it stands then. The caller must be
 * allowed to pull there, too: a namespace is no way around the rules.
 */
export async function mirroredIn(
  exchange: Exchange,
  requested: string,
  bring: (
    mirror: Mirror,
    namespace: string | undefined,
    allow: (repository: string) => void,
  ) => Promise<Mirrored | undefined>,
): Promise<Place> {
  const { mirror } = exchange.registry.options;
  if (mirror === undefined) return { repository: requested, headers: {} };
  // Before the upstream is asked: what the caller may not have is not fetched for them either.
  const allow = (repository: string): void => demand(exchange, "pull", repository);
  const mirrored = await bring(mirror, exchange.query.get("ns") ?? undefined, allow);
  if (mirrored === undefined) return { repository: requested, headers: {} };
  const repository = checkName(mirrored.repository);
  if (repository !== requested) allow(repository);
  const { namespace, stale, arriving } = mirrored;
  // The only code that clients look for (distribution-spec, "Warnings").
  const warning =
    stale === true ? { Warning: '299 - "the upstream does not answer: this is what it had"' } : {};
  const headers = { "OCI-Namespace": namespace, ...warning };
  return { repository, headers, ...(arriving === undefined ? {} : { arriving }) };
}
