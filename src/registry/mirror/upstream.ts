import type { Readable } from "node:stream";
import type { Digest } from "../../oci/digest.ts";
import {
  type Call,
  type Connection,
  connectionFor,
  scopeOf,
  shortName,
} from "../../places/registry/connection.ts";
import { openCheckedBlob } from "../../places/registry/checked-blob.ts";
import { discard, header } from "../../places/registry/http.ts";
import { getManifest, resolveManifest } from "../../places/registry/manifests.ts";
import type { Document, PlaceContext } from "../../places/place.ts";
import { silent } from "../../util/progress.ts";
import { DdiffError, isDdiffError } from "../../util/errors.ts";
import { isRepositoryName } from "../routes.ts";

/** A registry to fetch from. */
export interface UpstreamOptions {
  /** As in names of images: `docker.io`, `ghcr.io`, `registry.lab:5000`. */
  host: string;
  /** Where its API is, where that is not `https://HOST`; `http://` allows plain HTTP. Scheme, host and port only. */
  url?: string;
  /** Shown to this host only, and to token servers of its domain. */
  credentials?: { username: string; password: string } | { token: string };
  /** Its images stand below this here; the host, with `_` for the colon before a port, when not said. */
  prefix?: string;
  /** Allow plain HTTP and unknown certificates. */
  insecure?: boolean;
  /** PEM file with extra certificate authorities. */
  caFile?: string;
}

/** What all upstreams share. */
interface Surroundings {
  /** Proxies (`HTTPS_PROXY`, `NO_PROXY`) come from here, and nothing else. */
  env: Record<string, string | undefined>;
  tempDir: string;
  signal: AbortSignal;
}

/** A registry to fetch from, and where its images stand here. Its functions throw what the registry client throws. */
export interface Upstream {
  readonly host: string;
  readonly prefix: string;
  /** What a repository is called there: `debian` of Docker Hub is `library/debian`. */
  nameOf(repository: string): string;
  /** The digest of a tag; undefined where there is none, or none for us. */
  resolve(name: string, tag: string): Promise<Digest | undefined>;
  /** A manifest, checked; undefined where there is none, or none for us. */
  manifest(name: string, reference: string): Promise<Document | undefined>;
  /** Bytes of a blob; undefined where there is none, or none for us. */
  blobSize(name: string, digest: Digest): Promise<number | undefined>;
  /** The blob, checked: it ends normally only when it is right. */
  openBlob(name: string, blob: { digest: Digest; size: number }): Promise<Readable>;
}

const hub = "docker.io";
const hubNames = new Set([hub, "index.docker.io", "registry-1.docker.io"]);
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
/** Clients repeat what fails; a server that repeats for long keeps them waiting. */
const tuning = { retries: 2, retryDelayMs: 200, retryDelayLimitMs: 5_000, idleMs: 60_000 };

/** Docker Hub goes by several names. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return hubNames.has(lower) ? hub : lower;
}

/** An upstream. Nothing is asked of it yet. Throws `UPSTREAM_INVALID` for a URL with a path, or a prefix that can begin no name. */
export function openUpstream(options: UpstreamOptions, { env, tempDir, signal }: Surroundings): Upstream {
  const host = canonicalHost(options.host);
  const prefix = options.prefix ?? host.replaceAll(/[^a-z0-9._-]+/g, "_").replaceAll(/^_+|_+$/g, "");
  if (!isRepositoryName(prefix)) throw invalid(`${prefix} cannot begin the name of a repository`);
  const base = baseOf(options);
  const context: PlaceContext = {
    env: { ...proxiesOf(env), ...loginOf(options, base) },
    progress: silent,
    tempDir,
    insecure: options.insecure ?? false,
    guarded: true,
    signal,
    ...(options.caFile === undefined ? {} : { caFile: options.caFile }),
  };
  // The connection is made of the context: each upstream has its own, and so its own logins.
  const connection = connectionFor(base.domain, context, tuning);
  return {
    host,
    prefix,
    nameOf: (repository) =>
      host === hub && !repository.includes("/") ? `library/${repository}` : repository,
    resolve: (name, tag) => orMissing(() => resolveManifest(connection, name, tag)),
    manifest: (name, reference) => orMissing(() => getManifest(connection, name, reference)),
    blobSize: (name, digest) => orMissing(() => sizeOf(connection, name, digest)),
    openBlob: (name, { digest, size }) =>
      openCheckedBlob(connection, name, { mediaType: "application/octet-stream", digest, size }, signal),
  };
}

/** Where the API is; plain HTTP only where the URL says so. */
function baseOf({ host, url }: UpstreamOptions): { domain: string; url: string } {
  if (url === undefined) {
    const domain = canonicalHost(host);
    return { domain, url: `https://${domain}` };
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isBare =
    parsed !== undefined && /^\/?$/.test(parsed.pathname) && `${parsed.search}${parsed.hash}` === "";
  if (!isBare || !/^https?:$/.test(parsed.protocol) || `${parsed.username}${parsed.password}` !== "") {
    throw invalid(`${url} is not the address of a registry`);
  }
  return { domain: parsed.host, url: parsed.origin };
}

/** The registry client takes a login for the one registry that DDIFF_URL names, and for no other. No file is read. */
function loginOf(
  { credentials }: UpstreamOptions,
  { url }: { url: string },
): Record<string, string | undefined> {
  if (credentials === undefined) return { DDIFF_URL: url };
  if ("token" in credentials) return { DDIFF_URL: url, DDIFF_TOKEN: credentials.token };
  return { DDIFF_URL: url, DDIFF_USERNAME: credentials.username, DDIFF_PASSWORD: credentials.password };
}

function proxiesOf(env: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(proxyVariables.map((name) => [name, env[name]]));
}

/** Registries that want a login for what is not there answer as if it were secret: to those who pull it is the same. */
async function orMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const missing = ["IMAGE_MISSING", "BLOB_MISSING", "AUTH_REQUIRED", "AUTH_REFUSED"];
    if (isDdiffError(error) && missing.includes(error.code)) return undefined;
    throw error;
  }
}

async function sizeOf(connection: Connection, name: string, digest: Digest): Promise<number> {
  const call: Omit<Call, "method" | "accept"> = {
    target: `${name}/blobs/${digest}`,
    repository: name,
    scopes: [scopeOf(name, "pull")],
    what: `blob ${shortName(name, digest)}`,
    missing: "blob",
  };
  const head = await connection.call({ ...call, method: "HEAD", accept: [200, 403, 405] });
  discard(head);
  const stated = header(head, "content-length");
  if (head.status === 200 && stated !== undefined) return lengthOf(stated, connection, digest);
  // Addresses that are signed for a GET refuse a HEAD.
  const get = await connection.call({ ...call, method: "GET", accept: [200] });
  get.body.on("error", () => undefined);
  get.body.destroy();
  return lengthOf(header(get, "content-length"), connection, digest);
}

function lengthOf(text: string | undefined, { domain }: Connection, digest: Digest): number {
  const size = Number(text ?? Number.NaN);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new DdiffError("REGISTRY_MISBEHAVES", `${domain} does not say how long the blob ${digest} is`);
}

function invalid(sentence: string): DdiffError {
  return new DdiffError("UPSTREAM_INVALID", sentence, {
    hint: "Write an upstream as its host in names of images, such as ghcr.io, and its address as https://HOST:PORT.",
    exitStatus: 2,
  });
}
