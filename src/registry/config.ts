import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type * as z from "zod";
import { DdiffError, messageOf } from "../util/errors.ts";
import { configJsonSchema, configSchema, type ServerConfig } from "./config-schema.ts";
import { member } from "../util/members.ts";
import { nearest } from "../util/nearest.ts";
import { readYaml } from "../util/read-yaml.ts";

/** A setting that is also a flag and, as DDIFF_SERVER_ and the flag's name, a variable. */
interface Setting {
  flag: string;
  path: readonly [string, ...string[]];
  kind: "text" | "switch" | "mirrors";
  /** Names a file or folder: relative to the configuration's file when it stands there. */
  file?: true;
}

const settings: readonly Setting[] = [
  { flag: "listen", path: ["listen"], kind: "text" },
  { flag: "url", path: ["url"], kind: "text" },
  { flag: "data", path: ["data"], kind: "text", file: true },
  { flag: "s3", path: ["s3"], kind: "text" },
  { flag: "read-only", path: ["read-only"], kind: "switch" },
  { flag: "open", path: ["access", "open"], kind: "switch" },
  { flag: "htpasswd", path: ["access", "htpasswd"], kind: "text", file: true },
  { flag: "anonymous-pull", path: ["access", "anonymous-pull"], kind: "switch" },
  { flag: "tls-cert", path: ["tls", "cert"], kind: "text", file: true },
  { flag: "tls-key", path: ["tls", "key"], kind: "text", file: true },
  { flag: "client-ca", path: ["tls", "client-ca"], kind: "text", file: true },
  { flag: "tls-elsewhere", path: ["tls", "elsewhere"], kind: "switch" },
  { flag: "mirror", path: ["mirrors"], kind: "mirrors" },
  { flag: "metrics", path: ["metrics"], kind: "text" },
  { flag: "log", path: ["log", "format"], kind: "text" },
];

/** What a server runs with, and where it comes from. */
export interface LoadedConfig {
  config: ServerConfig & { listen: string };
  /** The file, where there is one. */
  file: string | undefined;
}

type Flags = Record<string, string | boolean | string[] | undefined>;
type Env = Record<string, string | undefined>;
type Tree = Record<string, unknown>;

/** Kubernetes makes these for a service called ddiff-server. */
const serviceLinks = /^DDIFF_SERVER_(?:SERVICE_|PORT$|PORT_)/;

/**
 * Reads the configuration: flags go before variables (`DDIFF_SERVER_LISTEN` is `--listen`), these before the file, it before the
 * defaults. Of the original tool's variables, DDIFF_PORT is the port and DDIFF_REGISTRY_VOLUME the folder where nothing else says
 * so. Throws `CONFIG_INVALID`, which names each setting that is wrong, where it stands, and the one that was probably meant.
 */
export function loadConfig(flags: Flags, env: Env): LoadedConfig {
  const named = flags["config"] ?? env["DDIFF_SERVER_CONFIG"];
  const file = typeof named === "string" && named !== "" ? resolve(named) : undefined;
  const origins = new Map<string, string>();
  const tree = file === undefined ? {} : readFile(file, origins);
  const problems = unknownVariables(env);
  for (const setting of settings) {
    const variable = `DDIFF_SERVER_${setting.flag.toUpperCase().replaceAll("-", "_")}`;
    const asked = flagValue(setting, flags[setting.flag]) ?? variableValue(setting, env[variable]);
    if (asked === undefined) continue;
    const fromFlag = flagValue(setting, flags[setting.flag]) !== undefined;
    put(tree, setting.path, asked);
    origins.set(setting.path.join("."), fromFlag ? `--${setting.flag}` : variable);
    // A folder on the command line takes the place of a bucket in the file, and the other way.
    const other = { data: "s3", s3: "data" }[setting.flag];
    if (other !== undefined && !isAsked(other, flags, env)) delete tree[other];
  }
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap((issue) => describe(issue, origins)));
  if (problems.length > 0 || !parsed.success) throw invalid(problems, file);
  const config = parsed.data;
  return {
    config: {
      ...config,
      ...(config.s3 === undefined ? { data: resolve(config.data ?? defaultData(env)) } : {}),
      listen: config.listen ?? `127.0.0.1:${portOf(env)}`,
    },
    file,
  };
}

function readFile(file: string, origins: Map<string, string>): Tree {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw invalid([`it cannot be read: ${messageOf(cause)}`], file);
  }
  const yaml = readYaml(text, (problem) => invalid([problem], file));
  const tree = yaml.tree ?? {};
  if (typeof tree !== "object" || Array.isArray(tree))
    throw invalid(["it is not a list of KEY: VALUE"], file);
  for (const [path, line] of yaml.origins()) origins.set(path.replaceAll("\n", "."), `line ${line}`);
  resolveFiles(tree as Tree, dirname(file));
  return tree as Tree;
}

/** Makes paths that stand in the file relative to its folder, wherever the server is started. */
function resolveFiles(tree: Tree, folder: string): void {
  const paths: (readonly string[])[] = settings.flatMap((one) => (one.file === true ? [one.path] : []));
  for (const path of [...paths, ["access", "tokens", "key"]]) {
    const [last = "", ...parents] = path.toReversed();
    const parent = parents.toReversed().reduce<unknown>((at, key) => member(at, key), tree);
    absolute(parent, last, folder);
  }
  const mirrors = member(tree, "mirrors");
  if (Array.isArray(mirrors))
    for (const one of mirrors)
      for (const key of ["password-file", "token-file", "ca"]) absolute(one, key, folder);
}

function absolute(parent: unknown, key: string, folder: string): void {
  const value = member(parent, key);
  if (typeof value === "string" && value !== "") (parent as Tree)[key] = resolve(folder, value);
}

function put(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree;
  for (const key of path.slice(0, -1)) {
    const next = member(at, key);
    const inner = typeof next === "object" && next !== null ? (next as Tree) : {};
    at[key] = inner;
    at = inner;
  }
  at[path.at(-1) ?? ""] = value;
}

function flagValue(setting: Setting, value: string | boolean | string[] | undefined): unknown {
  if (setting.kind === "mirrors")
    return Array.isArray(value) && value.length > 0 ? value.map((host) => ({ host })) : undefined;
  return value === false ? undefined : value;
}

function variableValue(setting: Setting, text: string | undefined): unknown {
  if (text === undefined || text === "") return undefined;
  if (setting.kind === "mirrors")
    return text
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((host) => ({ host }));
  if (setting.kind === "text") return text;
  if (/^(?:1|true|yes|on)$/i.test(text)) return true;
  // Anything else than a yes or a no is told to the user by the schema.
  return /^(?:0|false|no|off)$/i.test(text) ? false : text;
}

function isAsked(flag: string, flags: Flags, env: Env): boolean {
  return typeof flags[flag] === "string" || Boolean(env[`DDIFF_SERVER_${flag.toUpperCase()}`]);
}

function unknownVariables(env: Env): string[] {
  const known = ["config", ...settings.map((one) => one.flag)].map(
    (flag) => `DDIFF_SERVER_${flag.toUpperCase().replaceAll("-", "_")}`,
  );
  return Object.keys(env)
    .filter((name) => name.startsWith("DDIFF_SERVER_") && !known.includes(name) && !serviceLinks.test(name))
    .map((name) => `there is no variable ${name}${meant(name, known)}`);
}

function describe(issue: z.core.$ZodIssue, origins: ReadonlyMap<string, string>): string[] {
  const path = issue.path.map(String);
  // The place of the setting, or of the nearest part around it that is written anywhere.
  const upwards = path.map((_, at) => path.slice(0, path.length - at).join("."));
  const origin = upwards.map((one) => origins.get(one)).find((one) => one !== undefined);
  const where = origin === undefined ? "" : `${origin}: `;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path);
    return issue.keys.map((key) => {
      const line = origins.get([...path, key].join("."));
      const inside = path.length === 0 ? "" : ` in ${path.join(".")}`;
      return `${line === undefined ? "" : `${line}: `}there is no ${JSON.stringify(key)}${inside}${meant(key, known)}`;
    });
  }
  const message = issue.message.replace(
    /^Invalid (?:input|option): expected (.*?)(?:, received .*)?$/,
    "must be $1",
  );
  return [`${where}${path.join(".")} ${message}`];
}

/** The keys that the schema knows at a place. */
function knownKeys(path: readonly string[]): string[] {
  let at: unknown = configJsonSchema();
  for (const key of path) at = member(member(at, "properties"), key) ?? member(at, "items");
  return Object.keys((member(at, "properties") as Tree | undefined) ?? {});
}

function meant(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? `: known are ${known.join(", ")}` : `; did you mean ${JSON.stringify(near)}?`;
}

function portOf(env: Env): string {
  const port = env["DDIFF_PORT"];
  if (port === undefined || port === "") return "5000";
  if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return port;
  const link = port.startsWith("tcp://") ? " (Kubernetes makes it for a service called ddiff)" : "";
  throw invalid(
    [`DDIFF_PORT is not a port: ${JSON.stringify(port)}${link}; say where to listen with --listen`],
    undefined,
  );
}

function defaultData(env: Env): string {
  const volume = env["DDIFF_REGISTRY_VOLUME"];
  if (volume !== undefined && volume !== "") {
    if (volume.includes("/")) return volume;
    const sentence = `DDIFF_REGISTRY_VOLUME names a volume of Docker (${volume}), and this server runs without Docker`;
    throw invalid([`${sentence}: name a folder, such as ./${volume}`], undefined);
  }
  if (process.getuid?.() === 0) return "/var/lib/ddiff/registry";
  return join(env["XDG_DATA_HOME"] || join(env["HOME"] || homedir(), ".local", "share"), "ddiff", "registry");
}

function invalid(problems: readonly string[], file: string | undefined): DdiffError {
  const what = file === undefined ? "the server's configuration" : `the server's configuration in ${file}`;
  return new DdiffError("CONFIG_INVALID", `${what} is wrong: ${problems.join("; ")}`, {
    hint: 'docs/running-the-server.md lists every setting; "ddiff server check-config" checks a file.',
    exitStatus: 2,
  });
}
