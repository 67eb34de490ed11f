/** Whether `If-None-Match` names this entity (RFC 9110, 13.1.2): the client has it already. Bare digests are taken, too, as others do. */
export function matchesEntity(header: string | undefined, digest: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((one) => {
    const tag = one.trim().replace(/^W\//, "");
    return tag === "*" || tag === `"${digest}"` || tag === digest;
  });
}

/** What of an entity is wanted: all of it, bytes `start` to `end` (exclusive), or nothing that is there. */
export type WantedRange = "all" | "unsatisfiable" | { start: number; end: number };

/**
 * Reads a `Range` header (RFC 9110, 14.2). What is no byte range, or more than one, is ignored, as the RFC lets servers do; a range
 * that ends before it begins is answered 416, which the conformance suite of the distribution spec asks for.
 */
export function wantedRange(header: string | undefined, size: number): WantedRange {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "");
  if (match === null) return "all";
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return "all";
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return start >= size || end <= start ? "unsatisfiable" : { start, end };
}

/** The range of a chunk of an upload, both ends in it (distribution-spec, "Pushing a blob in chunks"); undefined for anything else. */
export function chunkRange(header: string): { first: number; last: number } | undefined {
  const match = /^(?:bytes[ =])?(\d{1,16})-(\d{1,16})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  const first = Number(match?.[1]);
  const last = Number(match?.[2]);
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last < first) return undefined;
  return { first, last };
}
