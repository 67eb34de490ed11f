import { expect } from "vitest";
import { bytesOf, type Random } from "./seeded.ts";
import {
  contested,
  imageKey,
  type KnownBlob,
  type KnownImage,
  type Ledger,
  mayName,
  nowNames,
} from "./ledger.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";

/** One of several clients that push to and delete from one registry at the same time. */
export interface RegistryClient {
  url: string;
  /** Its own repositories are below it. */
  name: string;
  ledger: Ledger;
  random: Random;
  /** Names for content, never the same twice. */
  nextName(): string;
  /** Bytes of its largest layers. */
  largest: number;
  /** Whether a registry may fail or be silent; then the client goes on with something else. */
  forgiving: boolean;
  /** Whether to stop; from then on the registry may be gone, too. */
  isOver(): boolean;
}

/** A request whose answer the client cannot go on from: the image is given up, and the next one begun. */
class GivenUp extends Error {}

/** Pushes, moves tags and deletes until it is over. Throws for an answer that should not come. */
export async function workOn(client: RegistryClient): Promise<void> {
  while (!client.isOver()) {
    try {
      await oneStep(client);
    } catch (error) {
      if (client.isOver() && !client.forgiving) return;
      if (!(error instanceof GivenUp)) throw error;
      // A registry that is not well is not asked as fast as it can refuse.
      if (client.forgiving) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function oneStep(client: RegistryClient): Promise<void> {
  const { random, ledger } = client;
  const mine = [...ledger.images.values()].filter(
    (image) => image.state === "there" && image.repository.startsWith(`${client.name}/`),
  );
  const what = random.next();
  if (mine.length > 7 || (mine.length > 3 && what < 0.15))
    return await deleteImage(client, random.pick(mine));
  if (mine.length > 0 && what < 0.25) return await deleteTag(client, random.pick(mine).repository);
  if (mine.length > 0 && what < 0.35) {
    const image = random.pick(mine);
    return await putManifest(client, image, tagOf(client));
  }
  await pushImage(client);
}

/** Pushes an image with all its blobs. */
export async function pushImage(client: RegistryClient): Promise<KnownImage> {
  const { random, ledger } = client;
  const repository = random.next() < 0.2 ? contested : `${client.name}/${random.pick(["app", "lib"])}`;
  const layers: KnownBlob[] = [];
  for (let count = 1 + random.below(3); count > 0; count--) {
    const known = random.next() < 0.4 && ledger.pool.length > 0 ? random.pick(ledger.pool) : undefined;
    const blob =
      known?.blob ?? newBlob(client, 100 + random.below(random.next() < 0.2 ? client.largest : 60_000));
    if (layers.some(({ digest }) => digest === blob.digest)) continue;
    await ensureBlob(client, repository, blob, known?.repository);
    layers.push(blob);
    ledger.pool.push({ blob, repository });
    if (ledger.pool.length > 40) ledger.pool.splice(random.below(ledger.pool.length), 1);
  }
  const config = newBlob(client, 300);
  await ensureBlob(client, repository, config, undefined);
  const others = [...ledger.images.values()].filter((image) => image.repository === repository);
  const about = random.next() < 0.2 && others.length > 0 ? random.pick(others) : undefined;
  const subject = about && {
    mediaType: mediaTypes.ociManifest,
    digest: about.digest,
    size: about.bytes.length,
  };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptorOf(mediaTypes.ociConfig, config),
      layers: layers.map((layer) => descriptorOf(mediaTypes.ociLayerGzip, layer)),
      ...(subject === undefined ? {} : { subject }),
    }),
  );
  const image: KnownImage = {
    repository,
    digest: digestOf(bytes),
    bytes,
    blobs: [config, ...layers],
    ...(subject === undefined ? {} : { subject: subject.digest }),
    state: "unknown",
  };
  await putManifest(client, image, tagOf(client));
  return image;
}

/** Deletes an image by its digest, and its tags with it. */
export async function deleteImage(client: RegistryClient, image: KnownImage): Promise<void> {
  const { ledger } = client;
  const { repository, digest } = image;
  image.state = "unknown";
  const tags = [...ledger.tags].filter(
    ([key, names]) => key.startsWith(`${repository}:`) && names.has(digest),
  );
  for (const [, names] of tags) names.add(undefined);
  const { status } = await ask(client, "DELETE", `/v2/${repository}/manifests/${digest}`, [202, 404]);
  // Not there: a delete that was cut off had done it.
  if (status === 404 && !client.forgiving) throw new Error(`${imageKey(image)} was not there to be deleted`);
  image.state = "gone";
  for (const [, names] of tags) names.delete(digest);
  ledger.counts.deletes++;
}

async function deleteTag(client: RegistryClient, repository: string): Promise<void> {
  const tag = tagOf(client);
  mayName(client.ledger, repository, tag, undefined);
  await ask(client, "DELETE", `/v2/${repository}/manifests/${tag}`, [202, 404]);
  nowNames(client.ledger, repository, tag, undefined);
  client.ledger.counts.deletes++;
}

async function putManifest(client: RegistryClient, image: KnownImage, tag: string): Promise<void> {
  const { ledger, random } = client;
  const { repository, digest } = image;
  const key = imageKey(image);
  ledger.images.set(key, image);
  mayName(ledger, repository, tag, digest);
  const reference = random.next() < 0.2 ? `${digest}?tag=${tag}` : tag;
  const put = await ask(
    client,
    "PUT",
    `/v2/${repository}/manifests/${reference}`,
    [201, 400],
    { "Content-Type": mediaTypes.ociManifest },
    image.bytes,
  );
  if (put.status === 400) {
    expect(put.text).toContain("MANIFEST_BLOB_UNKNOWN");
    if (image.state === "there") throw new Error(`${key} has lost a blob`);
    // A blob was sent too long ago: the image must not be there.
    image.state = "gone";
    ledger.counts.refusals++;
    throw new GivenUp("blob unknown");
  }
  image.state = "there";
  nowNames(ledger, repository, tag, digest);
  ledger.counts.pushes++;
}

/** A blob with new content. */
function newBlob(client: RegistryClient, size: number): KnownBlob {
  const name = client.nextName();
  return { name, size, digest: digestOf(bytesOf(name, size)) };
}

function descriptorOf(mediaType: string, { digest, size }: KnownBlob): object {
  return { mediaType, digest, size };
}

function tagOf({ random }: RegistryClient): string {
  return `t${random.below(4)}`;
}

/** Has the repository hold a blob, in one of the ways that clients know. */
async function ensureBlob(
  client: RegistryClient,
  repository: string,
  blob: KnownBlob,
  from: string | undefined,
): Promise<void> {
  const { random, ledger } = client;
  if (random.next() < 0.5) {
    const { status } = await ask(client, "HEAD", `/v2/${repository}/blobs/${blob.digest}`, [200, 404]);
    if (status === 200) return;
  }
  const bytes = bytesOf(blob.name, blob.size);
  const way = random.next();
  if (from === undefined && way < 0.2) {
    await ask(client, "POST", `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`, [201], {}, bytes);
    return;
  }
  const mount = from === undefined ? "" : `?mount=${blob.digest}&from=${from}`;
  const begun = await ask(client, "POST", `/v2/${repository}/blobs/uploads/${mount}`, [201, 202]);
  if (begun.status === 201) {
    ledger.counts.mounts++;
    return;
  }
  await sendBlob(client, begun.location, { repository, blob, chunks: way < 0.5 ? 0 : way < 0.75 ? 1 : 4 });
}

async function sendBlob(
  client: RegistryClient,
  location: string,
  { repository, blob, chunks }: { repository: string; blob: KnownBlob; chunks: number },
): Promise<void> {
  const { ledger } = client;
  const bytes = bytesOf(blob.name, blob.size);
  const upload = { repository, blob, acknowledged: 0, ending: false, used: Date.now() };
  ledger.uploads.set(location, upload);
  const size = Math.ceil(bytes.length / Math.max(1, chunks));
  // Without chunks the end brings it all.
  for (let at = chunks === 0 ? bytes.length : 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    const headers = {
      "Content-Range": `${at}-${at + chunk.length - 1}`,
      "Content-Type": "application/octet-stream",
    };
    upload.used = Date.now();
    const { status } = await ask(client, "PATCH", location, [202, 404], headers, chunk);
    if (status === 404) return lost(client, location);
    upload.acknowledged = at + chunk.length;
  }
  upload.ending = true;
  upload.used = Date.now();
  const rest = bytes.subarray(upload.acknowledged);
  const { status } = await ask(client, "PUT", `${location}?digest=${blob.digest}`, [201, 404], {}, rest);
  if (status === 404) return lost(client, location);
  ledger.uploads.delete(location);
}

/** It was idle for the grace. */
function lost({ ledger }: RegistryClient, location: string): never {
  ledger.uploads.delete(location);
  ledger.counts.refusals++;
  throw new GivenUp("upload unknown");
}

/** Sends a request. Throws for an answer that is not expected, and `GivenUp` where a failure is forgiven. */
async function ask(
  client: RegistryClient,
  method: string,
  path: string,
  expected: readonly number[],
  headers: Record<string, string> = {},
  body?: Buffer,
): Promise<{ status: number; location: string; text: string }> {
  let response: Response;
  try {
    response = await fetch(new URL(path, client.url), {
      method,
      headers,
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
    const text = await response.text();
    if (expected.includes(response.status))
      return { status: response.status, location: response.headers.get("location") ?? "", text };
    if (!client.forgiving || response.status < 500)
      throw new Error(`${method} ${path} was answered ${response.status} ${text}`);
  } catch (error) {
    if (!client.forgiving || (error instanceof Error && error.message.includes("was answered"))) throw error;
  }
  client.ledger.counts.failures++;
  throw new GivenUp(`${method} ${path}`);
}
