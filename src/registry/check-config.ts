import { readFile } from "node:fs/promises";
import { DdiffError, messageOf } from "../util/errors.ts";
import { parseHtpasswd } from "./access/htpasswd.ts";
import { readTokenKey } from "./access/tokens.ts";
import type { LoadedConfig } from "./config.ts";
import { isLoopback, parseListen } from "./config-units.ts";
import { checkExposure, isOpen } from "./exposure.ts";
import { upstreamsOf } from "./mirrors.ts";
import { readTls } from "./tls-files.ts";

/** What a configuration means, for a person who wants to know before the server starts. */
export interface ConfigReport {
  /** Half sentences: where it listens, what it keeps, whom it knows. */
  facts: string[];
  /** What works and is probably not meant. */
  warnings: string[];
}

/**
 * Checks a configuration with every file that it names, without starting anything. Throws what the server would refuse to start with, and
 * `CONFIG_INVALID` for rules that name a group that is not there.
 */
export async function checkConfig({ config }: LoadedConfig): Promise<ConfigReport> {
  checkExposure(config);
  const { access, tls } = config;
  const facts = [`listens on ${config.listen}`, `keeps everything in ${config.s3 ?? config.data}`];
  const warnings: string[] = [];
  const clientCa = tls?.["client-ca"];
  if (tls?.cert !== undefined && tls.key !== undefined) {
    await readTls({ cert: tls.cert, key: tls.key, ...(clientCa === undefined ? {} : { clientCa }) });
    facts.push(clientCa === undefined ? "speaks TLS" : "speaks TLS and asks clients for a certificate");
  }
  if (access.tokens.key !== undefined) await readTokenKey(access.tokens.key);
  const missing = unknownGroups(config.access);
  if (missing.length > 0) {
    throw new DdiffError(
      "CONFIG_INVALID",
      `access.rules name groups that access.groups does not have: ${missing.join(", ")}`,
      {
        hint: "Add them, with their members, or correct the names.",
        exitStatus: 2,
      },
    );
  }
  if (isOpen(config)) facts.push("lets everyone do everything");
  if (access.htpasswd !== undefined) {
    const users = parseHtpasswd(await readUsers(access.htpasswd), access.htpasswd);
    facts.push(users.size === 1 ? "knows 1 user" : `knows ${users.size} users`);
    if (users.size === 0) warnings.push(`nobody can log in: ${access.htpasswd} is empty`);
    if (clientCa === undefined) warnings.push(...unknownUsers(access, users));
    if (access.open) warnings.push("access.open lets everyone in, so that the users are not asked");
  }
  const mirrored = (await upstreamsOf(config)).map((one) => one.host);
  if (mirrored.length > 0) facts.push(`mirrors ${mirrored.join(", ")}`);
  if (config["read-only"]) facts.push("answers pulls only");
  if (access.htpasswd !== undefined && config.url === undefined)
    facts.push("asks for passwords on every request (url would let clients use tokens)");
  if (
    config.metrics !== "main" &&
    config.metrics !== "off" &&
    !isLoopback(parseListen(config.metrics)?.host ?? "")
  )
    warnings.push(`everyone who reaches ${config.metrics} can read the metrics`);
  return { facts, warnings };
}

type AccessConfig = LoadedConfig["config"]["access"];

function unknownGroups(access: AccessConfig): string[] {
  const named = new Set((access.rules ?? []).flatMap((rule) => rule.groups));
  return [...named].filter((group) => !Object.hasOwn(access.groups, group));
}

function unknownUsers(access: AccessConfig, users: ReadonlyMap<string, string>): string[] {
  const named = [
    ...Object.values(access.groups).flat(),
    ...(access.rules ?? []).flatMap((rule) => rule.users),
  ];
  return [...new Set(named)]
    .filter((user) => user !== "*" && !users.has(user))
    .map((user) => `${user} stands in a rule or a group and has no password`);
}

async function readUsers(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new DdiffError("HTPASSWD_INVALID", `the file of passwords cannot be read: ${messageOf(cause)}`, {
      hint: `Make it with "ddiff server htpasswd USER >> ${file}".`,
      cause,
    });
  }
}
