import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { openDiskStore } from "../../store/disk-store.ts";
import type { Store } from "../../store/store.ts";
import type { Access } from "../access/access.ts";
import { createRegistry, serveRegistry } from "../handler.ts";
import type { RegistryLimits, RegistryOptions } from "../registry.ts";

/** An answer, its body whole. */
export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

interface Call {
  headers?: Record<string, string>;
  body?: Buffer | string | AsyncIterable<Buffer>;
}

/** A registry on a port of this machine, over a store in a folder of its own. */
export interface Running {
  port: number;
  store: Store;
  call(method: string, path: string, options?: Call): Promise<Reply>;
  /** Sends bytes as they are and answers all that comes until the other side closes, or `milliseconds` passed. */
  raw(text: string | Buffer, milliseconds?: number): Promise<string>;
  /** Ends the server and the store, and starts both anew on the same folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Access that keeps nobody out. */
const openAccess: Access = {
  identify: async () => ({ name: undefined, may: () => true, mayList: true }),
  challenge: () => "",
};

const limits: RegistryLimits = { manifestBytes: 4 * 1024 * 1024, uploads: 50, idle: 20_000 };

/** What a test wants otherwise; `wrap` may put something between the registry and its store. */
export type StartOptions = Partial<Omit<RegistryOptions, "limits" | "store">> & {
  limits?: Partial<RegistryLimits>;
  wrap?: (store: Store) => Store;
};

/** Starts a registry. */
export async function startRegistry(options: StartOptions = {}): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-registry-"));
  const { wrap = (store) => store, ...rest } = options;
  const start = async () => {
    const store = wrap(await openDiskStore(folder));
    const server = createServer();
    const handler = createRegistry({
      access: openAccess,
      deletes: true,
      redirects: false,
      ...rest,
      store,
      limits: { ...limits, ...options.limits },
    });
    serveRegistry(server, handler);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const stop = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await store.close();
    };
    return { port: (server.address() as AddressInfo).port, store, stop };
  };
  let current = await start();
  return {
    get port() {
      return current.port;
    },
    get store() {
      return current.store;
    },
    call: (method, path, callOptions) => call(current.port, method, path, callOptions),
    raw: (text, milliseconds) => raw(current.port, text, milliseconds),
    async restart() {
      await current.stop();
      current = await start();
    },
    async close() {
      await current.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function call(port: number, method: string, path: string, options: Call = {}): Promise<Reply> {
  const { headers = {}, body } = options;
  const whole = typeof body === "string" || Buffer.isBuffer(body) ? Buffer.from(body) : undefined;
  const length = whole === undefined ? {} : { "Content-Length": whole.length };
  return await new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port, method, path, headers: { ...length, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    request.on("error", reject);
    if (whole !== undefined || body === undefined) request.end(whole);
    else void pour(body as AsyncIterable<Buffer>, request);
  });
}

async function pour(body: AsyncIterable<Buffer>, request: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of body) request.write(chunk);
  request.end();
}

async function raw(port: number, text: string | Buffer, milliseconds = 1000): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    const timer = setTimeout(() => socket.destroy(), milliseconds);
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.write(text);
  });
}

/** The codes of an answer's errors. */
export function codesOf(reply: Reply): string[] {
  const { errors } = JSON.parse(reply.body.toString()) as { errors: { code: string }[] };
  return errors.map(({ code }) => code);
}

/** Pushes a blob with one request. */
export async function pushBlob(
  registry: Running,
  repository: string,
  bytes: Buffer,
  algorithm: "sha256" | "sha512" = "sha256",
): Promise<Digest> {
  const digest = digestOf(bytes, algorithm);
  const reply = await registry.call("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
    body: bytes,
  });
  if (reply.status !== 201) throw new Error(`push of a blob: ${reply.status} ${reply.body.toString()}`);
  return digest;
}

/** A manifest's bytes, with the blobs that it is made of pushed. */
export async function makeManifest(
  registry: Running,
  repository: string,
  more: Record<string, unknown> = {},
): Promise<Buffer> {
  const config = Buffer.from("{}");
  const layer = Buffer.from(`layer of ${JSON.stringify(more)}`);
  await pushBlob(registry, repository, config);
  await pushBlob(registry, repository, layer);
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: mediaTypes.ociLayerGzip, digest: digestOf(layer), size: layer.length }],
      ...more,
    }),
  );
}

/** Pushes a manifest under a tag or digest. */
export async function pushManifest(
  registry: Running,
  repository: string,
  reference: string,
  bytes: Buffer,
  mediaType: string = mediaTypes.ociManifest,
): Promise<Reply> {
  return await registry.call("PUT", `/v2/${repository}/manifests/${reference}`, {
    headers: { "Content-Type": mediaType },
    body: bytes,
  });
}
