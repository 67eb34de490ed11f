import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hashSync } from "bcryptjs";
import { generateKeyPair, SignJWT, exportJWK } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RegistryError } from "../errors.ts";
import type { Access, Action } from "./access.ts";
import { createAccess } from "./create-access.ts";
import { openHtpasswd, type Users } from "./htpasswd.ts";
import type { Rule, Rules } from "./rules.ts";
import { makeTokens, type Tokens } from "./tokens.ts";

const folder = mkdtempSync(join(tmpdir(), "ddiff-access-"));
const file = join(folder, "htpasswd");
const key = Buffer.alloc(32, 7);
const service = "registry.lab";
const rule = (part: Partial<Rule>): Rule => ({
  repositories: ["*"],
  users: [],
  groups: [],
  anonymous: false,
  actions: ["pull", "push"],
  ...part,
});
const rules: Rules = {
  rules: [
    rule({ repositories: ["team-a/**"], groups: ["a"] }),
    rule({ repositories: ["public/**"], anonymous: true, actions: ["pull"] }),
    rule({ users: ["root"], actions: ["pull", "push", "delete"] }),
  ],
  groups: { a: ["ann"] },
  immutable: [],
};

let users: Users;
let tokens: Tokens;
let access: Access;
let server: Server;
let base: string;

function writeUsers(passwords: Record<string, string>): void {
  writeFileSync(
    file,
    Object.entries(passwords)
      .map(([user, password]) => `${user}:${hashSync(password, 4)}\n`)
      .join(""),
  );
}

beforeAll(async () => {
  writeUsers({ ann: "secret", root: "toor" });
  users = await openHtpasswd(file, () => {});
  // What a registry does with access: /<action>/<repository>, answered 200, 401 or 403.
  server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://registry");
    try {
      if ((await access.token?.(request, response, url)) === true) return;
      const caller = await access.identify(request);
      const [, action = "", ...rest] = url.pathname.split("/");
      const repository = rest.join("/");
      const allowed = action === "list" ? caller.mayList : caller.may(action as Action, repository);
      const unauthorized =
        caller.name === undefined || caller.mayWithOtherToken?.(action as Action, repository) === true;
      const status = allowed ? 200 : unauthorized ? 401 : 403;
      const challenge = access.challenge(request, action as Action, repository);
      response.writeHead(status, status === 401 ? { "WWW-Authenticate": challenge } : {}).end(caller.name);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      response.writeHead(error.status, error.headers).end(error.message);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  tokens = makeTokens(key, { life: 60, service });
  access = createAccess({
    open: false,
    users,
    rules,
    tokens,
    realm: "https://registry.lab/v2/token",
    addressOf: (request) => String(request.headers["x-test-address"] ?? "here"),
  });
});
afterAll(async () => {
  server.close();
  await users.close();
  rmSync(folder, { recursive: true });
});

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

async function ask(path: string, authorization?: string, headers: Record<string, string> = {}) {
  const all = { ...headers, ...(authorization === undefined ? {} : { Authorization: authorization }) };
  const answer = await fetch(`${base}${path}`, { headers: all });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
async function tokenFor(query: string, authorization?: string): Promise<string> {
  const answer = await ask(`/v2/token?service=${service}&${query}`, authorization);
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.text) as { token: string }).token;
}

describe("with a password", () => {
  test("a user may what the rules say", async () => {
    expect((await ask("/push/team-a/x", basic("ann", "secret"))).status).toBe(200);
    expect((await ask("/push/team-b/x", basic("ann", "secret"))).status).toBe(403);
    expect((await ask("/delete/team-a/x", basic("ann", "secret"))).status).toBe(403);
    expect((await ask("/delete/team-a/x", basic("root", "toor"))).status).toBe(200);
  });

  test.each([
    ["a wrong password", basic("ann", "wrong")],
    ["an unknown user", basic("eve", "secret")],
    ["no colon", `Basic ${Buffer.from("ann").toString("base64")}`],
    ["another scheme", "Digest username=ann"],
    ["two", `${basic("ann", "secret")}, ${basic("root", "toor")}`],
    ["bytes that are no UTF-8", `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString("base64")}`],
    ["an empty token", "Bearer "],
  ])("%s is refused with a challenge, also where nobody needs to log in", async (_what, authorization) => {
    const answer = await ask("/pull/public/x", authorization);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^(?:Bearer realm="https:|Basic realm=)/);
  });

  test("guessing is stopped for the guesser, and for nobody else", async () => {
    const guesses = await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        ask("/pull/team-a/x", basic("ann", `guess ${at}`), { "x-test-address": "guesser" }),
      ),
    );
    const stopped = guesses.filter((one) => one.status === 429);
    expect(stopped.length).toBeGreaterThan(20);
    expect(Number(stopped[0]?.headers.get("retry-after"))).toBeGreaterThan(0);
    const elsewhere = { "x-test-address": "elsewhere" };
    expect((await ask("/pull/team-a/x", basic("ann", "secret"), elsewhere)).status).toBe(200);
    // Who is logged in already is not locked out by a neighbour behind the same address.
    expect(
      (await ask("/pull/team-a/x", basic("ann", "secret"), { "x-test-address": "guesser" })).status,
    ).toBe(200);
  });
});

describe("without credentials", () => {
  test("only what the rules give to everyone", async () => {
    expect((await ask("/pull/public/x")).status).toBe(200);
    for (const path of ["/push/public/x", "/pull/team-a/x", "/delete/public/x"]) {
      const answer = await ask(path);
      expect(answer.status).toBe(401);
      const [, action = "", name = ""] = /^\/(\w+)\/(.*)/.exec(path) ?? [];
      expect(answer.headers.get("www-authenticate")).toBe(
        `Bearer realm="https://registry.lab/v2/token",service="registry.lab",scope="repository:${name}:${action === "push" ? "pull,push" : action}"`,
      );
    }
  });

  test("that are there and empty, as skopeo sends them, likewise", async () => {
    expect((await ask("/pull/public/x", basic("", ""))).status).toBe(200);
    expect((await ask("/pull/team-a/x", basic("", ""))).status).toBe(401);
    expect((await ask("/pull/public/x", basic("ann", ""))).status).toBe(401);
  });

  test("a token gives what everyone has", async () => {
    const token = await tokenFor("scope=repository:public/x:pull,push&scope=repository:team-a/x:pull");
    expect((await ask("/pull/public/x", `Bearer ${token}`)).status).toBe(200);
    expect((await ask("/push/public/x", `Bearer ${token}`)).status).toBe(401);
    expect((await ask("/pull/team-a/x", `Bearer ${token}`)).status).toBe(401);
  });

  test("a registry with nothing for everyone gives no token", async () => {
    access = createAccess({
      open: false,
      users,
      tokens,
      addressOf: () => "",
      rules: { ...rules, rules: [] },
    });
    const answer = await ask("/v2/token?scope=repository:public/x:pull");
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Basic /);
  });
});

describe("a token", () => {
  test("gives what was asked for and no more; asking for more is answered with how", async () => {
    const token = await tokenFor("scope=repository:team-a/x:pull", basic("ann", "secret"));
    expect((await ask("/pull/team-a/x", `Bearer ${token}`)).text).toBe("ann");
    expect((await ask("/push/team-a/x", `Bearer ${token}`)).status).toBe(401);
    expect((await ask("/pull/team-a/y", `Bearer ${token}`)).status).toBe(401);
    // No token would help there.
    expect((await ask("/pull/team-b/y", `Bearer ${token}`)).status).toBe(403);
    expect((await ask("/list", `Bearer ${token}`)).status).toBe(401);
    const wide = await tokenFor(
      "scope=repository:team-a/x:pull,push%20repository:team-a/y:pull&scope=registry:catalog:*",
      basic("ann", "secret"),
    );
    expect((await ask("/push/team-a/x", `Bearer ${wide}`)).status).toBe(200);
    expect((await ask("/pull/team-a/y", `Bearer ${wide}`)).status).toBe(200);
    expect((await ask("/list", `Bearer ${wide}`)).status).toBe(200);
  });

  test("for a mount is asked for with both repositories, and with one where the other is no name", () => {
    const request = {} as IncomingMessage;
    expect(access.challenge(request, "push", "team-a/x", "team-a/y")).toContain(
      'scope="repository:team-a/x:pull,push repository:team-a/y:pull"',
    );
    expect(access.challenge(request, "push", "team-a/x", 'y",error="z')).toMatch(
      /,scope="repository:team-a\/x:pull,push"$/,
    );
  });

  test("does not widen what the rules give", async () => {
    const token = await tokenFor(
      "scope=repository:team-b/x:*&scope=repository:team-a/x:pull,push,delete",
      basic("ann", "secret"),
    );
    expect((await ask("/pull/team-b/x", `Bearer ${token}`)).status).toBe(403);
    expect((await ask("/delete/team-a/x", `Bearer ${token}`)).status).toBe(403);
    expect((await ask("/push/team-a/x", `Bearer ${token}`)).status).toBe(200);
  });

  test("a wrong password gets none", async () => {
    expect((await ask("/v2/token?scope=repository:public/x:pull", basic("ann", "no"))).status).toBe(401);
  });

  test("is worth nothing after the password changed, the refresh token neither", async () => {
    const authorization = basic("ann", "secret");
    const answer = await ask("/v2/token?offline_token=true&scope=repository:team-a/x:pull", authorization);
    const got = JSON.parse(answer.text) as { token: string; refresh_token: string };
    expect((await ask("/pull/team-a/x", `Bearer ${got.token}`)).status).toBe(200);
    writeUsers({ ann: "changed", root: "toor" });
    await sleep(1100);
    expect((await ask("/pull/team-a/x", `Bearer ${got.token}`)).status).toBe(401);
    expect((await refresh(got.refresh_token)).status).toBe(401);
    writeUsers({ ann: "secret", root: "toor" });
    await sleep(1100);
  });
});

async function post(form: Record<string, string>): Promise<Response> {
  return fetch(`${base}/v2/token`, { method: "POST", body: new URLSearchParams(form) });
}
async function refresh(token: string): Promise<Response> {
  return post({
    grant_type: "refresh_token",
    refresh_token: token,
    service,
    scope: "repository:team-a/x:pull",
  });
}

describe("as Docker and containerd log in", () => {
  test("a posted password gets a token, and with access_type=offline one that gets others", async () => {
    const login = {
      grant_type: "password",
      username: "ann",
      password: "secret",
      service,
      client_id: "docker",
    };
    const first = await post({ ...login, scope: "repository:team-a/x:pull,push", access_type: "offline" });
    const got = (await first.json()) as { access_token: string; refresh_token: string; expires_in: number };
    expect(got.expires_in).toBe(60);
    expect((await ask("/push/team-a/x", `Bearer ${got.access_token}`)).status).toBe(200);
    const second = (await (await refresh(got.refresh_token)).json()) as { access_token: string };
    expect((await ask("/pull/team-a/x", `Bearer ${second.access_token}`)).status).toBe(200);
    // A refresh token is no access token, nor the other way.
    expect((await ask("/pull/team-a/x", `Bearer ${got.refresh_token}`)).status).toBe(401);
    expect((await refresh(got.access_token)).status).toBe(401);
  });

  test("what is asked for wrongly is refused", async () => {
    expect((await post({ grant_type: "password", username: "ann", password: "wrong" })).status).toBe(401);
    expect((await post({ grant_type: "client_credentials" })).status).toBe(400);
    expect((await post({ grant_type: "refresh_token" })).status).toBe(401);
    const json = await fetch(`${base}/v2/token`, {
      method: "POST",
      body: "{}",
      headers: { "Content-Type": "application/json" },
    });
    expect(json.status).toBe(415);
    expect((await post({ grant_type: "password", password: "x".repeat(100_000) })).status).toBe(413);
    expect((await fetch(`${base}/v2/token`, { method: "DELETE" })).status).toBe(405);
  });
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const mark = async (): Promise<string> => (await users.markOf("ann")) ?? "";
const now = (): number => Math.floor(Date.now() / 1000);
const tryIt = async (token: string): Promise<number> =>
  (await ask("/pull/team-a/x", `Bearer ${token}`)).status;
const hmac = (head: unknown, body: unknown, secret: Buffer = key): string => {
  const text = `${encode(head)}.${encode(body)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
};

describe("a forged token is refused:", () => {
  const grants = [{ type: "repository", name: "team-a/x", actions: ["pull", "push", "delete"] }];
  const claims = (): Record<string, unknown> => ({
    iss: service,
    aud: service,
    sub: "ann",
    iat: now(),
    exp: now() + 60,
    access: grants,
  });
  const good = { alg: "HS256", typ: "at+jwt" };

  /** The claims with the seal that only the server can make, as it stands in a real token. */
  async function sealed(): Promise<Record<string, unknown>> {
    const real = await tokens.issue("ann", await mark(), []);
    const { seal } = JSON.parse(Buffer.from(real.split(".")[1] ?? "", "base64url").toString()) as {
      seal: string;
    };
    return { ...claims(), seal };
  }

  test("a true one of the same make is taken, so that the following say something", async () => {
    expect(await tryIt(hmac(good, await sealed()))).toBe(200);
  });
  test.each<[string, (body: Record<string, unknown>) => string | Promise<string>]>([
    ["alg none", (body) => `${encode({ alg: "none", typ: "at+jwt" })}.${encode(body)}.`],
    ["alg None with a signature", (body) => hmac({ ...good, alg: "None" }, body)],
    ["alg HS512 with the right key", (body) => hmac({ ...good, alg: "HS512" }, body)],
    ["another key", (body) => hmac(good, body, Buffer.alloc(32, 8))],
    ["an empty key", (body) => hmac(good, body, Buffer.alloc(0))],
    ["a kid", (body) => hmac({ ...good, kid: "../../dev/null" }, body)],
    [
      "a jwk of its own",
      (body) => hmac({ ...good, jwk: { kty: "oct", k: key.toString("base64url") } }, body),
    ],
    ["a jku", (body) => hmac({ ...good, jku: "https://evil.example/keys" }, body)],
    ["no type", (body) => hmac({ alg: "HS256" }, body)],
    ["expired", (body) => hmac(good, { ...body, iat: now() - 100, exp: now() - 10 })],
    ["without an end", ({ exp: _exp, ...body }) => hmac(good, body)],
    ["not valid yet", (body) => hmac(good, { ...body, nbf: now() + 100 })],
    ["another audience", (body) => hmac(good, { ...body, aud: "other.lab" })],
    ["another issuer", (body) => hmac(good, { ...body, iss: "other.lab" })],
    ["another user", (body) => hmac(good, { ...body, sub: "root" })],
    ["no seal", ({ seal: _seal, ...body }) => hmac(good, body)],
    [
      "a scope that was widened afterwards",
      (body) => {
        const [head, , signature] = hmac(good, { ...body, access: [] }).split(".");
        return `${head}.${encode(body)}.${signature}`;
      },
    ],
    [
      "signed with a key pair that it brings along",
      async (body) => {
        const pair = await generateKeyPair("EdDSA", { extractable: true });
        return new SignJWT(body)
          .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", jwk: await exportJWK(pair.publicKey) })
          .sign(pair.privateKey);
      },
    ],
    ["no token at all", () => "aaaa.bbbb.cccc"],
  ])("%s", async (_what, forge) => {
    expect(await tryIt(await forge(await sealed()))).toBe(401);
  });
});

test("an open registry lets everyone do everything, whatever they say they are", async () => {
  access = createAccess({ open: true, rules: { rules: [], groups: {}, immutable: [] }, addressOf: () => "" });
  for (const authorization of [undefined, basic("ann", "wrong"), "Bearer x"]) {
    expect((await ask("/delete/any/x", authorization)).status).toBe(200);
    expect((await ask("/list", authorization)).status).toBe(200);
  }
});
