import { readAll } from "../../codec/read-all.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { algorithmOf, type Digest, digestOf, isDigest } from "../../oci/digest.ts";
import { parseDocument } from "../../oci/manifest.ts";
import { isIndexType, isManifestType, mediaTypes } from "../../oci/media-types.ts";
import { DdiffError } from "../../util/errors.ts";
import type { Document } from "../place.ts";
import { type Call, type Connection, scopeOf } from "./connection.ts";
import { discard, header } from "./http.ts";
import { retrying } from "./retry.ts";

/** Registries need not take larger ones (distribution-spec, "Pushing Manifests"), so none is read. */
export const manifestLimit = 4 << 20;

/** Every kind that we understand; a registry must not convert to something else. */
const acceptAll = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifestList,
  mediaTypes.dockerManifest,
].join(", ");

/**
 * Fetches a manifest or index by tag or digest and checks it: against the digest asked for, and against what the
 * registry says it sends (`Docker-Content-Digest`). Throws `IMAGE_MISSING`, `DIGEST_MISMATCH`, `TOO_LARGE`,
 * `MANIFEST_INVALID`, `MANIFEST_UNSUPPORTED`.
 */
export async function getManifest(
  connection: Connection,
  repository: string,
  reference: string,
): Promise<Document> {
  const what = isDigest(reference) ? `${repository}@${reference}` : `${repository}:${reference}`;
  const call: Call = {
    method: "GET",
    target: `${repository}/manifests/${reference}`,
    repository,
    scopes: [scopeOf(repository, "pull")],
    what,
    missing: "image",
    accept: [200],
    headers: { accept: acceptAll },
    repeat: false,
  };
  return retrying(connection.tuning, connection.signal, async () => {
    const answer = await connection.call(call);
    let bytes: Buffer;
    try {
      bytes = await readAll(answer.body, manifestLimit, `The manifest of ${what}`);
    } catch (error) {
      throw connection.broken(error, call);
    }
    const stated = header(answer, "docker-content-digest");
    const digest = checkedDigest(connection.domain, what, bytes, reference, stated);
    const mediaType = mediaTypeOf(header(answer, "content-type"), what);
    const parsed = parseDocument(bytes, mediaType);
    return { descriptor: { mediaType: parsed.mediaType, digest, size: bytes.length }, bytes };
  });
}

/** The digest that a tag stands for, or undefined where there is no such manifest. */
export async function resolveManifest(
  connection: Connection,
  repository: string,
  reference: string,
): Promise<Digest | undefined> {
  const answer = await connection.call({
    method: "HEAD",
    target: `${repository}/manifests/${reference}`,
    repository,
    scopes: [scopeOf(repository, "pull")],
    what: `${repository}:${reference}`,
    accept: [200, 404, 405],
    headers: { accept: acceptAll },
  });
  discard(answer);
  if (answer.status === 404) return undefined;
  const digest = header(answer, "docker-content-digest");
  if (answer.status === 200 && isDigest(digest)) return digest;
  return (await getManifest(connection, repository, reference)).descriptor.digest;
}

/**
 * Stores a manifest or index under a tag or its digest. Answers whether the registry keeps its `subject` for the
 * referrers API (`OCI-Subject`). Throws `DIGEST_MISMATCH` where the registry stored something else.
 */
export async function putManifest(
  connection: Connection,
  repository: string,
  reference: string,
  document: Document,
): Promise<{ subjectKept: boolean }> {
  const { descriptor, bytes } = document;
  const what = isDigest(reference) ? `${repository}@${reference}` : `${repository}:${reference}`;
  const answer = await connection.call({
    method: "PUT",
    target: `${repository}/manifests/${reference}`,
    repository,
    scopes: [scopeOf(repository, "pull,push")],
    what,
    accept: [200, 201, 202],
    headers: { "content-type": descriptor.mediaType },
    body: bytes,
  });
  discard(answer);
  const stored = header(answer, "docker-content-digest");
  const comparable = isDigest(stored) && algorithmOf(stored) === algorithmOf(descriptor.digest);
  if (comparable && stored !== descriptor.digest) {
    throw new DdiffError(
      "DIGEST_MISMATCH",
      `${connection.domain} stored ${what} as ${stored}, not as ${descriptor.digest}`,
      { hint: "The registry changes manifests; signatures would not hold there." },
    );
  }
  return { subjectKept: header(answer, "oci-subject") !== undefined };
}

/** True for what is fetched as a manifest; everything else is a blob. */
export function isManifest(descriptor: Pick<Descriptor, "mediaType">): boolean {
  return isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType);
}

function checkedDigest(
  domain: string,
  what: string,
  bytes: Buffer,
  reference: string,
  stated: string | undefined,
): Digest {
  const pinned = isDigest(reference) ? reference : undefined;
  for (const expected of [pinned, stated]) {
    if (!isDigest(expected)) continue;
    const found = digestOf(bytes, algorithmOf(expected));
    if (found === expected) continue;
    throw new DdiffError(
      "DIGEST_MISMATCH",
      `${domain} sent something else for ${what}: ${found} instead of ${expected}`,
      { hint: "The registry, or something on the way to it, changes or damages manifests." },
    );
  }
  return pinned ?? (isDigest(stated) ? stated : digestOf(bytes));
}

/** The media type of the answer where it says one of ours; static file servers say `application/json` and the like. */
function mediaTypeOf(contentType: string | undefined, what: string): string | undefined {
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase();
  if (mediaType === undefined) return undefined;
  if (mediaType.startsWith("application/vnd.docker.distribution.manifest.v1+")) {
    throw new DdiffError("MANIFEST_UNSUPPORTED", `${what} is in Docker's schema 1, given up in 2017`, {
      hint: "Pull it with an old Docker and push it again.",
    });
  }
  return isManifest({ mediaType }) ? mediaType : undefined;
}
