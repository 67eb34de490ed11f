import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as send,
} from "node:http";
import { buffer } from "node:stream/consumers";

/** What a service answers. */
export interface Answer {
  status: number;
  headers?: OutgoingHttpHeaders;
  body?: Buffer | string;
}

/** A request on its way to the service. */
export interface Passing {
  method: string;
  /** `/BUCKET/KEY`. */
  path: string;
  query: URLSearchParams;
  body: Buffer;
  /** Hands it to the service (once or again), and brings its answer. */
  pass(): Promise<Answer>;
}

/** Stands before an S3 service and does to requests what crashes and other servers do to them. */
export interface S3Proxy {
  /** `http://127.0.0.1:PORT`. */
  endpoint: string;
  /** What is done with each request; by default it passes. No answer breaks the connection. */
  meddle: (request: Passing) => Promise<Answer | undefined>;
  stop(): void;
}

export async function startS3Proxy(service: string): Promise<S3Proxy> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const { pathname, searchParams } = new URL(request.url ?? "/", service);
      const answer = await proxy.meddle({
        method: request.method ?? "",
        path: pathname,
        query: searchParams,
        body,
        pass: () => handOn(service, request, body),
      });
      if (answer === undefined) response.destroy();
      else response.writeHead(answer.status, answer.headers).end(answer.body);
    })().catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const proxy: S3Proxy = {
    endpoint: `http://127.0.0.1:${address.port}`,
    meddle: (request) => request.pass(),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}

/** As it came, with the same Host, which the signature covers. */
async function handOn(service: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const headers: IncomingHttpHeaders = { ...request.headers };
  delete headers.expect;
  const onward = send(service + (request.url ?? "/"), { method: request.method, headers });
  onward.end(body);
  const [answer] = (await once(onward, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 500, headers: answer.headers, body: await buffer(answer) };
}
