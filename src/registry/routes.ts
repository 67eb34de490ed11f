/** What a path below `/v2/` asks for. Names and references are as the client wrote them: see `checkName`. */
export type Route =
  | { kind: "base" }
  | { kind: "catalog" }
  | { kind: "token" }
  | { kind: "tags"; repository: string }
  | { kind: "manifest"; repository: string; reference: string }
  | { kind: "blob"; repository: string; reference: string }
  | { kind: "uploads"; repository: string }
  | { kind: "upload"; repository: string; reference: string }
  | { kind: "referrers"; repository: string; reference: string }
  | { kind: "rebuild"; repository: string }
  | { kind: "unknown" };

const base = "/v2/";
/** Ours: an extension as the distribution spec has them ("Extensions": `_<extension>/<component>/<module>`). */
const rebuild = "/_ddiff/bundles/rebuild";
const unknown: Route = { kind: "unknown" };

/**
 * Reads a path (without its query) from the right end, since repositories have slashes and may have parts that are called
 * `blobs`, `uploads`, `manifests` or `tags` (distribution-spec, "Endpoints"). Only the last segment may be percent-encoded: a
 * name needs no encoding, and an encoded slash would be another name to whoever stands in front of us.
 */
export function parseRoute(path: string): Route {
  if (!path.startsWith(base)) return path === "/v2" ? { kind: "base" } : unknown;
  const rest = path.slice(base.length);
  if (rest === "") return { kind: "base" };
  if (rest === "_catalog") return { kind: "catalog" };
  if (rest === "token") return { kind: "token" };
  if (rest.endsWith("/blobs/uploads/")) return { kind: "uploads", repository: rest.slice(0, -15) };
  if (rest.endsWith(rebuild)) return { kind: "rebuild", repository: rest.slice(0, -rebuild.length) };
  const slash = rest.lastIndexOf("/");
  const before = rest.slice(0, Math.max(slash, 0));
  const last = decodeSegment(rest.slice(slash + 1));
  if (last === undefined) return unknown;
  if (before.endsWith("/manifests"))
    return { kind: "manifest", repository: before.slice(0, -10), reference: last };
  if (before.endsWith("/blobs/uploads"))
    return { kind: "upload", repository: before.slice(0, -14), reference: last };
  if (before.endsWith("/blobs")) {
    const repository = before.slice(0, -6);
    return last === "uploads"
      ? { kind: "uploads", repository }
      : { kind: "blob", repository, reference: last };
  }
  if (before.endsWith("/referrers"))
    return { kind: "referrers", repository: before.slice(0, -10), reference: last };
  if (before.endsWith("/tags") && last === "list") return { kind: "tags", repository: before.slice(0, -5) };
  return unknown;
}

/** `sha256%3Aab…` is `sha256:ab…`; undefined for what decodes to nothing that any reference could be. */
function decodeSegment(segment: string): string | undefined {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

const namePattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const nameLimit = 255;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Whether a text may name a repository (distribution-spec, "Pulling manifests"), in at most 255 characters as clients limit it. */
export function isRepositoryName(text: string): boolean {
  return text.length <= nameLimit && namePattern.test(text);
}

/** Whether a text may be a tag (distribution-spec, "Pulling manifests"). */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}
