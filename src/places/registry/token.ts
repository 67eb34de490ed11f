import { z } from "zod";
import { readAll } from "../../codec/read-all.ts";
import { DdiffError } from "../../util/errors.ts";
import type { Credentials } from "./credentials.ts";
import { answerFailure, networkFailure, type Subject } from "./failure.ts";
import { discard, send, type Agents, type Answer } from "./http.ts";
import { retrying } from "./retry.ts";
import type { Tuning } from "./tuning.ts";

/** An access token and when it ends, in milliseconds of `performance.now()`. */
export interface AccessToken {
  value: string;
  expires: number;
}

/** What a token is asked for (distribution, "Token Authentication Specification"). */
export interface TokenRequest {
  realm: URL;
  service: string | undefined;
  scopes: string[];
  credentials: Credentials | undefined;
  subject: Subject;
}

const answerSchema = z.looseObject({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});
const answerLimit = 1 << 20;
/** The specification's default where no time is given. */
const defaultSeconds = 60;
/** A token this close to its end is not used for a new request. */
const marginMs = 10_000;

/**
 * Fetches an access token: GET with basic authentication or none, POST with a refresh token (OAuth2).
 * Redirects are not followed, since they would carry the login elsewhere. Throws `AUTH_REFUSED`, `AUTH_REQUIRED`,
 * `REGISTRY_UNREACHABLE`, `REGISTRY_MISBEHAVES`.
 */
export async function fetchToken(
  agents: Agents,
  request: TokenRequest,
  tuning: Tuning,
  signal: AbortSignal | undefined,
): Promise<AccessToken> {
  const { subject } = request;
  const tokenHost = { ...subject, registry: request.realm.host };
  return retrying(tuning, signal, async () => {
    let answer: Answer;
    try {
      answer = await send(agents, { ...outgoing(request), idleMs: tuning.idleMs, signal });
    } catch (error) {
      throw networkFailure(error, tokenHost, true);
    }
    if (answer.status === 400 || answer.status === 401) {
      discard(answer);
      // Token servers answer 400 (OAuth2 "invalid_grant") for a refresh token that has ended.
      throw await answerFailure({ ...answer, status: 401 }, { ...subject });
    }
    if (answer.status !== 200) throw await answerFailure(answer, tokenHost);
    return readToken(answer, request.realm);
  });
}

function outgoing({ realm, service, scopes, credentials }: TokenRequest): {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: Buffer;
} {
  if (credentials?.kind === "identity") {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "ddiff" });
    if (service !== undefined) form.set("service", service);
    if (scopes.length > 0) form.set("scope", scopes.join(" "));
    form.set("refresh_token", credentials.token);
    return {
      method: "POST",
      url: realm,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(form.toString()),
    };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  url.searchParams.set("client_id", "ddiff");
  if (credentials?.kind !== "basic") return { method: "GET", url, headers: {} };
  url.searchParams.set("account", credentials.username);
  return { method: "GET", url, headers: { authorization: basicHeader(credentials) } };
}

/** The `Authorization` header of a user and a password (RFC 7617, UTF-8). */
export function basicHeader(credentials: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
}

async function readToken(answer: Answer, realm: URL): Promise<AccessToken> {
  const bytes = await readAll(answer.body, answerLimit, `the token of ${realm.host}`);
  let value: string | undefined;
  let seconds = defaultSeconds;
  try {
    const parsed = answerSchema.parse(JSON.parse(bytes.toString("utf8")));
    value = parsed.token || parsed.access_token;
    seconds = Math.max(parsed.expires_in ?? defaultSeconds, defaultSeconds);
  } catch {
    // Said below, in one way for every kind of nonsense.
  }
  if (value === undefined || !/^[\x21-\x7e]+$/.test(value)) {
    throw new DdiffError("REGISTRY_MISBEHAVES", `The token server ${realm.host} answered without a token`, {
      hint: "Check the registry's address; something else may answer under that name.",
    });
  }
  return { value, expires: performance.now() + seconds * 1000 - marginMs };
}
