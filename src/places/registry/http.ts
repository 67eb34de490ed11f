import { Agent as PlainAgent, request as plainRequest, type ClientRequest } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { Readable, pipeline } from "node:stream";
import type { PlaceContext } from "../place.ts";
import type { Trust } from "./trust.ts";

/** The bytes of a request: in memory, or a stream of known length that can be opened again for a repeat. */
export type Body = Buffer | { length: number; open(): Readable | Promise<Readable> };

/** One request as it goes over the wire: no redirects, no repeats, no credentials but those in `headers`. */
export interface Outgoing {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: Body | undefined;
  /** Milliseconds of silence after which the request fails with code `ETIMEDOUT`. */
  idleMs: number;
  /** The same between the end of the request and its answer, where that may take longer. */
  answerMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What came back. `body` must be read or destroyed. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Readable;
  /** Where it came from, after redirects. */
  url: URL;
}

/** Keep-alive connections of one registry. */
export interface Agents {
  plain: PlainAgent;
  secure: SecureAgent;
}

/** How much of an early refusal is read: enough for a sentence. */
const refusalBytes = 64 << 10;

/** Agents that go through the proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`), except to this machine. */
export function makeAgents(trust: Trust, env: PlaceContext["env"], lookup?: LookupFunction): Agents {
  const exempt = [env.no_proxy ?? env.NO_PROXY, "localhost", "127.0.0.1", "::1", "[::1]"];
  const noProxy = exempt.filter(Boolean).join(",");
  const common = {
    keepAlive: true,
    proxyEnv: { ...env, no_proxy: noProxy, NO_PROXY: noProxy },
    ...(lookup === undefined ? {} : { lookup }),
  };
  return { plain: new PlainAgent(common), secure: new SecureAgent({ ...common, ...trust }) };
}

/** Sends one request and resolves when the head of the answer is there. Rejects with Node's own errors. */
export async function send(agents: Agents, outgoing: Outgoing): Promise<Answer> {
  const { url, body } = outgoing;
  const stream = body === undefined || Buffer.isBuffer(body) ? undefined : await body.open();
  const headers = { "user-agent": "ddiff", "accept-encoding": "identity", ...outgoing.headers };
  if (body !== undefined) Object.assign(headers, { "content-length": String(body.length) });
  const options = {
    method: outgoing.method,
    headers,
    ...(outgoing.signal === undefined ? {} : { signal: outgoing.signal }),
  };
  const request =
    url.protocol === "https:"
      ? secureRequest(url, { ...options, agent: agents.secure })
      : plainRequest(url, { ...options, agent: agents.plain });
  const answered = awaitAnswer(request, outgoing, stream);
  if (stream === undefined) request.end(body);
  // A failure of either side destroys both; `awaitAnswer` hears of it as an error of the request.
  else pipeline(stream, request, () => undefined);
  return answered;
}

function awaitAnswer(
  request: ClientRequest,
  { url, idleMs, answerMs }: Outgoing,
  body: Readable | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined;
    let bodyError: Error | undefined;
    body?.once("error", (error) => {
      bodyError = error;
    });
    let silenceMs = idleMs;
    request.setTimeout(silenceMs);
    request.once("finish", () => {
      silenceMs = answerMs ?? idleMs;
      request.setTimeout(silenceMs);
    });
    request.on("timeout", () => {
      // Silence of our own making (a slow source, a reader that takes its time) is no fault of the network.
      const ours = response === undefined ? sourceIsSlow(request, body) : response.readableLength > 0;
      if (ours) request.setTimeout(silenceMs);
      else request.destroy(timeoutError(silenceMs));
    });
    request.once("error", (error) => {
      reject(bodyError ?? error);
    });
    request.once("response", (message) => {
      response = message;
      silenceMs = idleMs;
      request.setTimeout(silenceMs);
      const head = { status: message.statusCode ?? 0, headers: message.headers, url };
      const early = body !== undefined && !request.writableFinished && head.status >= 300;
      if (!early) {
        resolve({ ...head, body: message });
        return;
      }
      // Refused before all of the body was sent: this connection cannot be used again.
      body.destroy();
      void readSome(message).then((bytes) => {
        resolve({ ...head, body: Readable.from(bytes, { objectMode: false }) });
        request.destroy();
      });
    });
  });
}

function sourceIsSlow(request: ClientRequest, body: Readable | undefined): boolean {
  return body !== undefined && !body.readableEnded && request.writableLength === 0;
}

function timeoutError(idleMs: number): Error {
  const seconds = Math.round(idleMs / 1000);
  return Object.assign(new Error(`no answer for ${seconds} seconds`), { code: "ETIMEDOUT" });
}

async function readSome(message: IncomingMessage): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of message as AsyncIterable<Buffer>) {
      parts.push(part);
      size += part.length;
      if (size >= refusalBytes) break;
    }
  } catch {
    // The status alone has to do.
  }
  return parts;
}

/** A header as one string, or undefined. */
export function header(answer: Pick<Answer, "headers">, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** Throws an answer's body away so that its connection can be used again; a long one closes the connection. */
export function discard(answer: Answer): void {
  const { body } = answer;
  body.on("error", () => undefined);
  const length = Number(header(answer, "content-length") ?? Number.NaN);
  if (length <= refusalBytes) body.resume();
  else if (answer.status === 204 || answer.status === 304) body.resume();
  else body.destroy();
}
