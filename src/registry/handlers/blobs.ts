import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../errors.ts";
import { evenReadOnly } from "../even-read-only.ts";
import { checkDigest, demand, type Exchange, refuseMethod } from "../exchange.ts";
import { matchesEntity, wantedRange } from "../http-rules.ts";
import { findBlob, unlinkBlob } from "../repositories.ts";
import { sendEmpty, sendPieces, sendStream } from "../respond.ts";
import { mirroredIn } from "./mirrored.ts";

/** How long a signed address of the store is good, in seconds: for the largest layer to begin, not to end. */
const addressSeconds = 1200;

/** Up to this many bytes a stream costs as little as pieces. */
const smallBlob = 256 * 1024;

/** `/v2/<name>/blobs/<digest>` (distribution-spec, "Pulling blobs", "Deleting Blobs"). */
export async function answerBlob(exchange: Exchange, repository: string, reference: string): Promise<void> {
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      demand(exchange, "pull", repository);
      await sendBlob(exchange, repository, checkDigest(reference));
      return;
    case "DELETE":
      demand(exchange, "delete", repository);
      await deleteBlob(exchange, repository, checkDigest(reference));
      return;
    default:
      refuseMethod(exchange, "GET, HEAD, DELETE");
  }
}

async function sendBlob(exchange: Exchange, requested: string, digest: Digest): Promise<void> {
  const { registry, request, method } = exchange;
  const { store } = registry.repositories;
  const place = await mirroredIn(exchange, requested, async (mirror, namespace, allow) =>
    mirror.blob(requested, digest, namespace, allow),
  );
  // A client that only asks will not push what is there: it must stay.
  const { arriving } = place;
  const find = (touch: boolean) => findBlob(registry.repositories, place.repository, digest, { touch });
  const blob =
    arriving ??
    (await evenReadOnly(
      () => find(method === "HEAD"),
      () => find(false),
    ));
  if (blob === undefined) {
    throw new RegistryError("BLOB_UNKNOWN", `the repository ${requested} does not hold ${digest}`);
  }
  const headers = {
    ...place.headers,
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
    "Accept-Ranges": "bytes",
    "Cache-Control": "max-age=31536000",
  };
  if (matchesEntity(request.headers["if-none-match"], digest)) {
    sendEmpty(exchange, 304, headers);
    return;
  }
  const condition = request.headers["if-range"];
  const asked = condition === undefined || matchesEntity(condition.toString(), digest);
  const range = method === "GET" && asked ? wantedRange(request.headers.range, blob.size) : "all";
  if (range === "unsatisfiable") {
    throw new RegistryError("RANGE_INVALID", `the blob has ${blob.size} bytes`, {
      headers: { "Content-Range": `bytes */${blob.size}`, "Docker-Content-Digest": digest },
    });
  }
  if (method === "HEAD") {
    sendEmpty(exchange, 200, { ...headers, "Content-Length": blob.size });
    return;
  }
  const mayRedirect = registry.options.redirects && arriving === undefined;
  const address = mayRedirect ? await store.blobUrl?.(digest, addressSeconds) : undefined;
  if (address !== undefined) {
    sendEmpty(exchange, 307, { Location: address, "Docker-Content-Digest": digest });
    return;
  }
  const { start, end } = range === "all" ? { start: 0, end: blob.size } : range;
  const status = range === "all" ? 200 : 206;
  const about: Record<string, string | number> = { ...headers, "Content-Length": end - start };
  if (range !== "all") about["Content-Range"] = `bytes ${start}-${end - 1}/${blob.size}`;
  const { idle } = registry.options.limits;
  if (arriving === undefined && store.readBlob !== undefined && end - start > smallBlob) {
    await sendPieces(exchange, status, about, store.readBlob(digest, { start, end }), idle);
    return;
  }
  const part = range === "all" ? undefined : range;
  const stream = await (arriving?.open(part) ?? store.openBlob(digest, part));
  await sendStream(exchange, status, about, stream, idle);
}

async function deleteBlob(exchange: Exchange, repository: string, digest: Digest): Promise<void> {
  const { repositories, options } = exchange.registry;
  if (!options.deletes) throw new RegistryError("UNSUPPORTED", "this registry deletes nothing");
  if (!(await unlinkBlob(repositories, repository, digest))) {
    throw new RegistryError("BLOB_UNKNOWN", `the repository ${repository} does not hold ${digest}`);
  }
  sendEmpty(exchange, 202, { "Docker-Content-Digest": digest });
}
