import { type Descriptor, parseDescriptor } from "../../oci/descriptor.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { parseJson } from "../../oci/json.ts";
import { type Manifest, type Index, parseDocument } from "../../oci/manifest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { DdiffError, isDdiffError } from "../../util/errors.ts";
import type { Document } from "../place.ts";
import { type Connection, scopeOf } from "./connection.ts";
import { header } from "./http.ts";
import { getManifest, putManifest } from "./manifests.ts";
import { pages } from "./paging.ts";

/** More signatures and SBOMs of one image than anybody has. */
const referrerLimit = 10_000;

/**
 * The descriptors of the manifests that refer to `subject`: by the referrers API, or where the registry has none by the
 * tag that clients keep instead (distribution-spec, "Listing Referrers" and "Unavailable Referrers API").
 */
export async function listReferrers(
  connection: Connection,
  repository: string,
  subject: Digest,
): Promise<Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  const call = {
    method: "GET" as const,
    target: `${repository}/referrers/${subject}`,
    repository,
    scopes: [scopeOf(repository, "pull")],
    what: `referrers of ${repository}@${subject}`,
    accept: [200, 400, 404, 405],
    headers: { accept: mediaTypes.ociIndex },
  };
  for await (const { answer, bytes } of pages(connection, call)) {
    const type = header(answer, "content-type")?.split(";")[0]?.trim();
    // A web page that answers everything with 200 is no referrers API either.
    if (answer.status !== 200 || type !== mediaTypes.ociIndex) {
      return (await readFallback(connection, repository, subject)).manifests;
    }
    for (const descriptor of readList(bytes, call.what)) found.set(descriptor.digest, descriptor);
    if (found.size > referrerLimit) {
      throw new DdiffError("TOO_LARGE", `${connection.domain} lists more than ${referrerLimit} ${call.what}`);
    }
  }
  return [...found.values()];
}

/** Lists `referrer` under the fallback tag of its subject, for registries whose `PUT` did not say `OCI-Subject`. */
export async function addFallbackReferrer(
  connection: Connection,
  repository: string,
  subject: Digest,
  referrer: Document,
  parsed: Manifest | Index,
): Promise<void> {
  const before = await readFallback(connection, repository, subject);
  const { digest } = referrer.descriptor;
  if (before.manifests.some((descriptor) => descriptor.digest === digest)) return;
  const configType = parsed.kind === "manifest" ? parsed.config.mediaType : undefined;
  const artifactType = parsed.artifactType ?? configType;
  const descriptor: Descriptor = {
    ...referrer.descriptor,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(parsed.annotations === undefined ? {} : { annotations: parsed.annotations }),
  };
  const manifests = [...before.manifests, descriptor];
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const bytes = Buffer.from(JSON.stringify(index));
  const document = {
    descriptor: { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length },
    bytes,
  };
  await putManifest(connection, repository, fallbackTag(subject), document);
}

/** The referrers tag: the digest with a dash, cut as the specification says (32 and 64 characters). */
export function fallbackTag(subject: Digest): string {
  const [algorithm = "", hex = ""] = subject.split(":");
  return `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`;
}

async function readFallback(
  connection: Connection,
  repository: string,
  subject: Digest,
): Promise<{ manifests: Descriptor[] }> {
  let document: Document;
  try {
    document = await getManifest(connection, repository, fallbackTag(subject));
  } catch (error) {
    if (isDdiffError(error, "IMAGE_MISSING")) return { manifests: [] };
    throw error;
  }
  const parsed = parseDocument(document.bytes, document.descriptor.mediaType);
  return { manifests: parsed.kind === "index" ? parsed.manifests : [] };
}

function readList(bytes: Buffer, what: string): Descriptor[] {
  const value = parseJson(bytes, what, { maxBytes: bytes.length, maxDepth: 64 });
  const list = (value as { manifests?: unknown } | null)?.manifests ?? [];
  if (Array.isArray(list)) return list.map((item) => parseDescriptor(item, what));
  throw new DdiffError("MANIFEST_INVALID", `The ${what} are not a list`);
}
