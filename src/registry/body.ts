import type { IncomingMessage } from "node:http";
import { RegistryError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** Requests whose client waits for `100 Continue` before it sends the body. */
const waiting = new WeakSet<IncomingMessage>();

/** Marks a request whose body comes only after we said that we want it. */
export function holdBody(request: IncomingMessage): void {
  waiting.add(request);
}

/**
 * The body, chunk by chunk. Given up with an error where the client goes away, or sends nothing for `limits.idle` milliseconds
 * while we wait; our own slowness does not count. Throws BLOB_UPLOAD_INVALID.
 */
export async function* bodyOf(exchange: Exchange): AsyncGenerator<Buffer, void, void> {
  const { request, response } = exchange;
  const { idle } = exchange.registry.options.limits;
  if (waiting.delete(request)) response.writeContinue();
  let since = Date.now();
  let late = false;
  const timer = setInterval(
    () => {
      if (since === 0 || Date.now() - since < idle) return;
      late = true;
      request.destroy();
    },
    Math.max(10, Math.min(1000, idle / 4)),
  );
  try {
    // The request must outlive a reader that stops: its answer is still to be sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      since = 0;
      exchange.received += chunk.length;
      yield chunk;
      since = Date.now();
    }
  } catch (cause) {
    const why = late ? `nothing came for ${idle} ms` : "the connection broke";
    throw new RegistryError("BLOB_UPLOAD_INVALID", `the body did not come whole: ${why}`, { cause });
  } finally {
    clearInterval(timer);
  }
  if (!request.complete) {
    throw new RegistryError("BLOB_UPLOAD_INVALID", "the body did not come whole: the connection broke");
  }
}

/** Bytes that small bodies take up in memory together while they come; one alone may always come. */
const smallBodies = 64 * 1024 * 1024;

/**
 * A small body, whole. Throws SIZE_INVALID (413) as soon as it is longer than `limit` bytes, and TOOMANYREQUESTS where so many come at
 * once that they would fill the memory.
 */
export async function readBody(exchange: Exchange, limit: number): Promise<Buffer> {
  const { registry } = exchange;
  const tooLong = new RegistryError("SIZE_INVALID", `the body is longer than the ${limit} bytes allowed`, {
    status: 413,
  });
  if ((contentLength(exchange) ?? 0) > limit) throw tooLong;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of bodyOf(exchange)) {
      size += chunk.length;
      registry.buffered += chunk.length;
      if (size > limit) throw tooLong;
      if (registry.buffered > smallBodies && registry.buffered > size) {
        throw new RegistryError("TOOMANYREQUESTS", "too many manifests at once", {
          headers: { "Retry-After": "5" },
        });
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    registry.buffered -= size;
  }
}

/** What the client says that it sends; undefined for a body in chunks. */
export function contentLength(exchange: Exchange): number | undefined {
  const { headers } = exchange.request;
  if (headers["content-length"] !== undefined) return Number(headers["content-length"]);
  // Without either header there is no body (RFC 9112, 6.3).
  return headers["transfer-encoding"] === undefined ? 0 : undefined;
}

/** Bytes and milliseconds that we spend on a body that nobody wants, so that its sender gets to read our answer. */
const politeBytes = 16 * 1024 * 1024;
const politeTime = 5000;

/** Before an answer to a request whose body was not read to its end: a large rest ends with the connection. */
export function refuseBody(exchange: Exchange): void {
  const { request, response } = exchange;
  if (request.complete || request.destroyed) return;
  const length = contentLength(exchange) ?? Number.POSITIVE_INFINITY;
  if (length === 0) return;
  if (!response.headersSent && (length > politeBytes || waiting.has(request))) {
    response.setHeader("Connection", "close");
  }
  // Of a body that waits for our word it is unsure whether it comes yet.
  if (waiting.delete(request)) return;
  let left = politeBytes;
  const timer = setTimeout(() => request.destroy(), politeTime);
  request.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.once("end", () => clearTimeout(timer));
  request.once("close", () => clearTimeout(timer));
}
