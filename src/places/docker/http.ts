import { spawn } from "node:child_process";
import {
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type RequestOptions,
} from "node:http";
import { request as requestHttps } from "node:https";
import { once } from "node:events";
import { Duplex, pipeline, type Readable, Writable } from "node:stream";
import { readAll } from "../../codec/read-all.ts";
import { DdiffError, messageOf, systemErrorCode } from "../../util/errors.ts";
import { readableOf } from "../../util/readable.ts";
import { describeAddress, type EngineAddress } from "./address.ts";

/** One call of an engine's API. */
interface EngineCall {
  method?: "GET" | "POST" | "DELETE";
  path: string;
  query?: Record<string, string>;
  /** What is sent; destroyed when the call fails. */
  body?: Readable;
  contentType?: string;
  signal?: AbortSignal | undefined;
}

/** What an engine answered: `ok` for 2xx. The body must be read or destroyed. */
interface EngineAnswer {
  status: number;
  ok: boolean;
  body: IncomingMessage;
}

/** An engine's API over its socket. */
export interface EngineHttp {
  readonly address: EngineAddress;
  /** Throws `ENGINE_UNREACHABLE`, `ENGINE_DENIED`, `ENGINE_LOST`. */
  call(call: EngineCall): Promise<EngineAnswer>;
  /** The JSON answer of a call. Throws `ENGINE_REFUSED` (with the engine's own words) for anything but 2xx. */
  json(call: EngineCall): Promise<unknown>;
}

/** Answers that list images grow with the engine; none comes near this. */
const jsonLimit = 512 << 20;

/** Speaks to the engine at `address`; `engine` is its name in sentences. */
export function engineHttp(address: EngineAddress, engine: string): EngineHttp {
  const call = (options: EngineCall): Promise<EngineAnswer> => send(address, options, engine);
  return {
    address,
    call,
    async json(options) {
      const answer = await call(options);
      const bytes = await readAll(answer.body, jsonLimit, `the answer of ${engine}`);
      if (!answer.ok) throw refused(engine, answer.status, bytes);
      return bytes.length === 0 ? undefined : JSON.parse(bytes.toString());
    },
  };
}

/** The error of an answer that is not 2xx, with the engine's own words. `cause` is what it said. */
export function refused(engine: string, status: number, bytes: Buffer): DdiffError {
  return new DdiffError("ENGINE_REFUSED", `${engine} refused (${status}): ${wordsOf(bytes)}`, {
    cause: { status },
  });
}

/** The status that a refusal came with, or undefined for any other error. */
export function refusedStatus(error: unknown): number | undefined {
  if (!(error instanceof DdiffError) || error.code !== "ENGINE_REFUSED") return undefined;
  return (error.cause as { status?: number } | undefined)?.status;
}

function wordsOf(bytes: Buffer): string {
  const text = bytes.toString().trim();
  try {
    const { message, cause } = JSON.parse(text) as { message?: unknown; cause?: unknown };
    if (typeof message === "string") return message;
    if (typeof cause === "string") return cause;
  } catch {
    // Not JSON: then the text itself says it.
  }
  return text.slice(0, 500) || "no reason given";
}

async function send(address: EngineAddress, options: EngineCall, engine: string): Promise<EngineAnswer> {
  const { method = "GET", query, body, contentType, signal } = options;
  const search = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
  const request = open(address, {
    method,
    path: options.path + search,
    // A connection is cheap here, and one that is kept could be found dead by the next call.
    ...(address.kind === "ssh" ? {} : { agent: false }),
    headers: {
      host: address.kind === "tcp" ? `${address.host}:${address.port}` : "docker",
      ...(contentType === undefined ? {} : { "content-type": contentType }),
      ...(body === undefined && method === "POST" ? { "content-length": 0 } : {}),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const response = await answerTo(request, body);
    const status = response.statusCode ?? 0;
    return { status, ok: status >= 200 && status < 300, body: response };
  } catch (error) {
    body?.destroy();
    request.destroy();
    signal?.throwIfAborted();
    throw error instanceof DdiffError ? error : explain(error, address, engine, body !== undefined);
  }
}

/** Sends and waits. The failure of the body, and an early answer, come before what the broken connection says. */
async function answerTo(request: ClientRequest, body: Readable | undefined): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    request.on("response", resolve);
    // What is still in the pipe when an engine refuses breaks: its answer may already be there, so it is given time.
    request.on("error", (error) => {
      if (body?.errored) reject(body.errored);
      else setTimeout(() => reject(error), 50);
    });
    if (body === undefined) {
      request.end();
      return;
    }
    pipeline(body, request, (error) => {
      if (body.errored) reject(body.errored);
      else if (error) setTimeout(() => reject(error), 50);
    });
  });
}

function open(address: EngineAddress, options: RequestOptions): ClientRequest {
  if (address.kind === "unix") return requestHttp({ ...options, socketPath: address.path });
  if (address.kind === "ssh") return requestHttp({ ...options, createConnection: () => throughSsh(address) });
  const { host, port, tls } = address;
  if (tls === undefined) return requestHttp({ ...options, host, port });
  const { verify, ...pem } = tls;
  return requestHttps({ ...options, host, port, ...pem, rejectUnauthorized: verify });
}

/**
 * A connection that ssh makes: the command at the other end leads its input and output to the engine's socket. Where ssh fails
 * its own words are the error, not the pipes that break with it.
 */
function throughSsh(address: Extract<EngineAddress, { kind: "ssh" }>): Duplex {
  const port = address.port === undefined ? [] : ["-p", String(address.port)];
  const args = [...port, "-T", "-o", "ConnectTimeout=30", "--", address.target, ...address.command];
  const child = spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"] });
  const closed = once(child, "close") as Promise<[number | null]>;
  closed.catch(() => undefined);
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-2000);
  });
  async function* output(): AsyncGenerator<Buffer, void, void> {
    yield* child.stdout as AsyncIterable<Buffer>;
    const [code] = await closed;
    if (code !== 0) throw new Error(said.trim() || `ssh ended with status ${code}`);
  }
  child.stdin.on("error", () => undefined);
  const writable = new Writable({
    write: (chunk: Buffer, _, done) => void child.stdin.write(chunk, () => done()),
    final: (done) => void child.stdin.end(() => done()),
  });
  return Duplex.from({ readable: readableOf(output(), () => void child.kill()), writable });
}

function explain(error: unknown, address: EngineAddress, engine: string, sending: boolean): DdiffError {
  const where = describeAddress(address);
  const code = systemErrorCode(error);
  if (code === "EACCES" || code === "EPERM") {
    const hint = `Run the command with sudo, or join the group that owns the socket ("sudo usermod -aG ${engine.toLowerCase()} $USER", then log in again).`;
    return new DdiffError("ENGINE_DENIED", `You may not use ${engine}'s socket ${where}`, {
      hint,
      cause: error,
    });
  }
  if (
    code === "ECONNRESET" ||
    code === "EPIPE" ||
    (sending && code !== "ENOENT" && code !== "ECONNREFUSED")
  ) {
    return new DdiffError("ENGINE_LOST", `${engine} at ${where} closed the connection: ${messageOf(error)}`, {
      hint: `Look whether ${engine} still runs and has disk space, then run the same command again.`,
      cause: error,
    });
  }
  return new DdiffError("ENGINE_UNREACHABLE", `${engine} does not answer at ${where}: ${messageOf(error)}`, {
    hint: `Start ${engine}, or say where it is with ${engine === "Podman" ? "CONTAINER_HOST" : "DOCKER_HOST"}.`,
    cause: error,
  });
}
