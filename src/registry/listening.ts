import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { DdiffError, messageOf, systemErrorCode } from "../util/errors.ts";
import type { ServerConfig } from "./config-schema.ts";
import { parseListen } from "./config-units.ts";
import type { Log } from "./log.ts";
import { connectionsWithin, readOpenFilesLimit } from "./open-files.ts";
import { watchTls } from "./tls-files.ts";

/** Milliseconds for a handshake, for a request's headers, and between two requests. */
const headersTime = 20_000;
const keepAlive = 75_000;
const headerBytes = 32 * 1024;

/** A server with its own idea of how long things may take: uploads as long as they need, headers not. */
export async function makeServer(
  config: ServerConfig,
  log: Log,
  closing: (() => unknown)[],
): Promise<Server> {
  const options = {
    requestTimeout: 0,
    headersTimeout: Math.min(headersTime, config.limits.idle),
    connectionsCheckingInterval: Math.min(5000, config.limits.idle),
    keepAliveTimeout: keepAlive,
    maxHeaderSize: headerBytes,
    // Onto a disk a layer comes in fewer, larger pieces. A bucket is slower than its clients: what they send would lie in memory.
    highWaterMark: (config.s3 === undefined ? 1024 : 64) * 1024,
    noDelay: true,
  };
  let server: Server;
  const { tls } = config;
  if (tls?.cert === undefined || tls.key === undefined) server = createHttpServer(options);
  else {
    const clientCa = tls["client-ca"];
    const files = { cert: tls.cert, key: tls.key, ...(clientCa === undefined ? {} : { clientCa }) };
    const watched = await watchTls(
      files,
      (changed) => {
        secure.setSecureContext(changed);
        log.info("the certificate was read again", { cert: files.cert });
      },
      (error) => log.error("the certificate stays as it was", error),
    );
    closing.push(() => watched.close());
    const secure = createHttpsServer({
      ...options,
      ...watched.current,
      handshakeTimeout: headersTime,
      requestCert: clientCa !== undefined,
      rejectUnauthorized: clientCa !== undefined && tls["client-cert"] === "required",
    });
    server = secure;
  }
  server.maxConnections = await allowedConnections(config.limits.connections, log);
  return server;
}

async function allowedConnections(wanted: number, log: Log): Promise<number> {
  const openFiles = await readOpenFilesLimit();
  const connections = connectionsWithin(openFiles, wanted);
  if (connections < wanted) {
    log.warn("the limit of open files (ulimit -n, LimitNOFILE) allows fewer connections than configured", {
      files: openFiles,
      connections,
    });
  }
  return connections;
}

/** Listens, and answers the address as it is then: `127.0.0.1:5000`. */
export async function listen(server: Server, text: string): Promise<string> {
  const asked = parseListen(text);
  if (asked === undefined) throw new Error(`not an address: ${text}`);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port: asked.port, ...hostToBind(asked.host), backlog: 1024 }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (cause) {
    const code = systemErrorCode(cause);
    const hint =
      code === "EADDRINUSE"
        ? "Another program listens there: stop it, or choose another port with --listen."
        : code === "EACCES"
          ? "Ports below 1024 are root's: choose another with --listen."
          : "Name an address of this machine with --listen.";
    throw new DdiffError("LISTEN_FAILED", `the server cannot listen on ${text}: ${messageOf(cause)}`, {
      hint,
      cause,
    });
  }
  const { address, port } = server.address() as AddressInfo;
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/**
 * `localhost` may mean only ::1 to this machine's resolver, and clients try 127.0.0.1; of every address Node finds out by itself
 * whether this machine has IPv6.
 */
function hostToBind(host: string): { host?: string } {
  if (host === "::") return {};
  return { host: host === "localhost" ? "127.0.0.1" : host };
}
