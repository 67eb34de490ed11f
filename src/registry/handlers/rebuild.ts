import type { Source } from "../../places/place.ts";
import { RegistryError } from "../errors.ts";
import { checkDigest, demand, type Exchange, refuseMethod } from "../exchange.ts";
import { ownSink, ownSource } from "../own-images.ts";
import { findBlob, listTags } from "../repositories.ts";
import type { Rebuilds } from "../rebuilds.ts";
import { sendJson } from "../respond.ts";
import { isRepositoryName, isTag } from "../routes.ts";

/** Tags of the repository that are looked at for a bundle's base, where its names lead to none. */
const tagsTried = 100;
/** Names of a base that are followed: a bundle may have any number. */
const namesTried = 20;

/**
 * `/v2/<name>/_ddiff/bundles/rebuild?digest=<bundle>&tag=<tag>[&base=<repository>:<tag>]`: a GET says that this registry makes images of
 * bundles, a POST has it make one, of a bundle that was pushed to the repository as a blob.
 */
export async function answerRebuild(exchange: Exchange, repository: string): Promise<void> {
  const { rebuilds } = exchange.registry.options;
  if (rebuilds === undefined) {
    throw new RegistryError("UNSUPPORTED", "this registry makes no images of bundles", { status: 404 });
  }
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      demand(exchange, "push", repository);
      sendJson(exchange, 200, {}, { rebuilds: true });
      return;
    case "POST":
      demand(exchange, "push", repository);
      await rebuild(exchange, repository, rebuilds);
      return;
    default:
      refuseMethod(exchange, "GET, HEAD, POST");
  }
}

async function rebuild(exchange: Exchange, repository: string, rebuilds: Rebuilds): Promise<void> {
  const { registry, response, query, caller } = exchange;
  const { repositories, options } = registry;
  const bundle = checkDigest(query.get("digest"));
  const tag = query.get("tag") ?? "";
  if (!isTag(tag))
    throw new RegistryError("MANIFEST_INVALID", "the tag for the image is missing, or is none");
  if ((await findBlob(repositories, repository, bundle, { touch: true })) === undefined) {
    throw new RegistryError("BLOB_UNKNOWN", `the repository ${repository} has no blob ${bundle}`);
  }
  const gone = new AbortController();
  const stop = (): void => gone.abort(new Error("the client went away"));
  response.once("close", stop);
  // It may have gone before anybody listened.
  if (response.destroyed) stop();
  try {
    const written = await rebuilds.run({
      bundle: await repositories.store.openBlob(bundle),
      bases: (names) => basesFor(exchange, repository, [...query.getAll("base"), ...names]),
      sink: ownSink(repositories, {
        repository,
        tag,
        blobBytes: options.limits.blobBytes,
        manifestBytes: options.limits.manifestBytes,
        sparse: options.sparse ?? "indexes",
        mayMoveTag: (name) => caller.mayMoveTag?.(repository, name) ?? true,
      }),
      signal: gone.signal,
    });
    sendJson(
      exchange,
      201,
      {
        Location: `/v2/${repository}/manifests/${written.digest}`,
        "Docker-Content-Digest": written.digest,
      },
      { name: repository, tag, digest: written.digest },
    );
  } finally {
    response.off("close", stop);
  }
}

/** Images that the caller may pull: those named, then those of the repository itself. */
async function* basesFor(
  exchange: Exchange,
  repository: string,
  names: readonly string[],
): AsyncGenerator<Source, void, void> {
  const { registry, caller } = exchange;
  const { repositories } = registry;
  for (const name of names.slice(0, namesTried)) {
    const colon = name.lastIndexOf(":");
    const [from, tag] = [name.slice(0, colon), name.slice(colon + 1)];
    if (!isRepositoryName(from) || !isTag(tag) || !caller.may("pull", from)) continue;
    yield ownSource(repositories, from, tag);
  }
  if (!caller.may("pull", repository)) return;
  const { names: tags } = await listTags(repositories, repository, undefined, tagsTried);
  for (const tag of tags) yield ownSource(repositories, repository, tag);
}
