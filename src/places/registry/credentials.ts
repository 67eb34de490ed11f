import type { PlaceContext } from "../place.ts";
import { type AuthEntry, type CredentialFile, readCredentialFiles } from "./credential-files.ts";
import { askHelper } from "./credential-helper.ts";
import { ownRegistry } from "./endpoint.ts";

/** How to log in to one registry. `origin` says where it was found, for messages. */
export type Credentials =
  | { kind: "basic"; username: string; password: string; origin: string }
  /** A refresh token, traded for access tokens at the token endpoint. */
  | { kind: "identity"; token: string; origin: string }
  /** A finished access token. */
  | { kind: "bearer"; token: string; origin: string };

/** The login of a registry, and what went wrong on the way to one. */
export interface CredentialSearch {
  credentials?: Credentials;
  /** Sentences for the user when the registry then refuses: a helper that is missing, an override for another host. */
  notes: string[];
}

const hubKeys = ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"];

/**
 * Looks for the login of one registry:
 * 1. `DDIFF_TOKEN` (an access token), or `DDIFF_USERNAME` with `DDIFF_PASSWORD`: only for the registry that `DDIFF_URL`
 *    names (`localhost:5000` when it is not set). A copy between two registries must not show one the other's password.
 * 2. The files of `credential-files.ts`; in each, its helper for the host, its store, its entry for the repository or
 *    the host. Docker Hub's key is `https://index.docker.io/v1/`.
 * Throws `CREDENTIALS_FILE_INVALID`.
 */
export async function findCredentials(
  domain: string,
  repository: string,
  env: PlaceContext["env"],
): Promise<CredentialSearch> {
  const notes: string[] = [];
  const override = fromEnvironment(domain, env, notes);
  if (override !== undefined) return { credentials: override, notes };
  for (const file of await readCredentialFiles(env)) {
    const credentials = await fromFile(file, domain, repository, env, notes);
    if (credentials !== undefined) return { credentials, notes };
  }
  return { notes };
}

function fromEnvironment(domain: string, env: PlaceContext["env"], notes: string[]): Credentials | undefined {
  const token = env.DDIFF_TOKEN;
  const username = env.DDIFF_USERNAME;
  if (!token && !username) return undefined;
  const own = ownRegistry(env).domain;
  if (own !== domain) {
    const name = token ? "DDIFF_TOKEN" : "DDIFF_USERNAME";
    notes.push(
      `${name} was not used: it belongs to ${own}; set DDIFF_URL=https://${domain} to mean this registry`,
    );
    return undefined;
  }
  if (token) return { kind: "bearer", token, origin: "DDIFF_TOKEN" };
  return {
    kind: "basic",
    username: username ?? "",
    password: env.DDIFF_PASSWORD ?? "",
    origin: "DDIFF_USERNAME",
  };
}

async function fromFile(
  file: CredentialFile,
  domain: string,
  repository: string,
  env: PlaceContext["env"],
  notes: string[],
): Promise<Credentials | undefined> {
  const keys = domain === "docker.io" ? hubKeys : [domain];
  const listed = Object.entries(file.credHelpers ?? {}).find(([key]) => keys.includes(key));
  const helper = listed?.[1] ?? file.credsStore;
  if (helper) {
    const server = listed?.[0] ?? keys[0] ?? domain;
    const answer = await askHelper(helper, server, env);
    const origin = `docker-credential-${helper}, named in ${file.path}`;
    if (answer.kind === "failed") notes.push(`${answer.reason} (named in ${file.path})`);
    if (answer.kind === "found") {
      // docker-credential-helpers: this user name marks a refresh token.
      if (answer.username === "<token>") return { kind: "identity", token: answer.secret, origin };
      return { kind: "basic", username: answer.username, password: answer.secret, origin };
    }
  }
  const entry = findEntry(file.auths ?? {}, keys, repository);
  return entry === undefined ? undefined : fromEntry(entry, file.path);
}

/** The most specific entry: `host/team/app` before `host/team` before `host` (containers-auth.json(5)). */
function findEntry(
  auths: Record<string, AuthEntry | null>,
  keys: string[],
  repository: string,
): AuthEntry | undefined {
  const normalKeys = new Set(keys.map((key) => normalKey(key)));
  const names: string[] = [];
  const parts = repository.split("/");
  for (let length = parts.length; length > 0; length--) {
    for (const key of normalKeys) names.push(`${key}/${parts.slice(0, length).join("/")}`);
  }
  names.push(...normalKeys);
  const byName = new Map(Object.entries(auths).map(([key, entry]) => [normalKey(key), entry]));
  for (const name of names) {
    const entry = byName.get(name);
    if (entry && hasSecret(entry)) return entry;
  }
  return undefined;
}

/** Without scheme and without the `/v1/` that old clients wrote: both mean the host. */
function normalKey(key: string): string {
  return key
    .replace(/^https?:\/\//, "")
    .replace(/\/+$/, "")
    .replace(/\/v[12]$/, "");
}

function hasSecret(entry: AuthEntry): boolean {
  return Boolean(entry.auth || entry.identitytoken || entry.registrytoken || entry.username);
}

function fromEntry(entry: AuthEntry, path: string): Credentials | undefined {
  if (entry.registrytoken) return { kind: "bearer", token: entry.registrytoken, origin: path };
  if (entry.identitytoken) return { kind: "identity", token: entry.identitytoken, origin: path };
  if (!entry.auth) {
    return {
      kind: "basic",
      username: entry.username ?? "",
      password: entry.password ?? "",
      origin: path,
    };
  }
  const pair = Buffer.from(entry.auth, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon <= 0) return undefined;
  // Docker pads passwords with zero bytes and takes them off again.
  const password = pair.slice(colon + 1).replace(/\0+$/, "");
  return { kind: "basic", username: pair.slice(0, colon), password, origin: path };
}
