import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../../util/errors.ts";
import { RegistryError } from "../errors.ts";
import type { Identities } from "./create-access.ts";
import { rulesAllow, rulesAllowAny } from "./rules.ts";
import { type Grant, parseScopes } from "./scopes.ts";
import type { Tokens } from "./tokens.ts";

const path = "/v2/token";
const bodyLimit = 64 * 1024;

/**
 * Answers `/v2/token` as distribution's specification of tokens says: GET with a password in `Authorization`, or POST with a form
 * (OAuth2) that brings a password or a refresh token. False for every other path. Throws `RegistryError`.
 */
export async function answerToken(
  identities: Identities,
  tokens: Tokens,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<boolean> {
  if (url.pathname !== path) return false;
  if (request.method === "GET") {
    const user = await identities.userOf(request);
    const offline = url.searchParams.get("offline_token") === "true";
    await answer(identities, tokens, response, user, url.searchParams.getAll("scope"), offline);
  } else if (request.method === "POST") {
    const form = await readForm(request);
    const user = await userOfForm(identities, tokens, request, form);
    const offline = form.get("access_type") === "offline";
    await answer(
      identities,
      tokens,
      response,
      user,
      form.getAll("scope"),
      offline,
      form.get("refresh_token"),
    );
  } else {
    throw new RegistryError("UNSUPPORTED", "tokens are got with GET or POST", {
      headers: { Allow: "GET, POST" },
    });
  }
  return true;
}

async function userOfForm(
  identities: Identities,
  tokens: Tokens,
  request: IncomingMessage,
  form: URLSearchParams,
): Promise<string> {
  const kind = form.get("grant_type");
  if (kind === "password") {
    const user = form.get("username") ?? "";
    await identities.login(request, user, form.get("password") ?? "");
    return user;
  }
  if (kind !== "refresh_token")
    throw new RegistryError("UNSUPPORTED", "grant_type is neither password nor refresh_token", {
      status: 400,
    });
  try {
    const content = await tokens.read(form.get("refresh_token") ?? "", "refresh");
    const mark = content.user === undefined ? undefined : await identities.users?.markOf(content.user);
    if (content.user === undefined || mark === undefined || !tokens.isCurrent(content, mark))
      throw new Error("the token was issued under another password");
    return content.user;
  } catch (error) {
    throw identities.refusal(messageOf(error), identities.basicChallenge);
  }
}

async function answer(
  identities: Identities,
  tokens: Tokens,
  response: ServerResponse,
  user: string | undefined,
  scopes: readonly string[],
  offline: boolean,
  refresh?: string | null,
): Promise<void> {
  const { rules, users } = identities;
  if (user === undefined && !rules.rules.some((rule) => rule.anonymous))
    throw identities.refusal("log in to get a token", identities.basicChallenge);
  const grants = parseScopes(scopes)
    .map(
      (grant): Grant => ({
        ...grant,
        actions:
          grant.type === "registry"
            ? grant.actions.filter(() => rulesAllowAny(rules, user))
            : grant.actions.filter((action) =>
                rulesAllow(rules, user, action as "pull" | "push" | "delete", grant.name),
              ),
      }),
    )
    .filter((grant) => grant.actions.length > 0);
  // A user of a certificate has no password that a token could be bound to, and needs none.
  const mark = user === undefined ? undefined : await users?.markOf(user);
  const token = await tokens.issue(mark === undefined ? undefined : user, mark, grants);
  const body: Record<string, unknown> = {
    token,
    access_token: token,
    token_type: "Bearer",
    expires_in: tokens.life,
    issued_at: new Date().toISOString(),
    scope: grants.map((grant) => `${grant.type}:${grant.name}:${grant.actions.join()}`).join(" "),
  };
  if (refresh) body["refresh_token"] = refresh;
  else if (offline && user !== undefined && mark !== undefined)
    body["refresh_token"] = await tokens.issueRefresh(user, mark);
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(200, {
    "Content-Type": "application/json",
    "Content-Length": bytes.length,
    "Cache-Control": "no-store",
  });
  response.end(bytes);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers["content-type"] ?? ""))
    throw new RegistryError("UNSUPPORTED", "a form is expected (application/x-www-form-urlencoded)", {
      status: 415,
    });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit)
      throw new RegistryError("SIZE_INVALID", "the form is too large", {
        status: 413,
        headers: { Connection: "close" },
      });
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}
