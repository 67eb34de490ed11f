import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PlaceContext } from "../place.ts";
import { registryPlace } from "../registry.ts";
import { MemoryStore } from "../testing/memory.ts";
import { drain, type FakeRegistry, sendJson, startFakeRegistry } from "./testing/fake-registry.ts";
import { context, fill, quick } from "./testing/fixtures.ts";

let fake: FakeRegistry;
let folder: string;
const store = new MemoryStore();
const root = store.image("linux/amd64", ["secret"]);

beforeEach(async () => {
  fake = await startFakeRegistry();
  folder = await mkdtemp(join(tmpdir(), "ddiff-auth-"));
  fill(fake, store, root, "1");
});
afterEach(async () => {
  await fake.stop();
  await rm(folder, { recursive: true });
});

function read(env: PlaceContext["env"], name = "app:1"): Promise<unknown> {
  const place = registryPlace(`//${fake.host}/${name}`, context({ env }), quick);
  return place.source().then((source) => source.root());
}

async function configure(config: unknown): Promise<PlaceContext["env"]> {
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  return { DOCKER_CONFIG: folder };
}

function auth(user: string, password: string): { auth: string } {
  return { auth: Buffer.from(`${user}:${password}`).toString("base64") };
}

/** A registry that wants a bearer token from `realm` (its own host when not said); `valid` are the tokens it takes. */
function wantTokens(options: { realm?: () => string; valid?: () => string; answer?: unknown } = {}): void {
  fake.intercept = async (request, response, seen) => {
    if (seen.url.startsWith("/token")) {
      await drain(request, seen);
      return sendJson(response, 200, options.answer ?? { token: "good" });
    }
    const valid = options.valid?.() ?? "good";
    if (!seen.url.startsWith("/v2/") || seen.headers.authorization === `Bearer ${valid}`) return false;
    const realm = options.realm?.() ?? `http://${fake.host}/token`;
    const challenge = `Bearer realm="${realm}",service="fake, the registry",scope="repository:app:pull"`;
    return sendJson(response, 401, {}, { "www-authenticate": challenge });
  };
}

function tokenRequests(): { url: URL; authorization: string | undefined; body: string }[] {
  const seen = fake.requests.filter(({ url }) => url.startsWith("/token"));
  return seen.map(({ url, headers, received }) => ({
    url: new URL(url, "http://fake"),
    authorization: headers.authorization,
    body: Buffer.concat(received).toString(),
  }));
}

describe("a token", () => {
  it("is fetched without a login for what everybody may read, once for all requests", async () => {
    wantTokens();
    const place = registryPlace(`//${fake.host}/app:1`, context(), quick);
    const source = await place.source();
    await source.root();
    await source.hasBlob({ ...root, mediaType: "application/octet-stream" });
    const [request, ...more] = tokenRequests();
    expect(more).toEqual([]);
    expect(request?.authorization).toBeUndefined();
    expect(request?.url.searchParams.get("service")).toBe("fake, the registry");
    expect(request?.url.searchParams.getAll("scope")).toEqual(["repository:app:pull"]);
  });

  it("is fetched with the login of docker's config, which goes nowhere else", async () => {
    wantTokens();
    await read(await configure({ auths: { [`https://${fake.host}/v1/`]: auth("ann", "p:w") } }));
    expect(tokenRequests()[0]?.authorization).toBe(`Basic ${auth("ann", "p:w").auth}`);
    expect(tokenRequests()[0]?.url.searchParams.get("account")).toBe("ann");
    for (const { url, headers } of fake.requests) {
      if (!url.startsWith("/token")) expect(headers.authorization ?? "").not.toContain("Basic");
    }
  });

  it("is traded for a refresh token by POST, never in an address", async () => {
    wantTokens({ answer: { access_token: "good", expires_in: 300 } });
    await read(await configure({ auths: { [fake.host]: { identitytoken: "refresh-me" } } }));
    const [request] = tokenRequests();
    expect(new URLSearchParams(request?.body).get("refresh_token")).toBe("refresh-me");
    expect(new URLSearchParams(request?.body).get("grant_type")).toBe("refresh_token");
    expect(fake.lines().join()).not.toContain("refresh-me");
  });

  it("that the registry no longer takes is renewed", async () => {
    let valid = "good";
    const answer = { token: "good" };
    wantTokens({ valid: () => valid, answer });
    const place = registryPlace(`//${fake.host}/app:1`, context(), quick);
    await (await place.source()).root();
    valid = "better";
    answer.token = "better";
    await (await place.source()).root();
    expect(tokenRequests()).toHaveLength(2);
  });

  it.each([
    ["on another host over plain HTTP", () => "http://elsewhere.invalid/token"],
    ["with a login of its own", () => `http://x:y@${fake.host}/token`],
    ["that is no web address", () => "file:///etc/passwd"],
    ["that is no address", () => "nonsense"],
  ])("is not asked for at a place %s", async (_name, realm) => {
    wantTokens({ realm });
    const env = await configure({ auths: { [fake.host]: auth("ann", "pw") } });
    await expect(read(env)).rejects.toMatchObject({ code: "AUTH_REALM_REFUSED" });
    expect(tokenRequests()).toEqual([]);
  });

  it("is not fetched through a redirect, which would carry the login elsewhere", async () => {
    const other = await startFakeRegistry();
    try {
      wantTokens();
      const tokens = fake.intercept;
      fake.intercept = (request, response, seen) => {
        if (!seen.url.startsWith("/token")) return tokens(request, response, seen);
        response.writeHead(307, { location: `http://${other.host}/token` }).end();
        return true;
      };
      const env = await configure({ auths: { [fake.host]: auth("ann", "pw") } });
      await expect(read(env)).rejects.toMatchObject({ code: "REGISTRY_REFUSED" });
      expect(other.requests).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  it.each([{}, { token: "" }, { token: "a\r\nX-Evil: 1" }, [], "text"])(
    "that is none (%j) is refused",
    async (answer) => {
      wantTokens({ answer });
      await expect(read({})).rejects.toMatchObject({ code: "REGISTRY_MISBEHAVES" });
    },
  );

  it("can be given by the user", async () => {
    wantTokens({ valid: () => "mine" });
    await read({ DDIFF_URL: `http://${fake.host}`, DDIFF_TOKEN: "mine" });
    expect(tokenRequests()).toEqual([]);
  });
});

const wantBasic = (user: string, password: string): void => {
  fake.intercept = (_request, response, seen) => {
    if (seen.headers.authorization === `Basic ${auth(user, password).auth}`) return false;
    return sendJson(response, 401, {}, { "www-authenticate": 'Basic realm="fake"' });
  };
};

describe("a login", () => {
  beforeEach(() => wantBasic("ann", "pw"));

  it("from the environment is sent to the registry of DDIFF_URL only, and the error says so", async () => {
    const login = { DDIFF_USERNAME: "ann", DDIFF_PASSWORD: "pw" };
    await read({ ...login, DDIFF_URL: `http://${fake.host}` });
    await read({ ...login, DDIFF_URL: `http://${fake.host}/` });
    fake.requests.length = 0;
    for (const env of [login, { ...login, DDIFF_URL: "https://registry.example" }]) {
      await expect(read(env)).rejects.toMatchObject({
        code: "AUTH_REQUIRED",
        hint: expect.stringContaining(`set DDIFF_URL=https://${fake.host}`),
      });
    }
    for (const { headers } of fake.requests) expect(headers.authorization).toBeUndefined();
  });

  it("of another registry is not used", async () => {
    const env = await configure({
      auths: { "registry.example": auth("ann", "pw"), [`${fake.host}.evil`]: auth("ann", "pw") },
    });
    await expect(read(env)).rejects.toMatchObject({ code: "AUTH_REQUIRED" });
    for (const { headers } of fake.requests) expect(headers.authorization).toBeUndefined();
  });

  it("that is refused is named with the file it comes from, without its password", async () => {
    const env = await configure({ auths: { [fake.host]: auth("ann", "wrong-secret") } });
    const failure = await read(env).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "AUTH_REFUSED",
      message: expect.stringContaining(`user ann (from ${join(folder, "config.json")})`),
    });
    expect(JSON.stringify(failure) + String(failure)).not.toContain("wrong-secret");
  });

  it("of the repository goes before that of the host, as in podman's file", async () => {
    const path = join(folder, "auth.json");
    const auths = { [fake.host]: auth("ann", "other"), [`${fake.host}/team`]: auth("ann", "pw") };
    await writeFile(path, JSON.stringify({ auths }));
    const source = await registryPlace(
      `//${fake.host}/team/app:1`,
      context({ env: { REGISTRY_AUTH_FILE: path } }),
      quick,
    ).source();
    expect((await source.root()).descriptor.digest).toBe(root.digest);
    await expect(read({ REGISTRY_AUTH_FILE: path })).rejects.toMatchObject({ code: "AUTH_REFUSED" });
  });

  it("is found in podman's places too", async () => {
    for (const [variable, parts] of [
      ["XDG_RUNTIME_DIR", []],
      ["XDG_CONFIG_HOME", []],
      ["HOME", [".config"]],
    ] as const) {
      const base = join(folder, variable);
      await mkdir(join(base, ...parts, "containers"), { recursive: true });
      const auths = { [fake.host]: auth("ann", "pw") };
      await writeFile(join(base, ...parts, "containers", "auth.json"), JSON.stringify({ auths }));
      await read({ [variable]: base });
    }
  });

  it("comes from a helper, for the host or for all, or is said to lack it", async () => {
    const helper = async (name: string, script: string): Promise<void> => {
      const path = join(folder, `docker-credential-${name}`);
      await writeFile(path, `#!/bin/sh\n${script}\n`);
      await chmod(path, 0o755);
    };
    const found = `read -r host; [ "$1 $host" = "get ${fake.host}" ] && echo '{"Username":"ann","Secret":"pw"}'`;
    await helper("good", found);
    await helper("none", "echo 'credentials not found in native keychain'; exit 1");
    await helper("broken", "exit 3");
    const path = { PATH: `${folder}:${process.env["PATH"]}` };
    const use = async (config: unknown): Promise<unknown> => read({ ...(await configure(config)), ...path });

    await use({ credHelpers: { [fake.host]: "good" }, credsStore: "broken" });
    await use({ credsStore: "good" });
    await use({ credsStore: "none", auths: { [fake.host]: auth("ann", "pw") } });
    const config = join(folder, "config.json");
    await expect(use({ credsStore: "broken" })).rejects.toMatchObject({
      hint: expect.stringContaining(`docker-credential-broken failed with status 3 (named in ${config})`),
    });
    await expect(use({ credsStore: "desktop" })).rejects.toMatchObject({
      hint: expect.stringContaining(`docker-credential-desktop is not installed`),
    });
    await expect(use({ credsStore: "../../bin/evil" })).rejects.toMatchObject({
      hint: expect.stringContaining("not a plain name"),
    });
  });

  it("is not looked for where the registry asks for none", async () => {
    fake.intercept = () => false;
    await writeFile(join(folder, "config.json"), "{ this is no JSON");
    await read({ DOCKER_CONFIG: folder });
  });

  it("file that cannot be understood is named, and not quoted", async () => {
    for (const text of [
      '{"auths": {"x": {"auth": "c2VjcmV0OnNlY3JldA=="',
      '{"auths": {"x": "c2VjcmV0"}}',
      "[]",
    ]) {
      await writeFile(join(folder, "config.json"), text);
      const failure = await read({ DOCKER_CONFIG: folder }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "CREDENTIALS_FILE_INVALID" });
      expect(String(failure)).toContain(join(folder, "config.json"));
      expect(String(failure)).not.toContain("c2VjcmV0");
    }
  });

  it("does not help where access is denied, and the sentence tells whose", async () => {
    fake.intercept = (_request, response, seen) => {
      if (seen.headers.authorization === undefined) {
        return sendJson(response, 401, {}, { "www-authenticate": 'Basic realm="fake"' });
      }
      return sendJson(response, 403, { errors: [{ code: "DENIED", message: "requested access is denied" }] });
    };
    const env = await configure({ auths: { [fake.host]: auth("ann", "pw") } });
    await expect(read(env)).rejects.toMatchObject({
      code: "AUTH_REFUSED",
      message: expect.stringMatching(/does not let user ann .*app:1: requested access is denied/),
    });
  });
});
