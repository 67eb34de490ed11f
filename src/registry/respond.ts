import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { isDdiffError, messageOf } from "../util/errors.ts";
import { RegistryError, type RegistryErrorCode } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

type Headers = Record<string, string | number | string[]>;

/** What every answer has: docker looks for the version, and a browser must not guess that a manifest is a page. */
const always = { "Docker-Distribution-Api-Version": "registry/2.0", "X-Content-Type-Options": "nosniff" };

/** A status and headers, no body. */
export function sendEmpty(exchange: Exchange, status: number, headers: Headers): void {
  const { response } = exchange;
  const length = status === 204 || status === 304 ? {} : { "Content-Length": 0 };
  response.writeHead(status, { ...always, ...length, ...headers });
  response.end();
}

/** Bytes with their length; of a HEAD request only the headers are sent. */
export function sendBytes(exchange: Exchange, status: number, headers: Headers, bytes: Buffer): void {
  const { response, method } = exchange;
  response.writeHead(status, { ...always, "Content-Length": bytes.length, ...headers });
  if (method === "HEAD") {
    response.end();
    return;
  }
  exchange.sent += bytes.length;
  response.end(bytes);
}

/** A JSON document. */
export function sendJson(exchange: Exchange, status: number, headers: Headers, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value));
  sendBytes(exchange, status, { "Content-Type": "application/json", ...headers }, bytes);
}

/**
 * A stream of `length` bytes, as fast as the client takes them; one that takes nothing for `idle` milliseconds is given up. What
 * goes wrong after the headers can only be told by breaking off. Throws what the stream throws.
 */
export async function sendStream(
  exchange: Exchange,
  status: number,
  headers: Headers,
  stream: Readable,
  idle: number,
): Promise<void> {
  const { response } = exchange;
  const stop = (): void => void stream.destroy();
  response.once("close", stop);
  try {
    response.writeHead(status, { ...always, ...headers });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      exchange.sent += chunk.length;
      if (!response.write(chunk) && !(await drained(response, idle))) break;
    }
    response.end();
  } catch (error) {
    const given = response.destroyed;
    response.destroy();
    if (!given) throw error;
  } finally {
    response.off("close", stop);
    stream.destroy();
  }
}

/**
 * As `sendStream`, of pieces that are each good until the piece after the next is asked for: one is on its way while the next is
 * read, and never more.
 */
export async function sendPieces(
  exchange: Exchange,
  status: number,
  headers: Headers,
  pieces: AsyncIterable<Buffer>,
  idle: number,
): Promise<void> {
  const { response } = exchange;
  let taken = Promise.resolve(true);
  try {
    response.writeHead(status, { ...always, ...headers });
    for await (const piece of pieces) {
      if (!(await taken)) return;
      exchange.sent += piece.length;
      taken = written(response, piece, idle);
    }
    if (await taken) response.end();
  } catch (error) {
    const given = response.destroyed;
    response.destroy();
    if (!given) throw error;
  }
}

/** Writes a piece and waits until its memory is free again; false where the client went away or takes nothing for `idle` milliseconds. */
async function written(response: ServerResponse, piece: Buffer, idle: number): Promise<boolean> {
  if (response.destroyed) return false;
  return await new Promise((resolve) => {
    const done = (open: boolean): void => {
      clearTimeout(timer);
      response.off("close", gone);
      resolve(open);
    };
    const gone = (): void => done(false);
    const timer = setTimeout(() => response.destroy(), idle);
    response.once("close", gone);
    response.write(piece, (error) => done(!error));
  });
}

/** Waits until the client took what was written; false where it went away or takes nothing any more. */
async function drained(response: ServerResponse, idle: number): Promise<boolean> {
  if (response.destroyed) return false;
  return await new Promise((resolve) => {
    const done = (open: boolean): void => {
      clearTimeout(timer);
      response.off("drain", more);
      response.off("close", gone);
      resolve(open);
    };
    const more = (): void => done(true);
    const gone = (): void => done(false);
    const timer = setTimeout(() => response.destroy(), idle);
    response.once("drain", more);
    response.once("close", gone);
  });
}

/** An error as the spec's JSON ("Error Codes"); of a HEAD request only its status and headers. The one place that writes errors. */
export function sendError(exchange: Exchange, error: RegistryError): void {
  const { code, message, detail, status, headers } = error;
  const one = detail === undefined ? { code, message } : { code, message, detail };
  sendJson(exchange, status, headers, { errors: [one] });
}

/** Statuses and codes for the errors of rooms below. */
const known: Record<string, [RegistryErrorCode, number]> = {
  MANIFEST_INVALID: ["MANIFEST_INVALID", 400],
  DIGEST_MISMATCH: ["DIGEST_INVALID", 400],
  BLOB_MISSING: ["BLOB_UNKNOWN", 404],
  UPLOAD_BUSY: ["BLOB_UPLOAD_INVALID", 409],
  UPLOAD_UNKNOWN: ["BLOB_UPLOAD_UNKNOWN", 404],
  UPLOAD_TOO_LARGE: ["SIZE_INVALID", 413],
  STORE_CONFLICT: ["UNKNOWN", 409],
};

/** What a store throws that may serve again later. */
const away: ReadonlySet<string> = new Set(["S3_UNREACHABLE", "S3_UNAVAILABLE"]);

/** What a client is told of an error. Nothing of our own faults but that they are: paths and addresses stay in the log. */
export function registryErrorOf(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  if (isDdiffError(error, "DISK_FULL")) {
    return new RegistryError("UNKNOWN", "the registry's disk is full", { status: 507, cause: error });
  }
  if (isDdiffError(error) && away.has(error.code)) {
    return new RegistryError("UNAVAILABLE", "the registry's store is away; try again in a moment", {
      headers: { "Retry-After": "10" },
      cause: error,
    });
  }
  const match = isDdiffError(error) ? known[error.code] : undefined;
  if (match !== undefined) {
    const [code, status] = match;
    return new RegistryError(code, messageOf(error), { status, cause: error });
  }
  return new RegistryError("UNKNOWN", "the registry failed; its log says why", { cause: error });
}
