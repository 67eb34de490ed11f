import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { DdiffError, systemErrorCode } from "../../util/errors.ts";
import type { PlaceContext } from "../place.ts";

/** How an engine's API is reached. */
export type EngineAddress =
  | { kind: "unix"; path: string }
  | { kind: "tcp"; host: string; port: number; tls?: TlsFiles }
  | { kind: "ssh"; target: string; port?: number; command: string[] };

/** What a TLS connection to an engine needs, as PEM. */
export interface TlsFiles {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  /** Whether the engine's certificate must be one of `ca`. */
  verify: boolean;
}

type Env = PlaceContext["env"];

/**
 * Where Docker listens, decided as its own client does: DOCKER_HOST (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH), else the
 * context named by DOCKER_CONTEXT or config.json, else the usual socket, or rootless Docker's where only that is there.
 * Throws `ENGINE_ADDRESS`, `FILE_MISSING`.
 */
export async function dockerAddress(env: Env): Promise<EngineAddress> {
  const host = env["DOCKER_HOST"] ?? "";
  if (host !== "") return parseHost(host, await tlsFromEnv(env), dialStdio);
  const context = await contextHost(env);
  if (context !== undefined) return parseHost(context.host, context.tls, dialStdio);
  const usual = "/var/run/docker.sock";
  const runtime = env["XDG_RUNTIME_DIR"];
  if (runtime !== undefined && runtime !== "" && !(await exists(usual))) {
    const rootless = join(runtime, "docker.sock");
    if (await exists(rootless)) return { kind: "unix", path: rootless };
  }
  return { kind: "unix", path: usual };
}

/** What an SSH server runs to lead the API through the connection. */
const dialStdio = ["docker", "system", "dial-stdio"];

/**
 * Reads `unix:///path`, `tcp://host:port`, `http(s)://…` or `ssh://[user@]host[:port]`. `command` is run at the other
 * end of `ssh://`. Throws `ENGINE_ADDRESS`.
 */
export function parseHost(text: string, tls: TlsFiles | undefined, command: string[]): EngineAddress {
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === "unix" && rest.startsWith("/")) return { kind: "unix", path: rest };
  if (scheme === "tcp" || scheme === "http" || scheme === "https") {
    const url = parseUrl(`http://${rest}`);
    if (url !== undefined) {
      const secure = tls ?? (scheme === "https" ? { verify: true } : undefined);
      const port =
        url.port === ""
          ? /:80(?:\/|$)/.test(rest)
            ? 80
            : secure === undefined
              ? 2375
              : 2376
          : Number(url.port);
      const host = url.hostname.replace(/^\[|\]$/g, "");
      return { kind: "tcp", host, port, ...(secure === undefined ? {} : { tls: secure }) };
    }
  }
  if (scheme === "ssh") {
    const url = parseUrl(`ssh://${rest}`);
    // A host or user that begins with a dash would be an option to ssh.
    if (url !== undefined && !url.hostname.startsWith("-") && !url.username.startsWith("-")) {
      const user = url.username === "" ? "" : `${decodeURIComponent(url.username)}@`;
      const target = user + url.hostname.replace(/^\[|\]$/g, "");
      return { kind: "ssh", target, ...(url.port === "" ? {} : { port: Number(url.port) }), command };
    }
  }
  throw new DdiffError("ENGINE_ADDRESS", `${JSON.stringify(text)} is no address of an engine`, {
    hint: "Write unix:///path/to.sock, tcp://host:port or ssh://user@host.",
    exitStatus: 2,
  });
}

function parseUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.hostname === "" ? undefined : url;
}

/** The address for a sentence, and for `DOCKER_HOST`. */
export function describeAddress(address: EngineAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix://${address.path}`;
    case "tcp":
      return `tcp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
    default:
      return `ssh://${address.target}${address.port === undefined ? "" : `:${address.port}`}`;
  }
}

async function tlsFromEnv(env: Env): Promise<TlsFiles | undefined> {
  const verify = (env["DOCKER_TLS_VERIFY"] ?? "") !== "";
  if (!verify && (env["DOCKER_TLS"] ?? "") === "") return undefined;
  return readTls(env["DOCKER_CERT_PATH"] ?? configFolder(env), verify);
}

async function readTls(folder: string, verify: boolean): Promise<TlsFiles> {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => optionalFile(join(folder, name))),
  );
  return {
    verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function configFolder(env: Env): string {
  const folder = env["DOCKER_CONFIG"] ?? "";
  return folder === "" ? join(env["HOME"] ?? homedir(), ".docker") : folder;
}

/** The host of the chosen `docker context`, or undefined for the default one. Throws `ENGINE_ADDRESS`. */
async function contextHost(env: Env): Promise<{ host: string; tls: TlsFiles | undefined } | undefined> {
  const folder = configFolder(env);
  const config = jsonObject(await optionalFile(join(folder, "config.json")));
  const name = env["DOCKER_CONTEXT"] || config["currentContext"];
  if (typeof name !== "string" || name === "" || name === "default") return undefined;
  const id = createHash("sha256").update(name).digest("hex");
  const meta = jsonObject(await optionalFile(join(folder, "contexts/meta", id, "meta.json")));
  const endpoint = (meta["Endpoints"] as { docker?: { Host?: unknown; SkipTLSVerify?: unknown } } | undefined)
    ?.docker;
  if (typeof endpoint?.Host !== "string") {
    throw new DdiffError("ENGINE_ADDRESS", `The docker context ${JSON.stringify(name)} does not exist`, {
      hint: 'Choose another with "docker context use NAME", or set DOCKER_HOST.',
    });
  }
  const tls = await readTls(join(folder, "contexts/tls", id, "docker"), endpoint.SkipTLSVerify !== true);
  return { host: endpoint.Host, tls: tls.ca === undefined && tls.cert === undefined ? undefined : tls };
}

/** A JSON object of a file that the user may have written; anything else is as good as nothing. */
function jsonObject(bytes: Buffer | undefined): { [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(bytes?.toString() ?? "");
    return typeof value === "object" && value !== null ? (value as { [name: string]: unknown }) : {};
  } catch {
    return {};
  }
}

async function optionalFile(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw new DdiffError("FILE_MISSING", `${path} cannot be read`, { cause: error });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
