import { readAll } from "../../codec/read-all.ts";
import { DdiffError } from "../../util/errors.ts";
import type { Call, Connection } from "./connection.ts";
import { type Answer, header } from "./http.ts";

/** A page larger than this is no list that a person can use. */
const pageBytes = 32 << 20;
/** More pages than any honest registry has; CVE-2024-29903 was a client without such an end. */
const pageLimit = 10_000;

/**
 * Reads a list page by page along `Link: <…>; rel="next"` (distribution-spec, "Listing Tags"). Yields each answer with its
 * body; the reader may stop early. Throws `REGISTRY_MISBEHAVES` for pages that lead in a circle or to another host.
 */
export async function* pages(
  connection: Connection,
  first: Call,
): AsyncGenerator<{ answer: Answer; bytes: Buffer }, void, void> {
  const seen = new Set<string>();
  let call = first;
  for (;;) {
    const answer = await connection.call(call);
    let bytes: Buffer;
    try {
      bytes = await readAll(answer.body, pageBytes, `The list of ${first.what}`);
    } catch (error) {
      const failure = connection.broken(error, first);
      throw failure instanceof DdiffError ? failure : failure.failure;
    }
    yield { answer, bytes };
    const next = nextLink(header(answer, "link"));
    if (next === undefined || answer.status !== 200) return;
    const target = connection.resolve(next, answer.url);
    seen.add(answer.url.href);
    if (seen.has(target.href) || seen.size >= pageLimit || target.origin !== answer.url.origin) {
      throw new DdiffError(
        "REGISTRY_MISBEHAVES",
        `${connection.domain} lists ${first.what} in pages that do not end`,
      );
    }
    call = { ...first, target };
  }
}

/** The `next` target of a `Link` header (RFC 8288). */
export function nextLink(value: string | undefined): string | undefined {
  for (const match of (value ?? "").matchAll(/<([^>]*)>((?:\s*;\s*[^,;]*)*)/g)) {
    if (/;\s*rel\s*=\s*"?next"?\s*(?:;|$)/i.test(match[2] ?? "")) return match[1];
  }
  return undefined;
}
