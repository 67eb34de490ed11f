import { isRepositoryName } from "../routes.ts";
import { canonicalHost, type Upstream } from "./upstream.ts";

/** A name here, and what it stands for at an upstream. */
export interface Route {
  upstream: Upstream;
  /** The repository there. */
  name: string;
  /** The repository here. */
  local: string;
}

/** The upstreams that may have what a name stands for; `isNamed` where the request says which it is. */
export function routesOf(
  upstreams: readonly Upstream[],
  repository: string,
  namespace: string | undefined,
): { routes: Route[]; isNamed: boolean } {
  if (namespace !== undefined) {
    const host = canonicalHost(namespace);
    // A host that nobody configured is never asked: anyone could name any.
    const upstream = upstreams.find((one) => one.host === host);
    return { routes: upstream === undefined ? [] : routeTo(upstream, repository), isNamed: true };
  }
  const named = upstreams.find(({ prefix }) => repository.startsWith(`${prefix}/`));
  if (named !== undefined) {
    return { routes: routeTo(named, repository.slice(named.prefix.length + 1)), isNamed: true };
  }
  return { routes: upstreams.flatMap((upstream) => routeTo(upstream, repository)), isNamed: false };
}

function routeTo(upstream: Upstream, rest: string): Route[] {
  const name = upstream.nameOf(rest);
  const local = `${upstream.prefix}/${name}`;
  return isRepositoryName(local) ? [{ upstream, name, local }] : [];
}
