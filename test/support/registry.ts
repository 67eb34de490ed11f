import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findTool } from "./tools.ts";

const run = promisify(execFile);

/** A Debian docker-registry of our own, on a free port of this machine. */
export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  host: string;
  port: number;
  /** The certificate it shows, with `tls`. */
  caFile: string | undefined;
  /** Its data folder. */
  folder: string;
  stop(): Promise<void>;
}

/** Starts `docker-registry serve`; `users` are name and password, `tls` makes a self-signed certificate. */
export async function startRegistry(
  options: { users?: Record<string, string>; tls?: boolean; deletes?: boolean } = {},
): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-registry-"));
  const port = await freePort();
  const lines = [
    "version: 0.1",
    "log: { level: error }",
    `storage: { filesystem: { rootdirectory: ${folder}/data }, delete: { enabled: ${options.deletes !== false} } }`,
    "http:",
    `  addr: 127.0.0.1:${port}`,
    "  secret: a-test-secret",
  ];
  let caFile: string | undefined;
  if (options.tls === true) {
    caFile = join(folder, "cert.pem");
    await makeCertificate(folder);
    lines.push(`  tls: { certificate: ${caFile}, key: ${folder}/key.pem }`);
  }
  if (options.users !== undefined) {
    await writeFile(join(folder, "htpasswd"), "");
    for (const [user, password] of Object.entries(options.users)) {
      await run(need("htpasswd"), ["-Bb", join(folder, "htpasswd"), user, password]);
    }
    lines.push(`auth: { htpasswd: { realm: test, path: ${folder}/htpasswd } }`);
  }
  await writeFile(join(folder, "config.yml"), `${lines.join("\n")}\n`);
  const child = spawn(need("docker-registry"), ["serve", join(folder, "config.yml")], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
  });
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await listening(port, () => child.exitCode !== null);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host: `127.0.0.1:${port}`, port, caFile, folder, stop };
}

/** A TCP relay to a server on this machine that cuts its first connections after so many bytes of one direction. */
export interface BreakingRelay {
  host: string;
  /** How many connections were cut. */
  cuts(): number;
  stop(): Promise<void>;
}

/** `up` and `down`: byte counts after which a connection is cut, each used once, in order of the connections reaching them. */
export async function breakingRelay(
  port: number,
  cutsAt: { up?: number[]; down?: number[] },
): Promise<BreakingRelay> {
  const up = [...(cutsAt.up ?? [])];
  const down = [...(cutsAt.down ?? [])];
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server: Server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    const both = [client, upstream];
    const cut = (): void => {
      cuts++;
      for (const socket of both) socket.resetAndDestroy();
    };
    relay(client, upstream, up, cut);
    relay(upstream, client, down, cut);
    for (const socket of both) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        for (const other of both) other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    host: `127.0.0.1:${address.port}`,
    cuts: () => cuts,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function relay(from: Socket, to: Socket, limits: number[], cut: () => void): void {
  let passed = 0;
  from.on("data", (bytes: Buffer) => {
    passed += bytes.length;
    const limit = limits[0];
    if (limit !== undefined && passed > limit) {
      limits.shift();
      // What came before the cut arrives, as it would on a line that breaks.
      to.write(bytes.subarray(0, bytes.length - (passed - limit)), cut);
      from.pause();
      return;
    }
    if (!to.write(bytes)) {
      from.pause();
      to.once("drain", () => from.resume());
    }
  });
}

/** A self-signed certificate for this machine: `cert.pem` and `key.pem` in `folder`. */
export async function makeCertificate(folder: string): Promise<void> {
  const subject = ["-subj", "/CN=ddiff test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await run(need("openssl"), ["req", "-x509", ...kind, ...subject, ...files]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function listening(port: number, dead: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (dead()) throw new Error("docker-registry ended at once");
    const socket = connect(port, "127.0.0.1");
    const open = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("docker-registry does not listen");
}

function need(name: string): string {
  const path = findTool(name);
  if (path === undefined) throw new Error(`the program ${name} is not installed`);
  return path;
}
