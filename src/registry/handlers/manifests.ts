import { isDigest } from "../../oci/digest.ts";
import { readBody } from "../body.ts";
import { RegistryError } from "../errors.ts";
import { evenReadOnly } from "../even-read-only.ts";
import { checkDigest, demand, type Exchange, refuseMethod } from "../exchange.ts";
import { matchesEntity } from "../http-rules.ts";
import { deleteManifest, deleteTag, findManifest, putManifest, readManifest } from "../manifests.ts";
import { keepManifest } from "../repositories.ts";
import { sendBytes, sendEmpty } from "../respond.ts";
import { isTag } from "../routes.ts";
import { mirroredIn } from "./mirrored.ts";

/** Tags that one push may set (distribution-spec, "Pushing Manifests", asks for ten and more). */
const tagsAtOnce = 100;

/** `/v2/<name>/manifests/<tag-or-digest>` (distribution-spec, "Pulling manifests", "Pushing Manifests", "Deleting tags"). */
export async function answerManifest(
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      demand(exchange, "pull", repository);
      await sendManifest(exchange, repository, checkReference(reference));
      return;
    case "PUT":
      demand(exchange, "push", repository);
      await receiveManifest(exchange, repository, checkReference(reference));
      return;
    case "DELETE":
      demand(exchange, "delete", repository);
      await remove(exchange, repository, checkReference(reference));
      return;
    default:
      refuseMethod(exchange, "GET, HEAD, PUT, DELETE");
  }
}

/** A tag or a digest; nothing else is either. */
function checkReference(reference: string): string {
  if (isTag(reference)) return reference;
  if (reference.includes(":")) return checkDigest(reference);
  throw new RegistryError(
    "MANIFEST_INVALID",
    "a tag has 1 to 128 letters, digits, underscores, dots or dashes and begins with no dot or dash",
  );
}

async function sendManifest(exchange: Exchange, requested: string, reference: string): Promise<void> {
  const { registry, request, method } = exchange;
  const { repositories } = registry;
  const place = await mirroredIn(exchange, requested, async (mirror, namespace, allow) =>
    mirror.manifest(requested, reference, namespace, allow),
  );
  const manifest = await findManifest(repositories, place.repository, reference);
  if (manifest === undefined) throw unknownManifest(requested, reference);
  const headers = {
    ...place.headers,
    "Content-Type": manifest.mediaType,
    "Docker-Content-Digest": manifest.digest,
    ETag: `"${manifest.digest}"`,
  };
  if (matchesEntity(request.headers["if-none-match"], manifest.digest)) {
    sendEmpty(exchange, 304, headers);
  } else if (method === "HEAD") {
    // A client that only asks will not push what is there: it must stay.
    const stays =
      !isDigest(reference) ||
      (await evenReadOnly(
        () => keepManifest(repositories, place.repository, reference),
        async () => true,
      ));
    if (!stays) throw unknownManifest(requested, reference);
    sendEmpty(exchange, 200, { ...headers, "Content-Length": manifest.size });
  } else {
    sendBytes(exchange, 200, headers, await readManifest(repositories, manifest));
  }
}

async function receiveManifest(exchange: Exchange, repository: string, reference: string): Promise<void> {
  const { registry, request, caller, query } = exchange;
  const { limits, sparse = "indexes" } = registry.options;
  const byDigest = isDigest(reference);
  const tags = byDigest ? [...new Set(query.getAll("tag"))] : [reference];
  if (tags.length > tagsAtOnce) {
    throw new RegistryError("UNSUPPORTED", `at most ${tagsAtOnce} tags at once`, { status: 414 });
  }
  for (const tag of tags) {
    if (!isTag(tag)) throw new RegistryError("MANIFEST_INVALID", `${JSON.stringify(tag)} is no tag`);
  }
  const bytes = await readBody(exchange, limits.manifestBytes);
  const stored = await putManifest(registry.repositories, {
    repository,
    bytes,
    mediaType: request.headers["content-type"],
    ...(byDigest ? { digest: reference } : {}),
    tags,
    sparse,
    mayMoveTag: (tag) => caller.mayMoveTag?.(repository, tag) ?? true,
  });
  sendEmpty(exchange, 201, {
    Location: `/v2/${repository}/manifests/${stored.digest}`,
    "Docker-Content-Digest": stored.digest,
    ...(stored.subject === undefined ? {} : { "OCI-Subject": stored.subject }),
    ...(byDigest && tags.length > 0 ? { "OCI-Tag": tags } : {}),
  });
}

async function remove(exchange: Exchange, repository: string, reference: string): Promise<void> {
  const { registry, caller } = exchange;
  const { repositories, options } = registry;
  if (!options.deletes) throw new RegistryError("UNSUPPORTED", "this registry deletes nothing");
  const mayMove = caller.mayMoveTag?.bind(caller);
  const mayMoveTag = mayMove === undefined ? undefined : (tag: string) => mayMove(repository, tag);
  if (!isDigest(reference) && mayMoveTag?.(reference) === false) {
    throw new RegistryError("DENIED", `the tag ${reference} may not be deleted`);
  }
  const was = isDigest(reference)
    ? await deleteManifest(repositories, repository, reference, mayMoveTag)
    : await deleteTag(repositories, repository, reference);
  if (!was) throw unknownManifest(repository, reference);
  sendEmpty(exchange, 202, {});
}

function unknownManifest(repository: string, reference: string): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", `the repository ${repository} has no manifest ${reference}`);
}
