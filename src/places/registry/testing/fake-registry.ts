import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { digestOf, type Digest, isDigest } from "../../../oci/digest.ts";
import type { Document } from "../../place.ts";

/** A request as it arrived; `received` is filled while its body comes in. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  received: Buffer[];
}

/** Answers a request in place of the registry: true when it did. */
type Intercept = (
  request: IncomingMessage,
  response: ServerResponse,
  seen: Seen,
) => boolean | Promise<boolean>;

/** A small registry in memory on a free port, for the behaviours that a real one cannot be made to show. */
export interface FakeRegistry {
  /** `127.0.0.1:PORT`. */
  host: string;
  blobs: Map<Digest, Buffer>;
  /** By tag and by digest. */
  manifests: Map<string, { type: string; bytes: Buffer }>;
  requests: Seen[];
  /** Set by a test; asked before everything else. */
  intercept: Intercept;
  /** Whether a broken upload can be gone on with. */
  uploads: Map<string, Buffer>;
  /** Headers of the answer that opens an upload. */
  openHeaders: Record<string, string>;
  put(document: Document, tag?: string): void;
  /** `GET /v2/app/blobs/sha256:…` of everything that arrived, for orders and counts. */
  lines(): string[];
  stop(): Promise<void>;
}

/** Starts a fake registry that speaks plain HTTP. */
export async function startFakeRegistry(): Promise<FakeRegistry> {
  const fake: FakeRegistry = {
    host: "",
    blobs: new Map(),
    manifests: new Map(),
    requests: [],
    intercept: () => false,
    uploads: new Map(),
    openHeaders: {},
    put({ descriptor, bytes }, tag) {
      for (const name of tag === undefined ? [descriptor.digest] : [descriptor.digest, tag]) {
        fake.manifests.set(name, { type: descriptor.mediaType, bytes });
      }
    },
    lines: () => fake.requests.map(({ method, url }) => `${method} ${url}`),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  const server = createServer((request, response) => {
    const seen: Seen = {
      method: request.method ?? "",
      url: request.url ?? "",
      headers: request.headers,
      received: [],
    };
    fake.requests.push(seen);
    void answer(fake, request, response, seen);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  fake.host = `127.0.0.1:${address.port}`;
  return fake;
}

/** Ends a response with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
  return true;
}

/** Reads a body to its end, or to where the line breaks. */
export async function drain(request: IncomingMessage, seen: Seen): Promise<Buffer> {
  try {
    for await (const part of request as AsyncIterable<Buffer>) seen.received.push(part);
  } catch {
    // What came is kept.
  }
  return Buffer.concat(seen.received);
}

async function answer(
  fake: FakeRegistry,
  request: IncomingMessage,
  response: ServerResponse,
  seen: Seen,
): Promise<void> {
  if (await fake.intercept(request, response, seen)) return;
  const url = new URL(seen.url, "http://fake");
  if (seen.method === "POST" && url.pathname.endsWith("/blobs/uploads/")) {
    const id = String(fake.requests.length);
    fake.uploads.set(id, Buffer.alloc(0));
    const location = `${url.pathname}${id}?state=a%2Fb`;
    response.writeHead(202, { location, range: "0-0", ...fake.openHeaders }).end();
    return;
  }
  const match = /^\/v2\/(.+)\/(manifests|blobs|uploads|referrers|tags)\/(.+)$/.exec(url.pathname);
  if (match === null) {
    sendJson(response, url.pathname === "/v2/" ? 200 : 404, {});
    return;
  }
  const [, , kind, name = ""] = match;
  if (kind === "manifests") await manifest(fake, request, response, seen, decodeURIComponent(name));
  else if (kind === "blobs") blob(fake, response, seen, name);
  else if (kind === "uploads") await upload(fake, request, response, seen, url, name);
  else sendJson(response, 404, {});
}

async function manifest(
  fake: FakeRegistry,
  request: IncomingMessage,
  response: ServerResponse,
  seen: Seen,
  name: string,
): Promise<void> {
  if (seen.method === "PUT") {
    const bytes = await drain(request, seen);
    const digest = digestOf(bytes);
    const entry = { type: seen.headers["content-type"] ?? "", bytes };
    fake.manifests.set(name, entry);
    fake.manifests.set(digest, entry);
    sendJson(response, 201, {}, { "docker-content-digest": digest });
    return;
  }
  const found = fake.manifests.get(name);
  if (found === undefined) {
    sendJson(response, 404, { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] });
    return;
  }
  if (seen.method === "DELETE") {
    fake.manifests.delete(name);
    sendJson(response, 202, {});
    return;
  }
  const headers = {
    "content-type": found.type,
    "content-length": String(found.bytes.length),
    "docker-content-digest": digestOf(found.bytes),
  };
  response.writeHead(200, headers);
  response.end(seen.method === "HEAD" ? undefined : found.bytes);
}

function blob(fake: FakeRegistry, response: ServerResponse, seen: Seen, name: string): void {
  const bytes = isDigest(name) ? fake.blobs.get(name) : undefined;
  if (bytes === undefined) {
    sendJson(response, 404, { errors: [{ code: "BLOB_UNKNOWN" }] });
    return;
  }
  const start = Number(/^bytes=(\d+)-$/.exec(seen.headers.range ?? "")?.[1] ?? 0);
  const part = bytes.subarray(start);
  const headers: Record<string, string> = { "content-length": String(part.length) };
  if (start > 0) headers["content-range"] = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(start > 0 ? 206 : 200, headers);
  response.end(seen.method === "HEAD" ? undefined : part);
}

async function upload(
  fake: FakeRegistry,
  request: IncomingMessage,
  response: ServerResponse,
  seen: Seen,
  url: URL,
  id: string,
): Promise<void> {
  const progress = (): Record<string, string> => {
    const size = fake.uploads.get(id)?.length ?? 0;
    return { location: url.pathname, range: `0-${Math.max(size - 1, 0)}` };
  };
  const before = fake.uploads.get(id);
  if (before === undefined) {
    sendJson(response, 404, { errors: [{ code: "BLOB_UPLOAD_UNKNOWN" }] });
    return;
  }
  if (seen.method === "GET") {
    response.writeHead(204, progress()).end();
  } else if (seen.method === "DELETE") {
    fake.uploads.delete(id);
    response.writeHead(204).end();
  } else if (seen.method === "PATCH") {
    const start = Number(/^(\d+)-/.exec(seen.headers["content-range"] ?? "")?.[1] ?? before.length);
    if (start !== before.length) {
      response.writeHead(416, progress()).end();
      return;
    }
    fake.uploads.set(id, Buffer.concat([before, await drain(request, seen)]));
    response.writeHead(202, progress()).end();
  } else {
    const bytes = Buffer.concat([before, await drain(request, seen)]);
    const digest = url.searchParams.get("digest");
    if (digestOf(bytes) !== digest) {
      sendJson(response, 400, { errors: [{ code: "DIGEST_INVALID", message: "digest did not match" }] });
      return;
    }
    fake.uploads.delete(id);
    fake.blobs.set(digestOf(bytes), bytes);
    response.writeHead(201, { location: `/v2/app/blobs/${digest}` }).end();
  }
}
