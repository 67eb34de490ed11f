import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** The connections of a server: slow clients are let go, and at the end all, once what they do is done. */
export interface Connections {
  readonly open: number;
  /** Requests that are being answered. */
  readonly running: number;
  /** Notes a request until its answer is over. */
  enter(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Takes no new connection, waits up to `grace` milliseconds for the requests that run and for uploads between two requests of
   * theirs, then ends what is left. Answers how many requests were cut off.
   */
  drain(grace: number): Promise<number>;
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Bytes of the body that were read. */
  received: number;
  /** Since when the client has been the one to wait for, and how many bytes had come and gone then. */
  since: number;
  bytes: number;
}

interface Visit {
  running: number;
  /** When the last request ended that may have another of the same upload after it. */
  upload: number;
}

/** A client slower than this, in bytes a second, is taken for one that means to hold the connection. */
const slowest = 256;
/** A push sends its next request within this time, in milliseconds. */
const nextOfUpload = 5000;
const look = 1000;

/**
 * Watches the connections of `server`. A client that the server waits for, and that moves fewer than 256 bytes a second over
 * `idle` milliseconds, is cut off and told to `onSlow`; the time that we take ourselves does not count.
 */
export function watchConnections(
  server: Server,
  options: { idle: number; onSlow: (remote: string | undefined) => void },
): Connections {
  const raw = new Set<Socket>();
  const exchanges = new Set<Exchange>();
  const visits = new Map<Socket, Visit>();
  let draining = false;

  server.on("connection", (socket: Socket) => {
    raw.add(socket);
    socket.once("close", () => raw.delete(socket));
  });
  const sweep = (): void => {
    const now = performance.now();
    for (const one of exchanges) {
      const bytes = moved(one);
      if (!waitsForClient(one)) {
        one.since = now;
        one.bytes = bytes;
      } else if (now - one.since >= options.idle) {
        if (bytes - one.bytes < (slowest * (now - one.since)) / 1000) {
          options.onSlow(one.request.socket.remoteAddress);
          one.request.socket.destroy();
        }
        one.since = now;
        one.bytes = bytes;
      }
    }
  };
  const timer = setInterval(sweep, Math.min(look, options.idle / 2));
  timer.unref();

  const visitOf = (socket: Socket): Visit => {
    let visit = visits.get(socket);
    if (visit === undefined) {
      visit = { running: 0, upload: Number.NEGATIVE_INFINITY };
      visits.set(socket, visit);
      socket.once("close", () => visits.delete(socket));
    }
    return visit;
  };
  /** Ends connections on which nothing runs and nothing is to be expected. */
  const endIdle = (): void => {
    const now = performance.now();
    for (const [socket, visit] of visits) {
      if (visit.running === 0 && now - visit.upload > nextOfUpload) socket.destroy();
    }
  };

  return {
    get open() {
      return raw.size;
    },
    get running() {
      return exchanges.size;
    },
    enter(request, response) {
      const { socket } = request;
      const exchange: Exchange = { request, response, received: 0, since: performance.now(), bytes: 0 };
      exchange.bytes = moved(exchange);
      countReads(exchange);
      const visit = visitOf(socket);
      visit.running += 1;
      exchanges.add(exchange);
      const upload = request.url?.includes("/blobs/uploads/") === true;
      if (draining && !upload) response.shouldKeepAlive = false;
      response.once("close", () => {
        exchanges.delete(exchange);
        visit.running -= 1;
        const goesOn = upload && response.statusCode === 202;
        visit.upload = goesOn ? performance.now() : Number.NEGATIVE_INFINITY;
      });
    },
    async drain(grace) {
      draining = true;
      // Closing would end the connections that are idle right now, which may be between two requests of one upload.
      server.closeIdleConnections = () => {};
      server.close();
      const end = performance.now() + grace;
      for (;;) {
        endIdle();
        if (visits.size === 0 || performance.now() >= end) break;
        await sleep(Math.min(50, grace));
      }
      const cut = exchanges.size;
      clearInterval(timer);
      for (const socket of raw) socket.destroy();
      server.closeAllConnections();
      return cut;
    },
  };
}

/** Not the socket's own count of what came in: the runtime of the standalone executable does not keep it. */
function moved({ request, received }: Exchange): number {
  return received + request.socket.bytesWritten;
}

function countReads(exchange: Exchange): void {
  const { request } = exchange;
  const read = request.read.bind(request);
  request.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (chunk instanceof Uint8Array) exchange.received += chunk.length;
    return chunk;
  };
}

/** Whether it is the client that has to send or to take something, and not we. */
function waitsForClient({ request, response }: Exchange): boolean {
  if (request.socket.writableLength > 0 && response.headersSent) return true;
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  const hasBody = encoding !== undefined || (length !== undefined && length !== "0");
  return hasBody && !request.complete && request.readableLength === 0;
}
