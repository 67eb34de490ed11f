import type { IncomingMessage, ServerResponse } from "node:http";
import { isDigest, type Digest } from "../oci/digest.ts";
import type { Action, Caller } from "./access/access.ts";
import { RegistryError } from "./errors.ts";
import type { RegistryOptions } from "./registry.ts";
import type { Repositories } from "./repositories.ts";
import { isRepositoryName } from "./routes.ts";

/** A running registry: what it was made of, and what is under way in it. */
export interface Registry {
  options: RegistryOptions;
  repositories: Repositories;
  /** Uploads that a request writes to or ends right now. */
  busy: Set<string>;
  /** Bodies of blobs that are coming in. */
  receiving: number;
  /** Bytes of manifests that are coming in. */
  buffered: number;
}

/** One request and its answer. */
export interface Exchange {
  registry: Registry;
  request: IncomingMessage;
  response: ServerResponse;
  method: string;
  query: URLSearchParams;
  caller: Caller;
  /** Bytes of the bodies so far. */
  received: number;
  sent: number;
}

/** Throws NAME_INVALID for what is no repository's name. */
export function checkName(repository: string): string {
  if (isRepositoryName(repository)) return repository;
  throw new RegistryError(
    "NAME_INVALID",
    "a repository's name has at most 255 lower-case letters, digits and separators (. _ __ -) in parts between slashes",
  );
}

/** Throws DIGEST_INVALID for what is no digest that we know. */
export function checkDigest(text: string | null | undefined): Digest {
  if (isDigest(text)) return text;
  throw new RegistryError(
    "DIGEST_INVALID",
    "a digest is sha256: and 64, or sha512: and 128, lower-case hex digits",
  );
}

/**
 * Throws UNAUTHORIZED, with what to do about it, where other credentials may help, and DENIED where not. It tells nobody whether the
 * repository is there.
 */
export function demand(exchange: Exchange, action: Action, repository: string, from?: string): void {
  if (exchange.caller.may(action, repository)) return;
  throw refusal(exchange, action, repository, from);
}

/** The error for a caller who may not do this. `from` is a repository to pull from, which the credentials should be for as well. */
export function refusal(
  exchange: Exchange,
  action: Action | "list",
  repository: string | undefined,
  from?: string,
): RegistryError {
  const { caller, request, registry } = exchange;
  const where = repository === undefined ? "the list of repositories" : `the repository ${repository}`;
  const mayElse = caller.name === undefined || (caller.mayWithOtherToken?.(action, repository) ?? false);
  const challenge = mayElse ? registry.options.access.challenge(request, action, repository, from) : "";
  if (challenge === "") {
    return new RegistryError(
      "DENIED",
      `${caller.name ?? "a caller without credentials"} may not ${action} ${where}`,
    );
  }
  return new RegistryError("UNAUTHORIZED", `to ${action} ${where} needs other credentials`, {
    headers: { "WWW-Authenticate": challenge },
  });
}

/** Throws UNSUPPORTED (405) with the methods that there are. */
export function refuseMethod(exchange: Exchange, allowed: string): never {
  throw new RegistryError("UNSUPPORTED", `${exchange.method} is not supported here`, {
    headers: { Allow: allowed },
  });
}
