import { RegistryError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";

/** What a list that was asked for in pages gives next. */
export interface Paging {
  /** How many at most, whatever was asked. */
  limit: number;
  /** Those after this one. */
  after: string | undefined;
}

/** As many names as one answer holds at most; the `Link` header leads on. */
const most = 10_000;
const longestLast = 512;

/** Reads `n` and `last` (distribution-spec, "Listing Tags"). Throws PAGINATION_NUMBER_INVALID for an `n` that counts nothing. */
export function pagingOf(query: URLSearchParams): Paging {
  const n = query.get("n");
  const last = query.get("last");
  if (n !== null && !/^\d{1,32}$/.test(n)) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", "n is not a whole number of 0 or more");
  }
  // No tag and no repository has such a name, and stores cannot all compare with one.
  if (last !== null && !/^[ -~]*$/.test(last)) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", "last is no name");
  }
  return {
    limit: n === null ? most : Math.min(Number(n), most),
    after: last === null || last === "" ? undefined : last.slice(0, longestLast),
  };
}

/** The `Link` header to the next page (RFC 8288), relative; the other parameters stay. */
export function nextLink(exchange: Exchange, path: string, last: string): Record<string, string> {
  const query = new URLSearchParams(exchange.query);
  query.set("last", last);
  return { Link: `<${path}?${query.toString()}>; rel="next"` };
}
