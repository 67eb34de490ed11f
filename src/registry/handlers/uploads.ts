import type { Digest } from "../../oci/digest.ts";
import type { Upload } from "../../store/store.ts";
import { bodyOf, contentLength } from "../body.ts";
import { RegistryError } from "../errors.ts";
import { checkDigest, demand, type Exchange, refusal, refuseMethod } from "../exchange.ts";
import { chunkRange } from "../http-rules.ts";
import { linkBlob, mountBlob } from "../repositories.ts";
import { sendEmpty } from "../respond.ts";
import { isRepositoryName } from "../routes.ts";

/** `/v2/<name>/blobs/uploads/`: begins an upload, takes a whole blob, or mounts one (distribution-spec, "Pushing blobs"). */
export async function answerUploads(exchange: Exchange, repository: string): Promise<void> {
  if (exchange.method !== "POST") refuseMethod(exchange, "POST");
  const { query, registry } = exchange;
  const from = query.has("mount") ? (query.get("from") ?? undefined) : undefined;
  demand(exchange, "push", repository, from);
  if (query.has("mount") && (await mount(exchange, repository, checkDigest(query.get("mount")), from)))
    return;
  const digest = query.has("digest") ? checkDigest(query.get("digest")) : undefined;
  const digestAlgorithm = digest?.startsWith("sha512:")
    ? "sha512"
    : (query.get("digest-algorithm") ?? "sha256");
  if (digestAlgorithm !== "sha256" && digestAlgorithm !== "sha512") {
    throw new RegistryError("DIGEST_INVALID", "digests are made by sha256 or sha512");
  }
  if (digest !== undefined) checkLength(exchange, 0);
  const upload = await registry.repositories.store.createUpload({ repository, digestAlgorithm });
  if (digest === undefined) {
    sendEmpty(exchange, 202, progressOf(upload));
    return;
  }
  try {
    await alone(exchange, upload.id, async () => {
      await receive(exchange, upload);
      await finish(exchange, upload, digest);
    });
  } catch (error) {
    // The client never heard of this upload, so nobody would end it.
    await upload.cancel().catch(() => {});
    throw error;
  }
}

/** `/v2/<name>/blobs/uploads/<id>`: chunks, the end, how far it is, and giving it up. */
export async function answerUpload(exchange: Exchange, repository: string, id: string): Promise<void> {
  demand(exchange, "push", repository);
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      sendEmpty(exchange, 204, progressOf(await open(exchange, repository, id)));
      return;
    case "PATCH":
      await alone(exchange, id, async () => {
        const upload = await open(exchange, repository, id);
        await receive(exchange, upload);
        sendEmpty(exchange, 202, progressOf(upload));
      });
      return;
    case "PUT":
      await alone(exchange, id, async () => {
        const upload = await open(exchange, repository, id);
        const digest = checkDigest(exchange.query.get("digest"));
        await receive(exchange, upload);
        await finish(exchange, upload, digest);
      });
      return;
    case "DELETE":
      await alone(exchange, id, async () => {
        await (await open(exchange, repository, id)).cancel();
        sendEmpty(exchange, 204, {});
      });
      return;
    default:
      refuseMethod(exchange, "GET, HEAD, PATCH, PUT, DELETE");
  }
}

/**
 * Whether the blob could be mounted; where not, an ordinary upload begins (the spec's 202). Without `from` the repository that last got
 * the blob is tried. A repository that the caller may not pull from might as well not be there; one that another token would open
 * is answered with what to ask for, since clients begin with a token for the repository that they push to.
 */
async function mount(
  exchange: Exchange,
  repository: string,
  digest: Digest,
  from: string | undefined,
): Promise<boolean> {
  const { caller, registry } = exchange;
  const source = from ?? registry.repositories.holders.get(digest) ?? "";
  if (!isRepositoryName(source)) return false;
  if (!caller.may("pull", source)) {
    if (from !== undefined && caller.mayWithOtherToken?.("pull", from) === true)
      throw refusal(exchange, "push", repository, from);
    return false;
  }
  if (!(await mountBlob(registry.repositories, source, repository, digest))) return false;
  sendCreated(exchange, repository, digest);
  return true;
}

async function open(exchange: Exchange, repository: string, id: string): Promise<Upload> {
  const upload = await exchange.registry.repositories.store.openUpload(id);
  if (upload?.repository === repository) return upload;
  throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "there is no such upload: begin a new one");
}

/** One request at a time writes to an upload; whoever comes second is told so before it sends its bytes. */
async function alone(exchange: Exchange, id: string, work: () => Promise<void>): Promise<void> {
  const { registry } = exchange;
  if (registry.busy.has(id)) {
    throw new RegistryError("BLOB_UPLOAD_INVALID", "another request writes to this upload", { status: 409 });
  }
  if (registry.receiving >= registry.options.limits.uploads) {
    throw new RegistryError("TOOMANYREQUESTS", "too many uploads at once", {
      headers: { "Retry-After": "5" },
    });
  }
  registry.busy.add(id);
  registry.receiving += 1;
  try {
    await work();
  } finally {
    registry.busy.delete(id);
    registry.receiving -= 1;
  }
}

/** Appends the body. Throws RANGE_INVALID (416) for a chunk that does not follow what is there, and SIZE_INVALID. */
async function receive(exchange: Exchange, upload: Upload): Promise<void> {
  const length = contentLength(exchange);
  const expected = expectedLength(exchange, upload, length);
  if (length === 0) return;
  checkLength(exchange, upload.size);
  const { blobBytes } = exchange.registry.options.limits;
  const before = upload.size;
  const body = expected === undefined ? bodyOf(exchange) : atMost(bodyOf(exchange), expected);
  const size = await upload.append(body, blobBytes);
  if (expected === undefined || size - before === expected) return;
  throw new RegistryError(
    "SIZE_INVALID",
    `the chunk has ${size - before} bytes, not the ${expected} of its Content-Range`,
    { headers: progressOf(upload) },
  );
}

/** The length that a `Content-Range` promises, checked against where the upload is and against `Content-Length`. */
function expectedLength(exchange: Exchange, upload: Upload, length: number | undefined): number | undefined {
  const header = exchange.request.headers["content-range"];
  if (header === undefined) return undefined;
  const range = chunkRange(header);
  if (range === undefined) {
    // The end of an upload may repeat an empty range; nothing else is without bytes.
    if (length === 0) return 0;
    throw new RegistryError("BLOB_UPLOAD_INVALID", "the Content-Range is not <first>-<last>", {
      headers: progressOf(upload),
    });
  }
  if (range.first !== upload.size) {
    throw new RegistryError("RANGE_INVALID", `the upload has ${upload.size} bytes: go on from there`, {
      headers: progressOf(upload),
    });
  }
  const expected = range.last - range.first + 1;
  if (length !== undefined && length !== expected) {
    throw new RegistryError("SIZE_INVALID", "Content-Range and Content-Length say different lengths", {
      headers: progressOf(upload),
    });
  }
  return expected;
}

/** Chunks up to `limit` bytes in all; throws SIZE_INVALID where more come. */
async function* atMost(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer, void, void> {
  let left = limit;
  for await (const chunk of chunks) {
    if (chunk.length > left) {
      yield chunk.subarray(0, left);
      throw new RegistryError("SIZE_INVALID", "more bytes came than the Content-Range says");
    }
    left -= chunk.length;
    yield chunk;
  }
}

/** Refuses a blob that is too large before its bytes come, where the client says how many they are. */
function checkLength(exchange: Exchange, before: number): void {
  const { blobBytes } = exchange.registry.options.limits;
  if (blobBytes === undefined || before + (contentLength(exchange) ?? 0) <= blobBytes) return;
  throw new RegistryError("SIZE_INVALID", `a blob may have at most ${blobBytes} bytes here`, { status: 413 });
}

async function finish(exchange: Exchange, upload: Upload, digest: Digest): Promise<void> {
  await upload.finish(digest);
  await linkBlob(exchange.registry.repositories, upload.repository, digest);
  sendCreated(exchange, upload.repository, digest);
}

function sendCreated(exchange: Exchange, repository: string, digest: Digest): void {
  sendEmpty(exchange, 201, {
    Location: `/v2/${repository}/blobs/${digest}`,
    "Docker-Content-Digest": digest,
  });
}

/** How far an upload is. Relative, so that it holds behind any proxy, under any name and port. */
function progressOf(upload: Upload): Record<string, string> {
  return {
    Location: `/v2/${upload.repository}/blobs/uploads/${upload.id}`,
    Range: `0-${Math.max(upload.size - 1, 0)}`,
    "Docker-Upload-UUID": upload.id,
  };
}
