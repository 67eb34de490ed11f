import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { openDiskStore } from "../store/disk-store.ts";
import type { Store } from "../store/store.ts";
import { loadConfig } from "./config.ts";
import { makeLog } from "./log.ts";
import { type RunningServer, startServer } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "ddiff-answers-"));
const users = join(folder, "users");
const password = "s3cret of ann";
writeFileSync(users, `ann:${hashSync(password, 4)}\nbob:${hashSync("bob", 4)}\n`);
const rules = [
  "url: http://registry.lab",
  "access:",
  `  htpasswd: ${users}`,
  "  rules:",
  "    - { repositories: ['ann/**'], users: [ann], actions: [pull, push, delete] }",
  "    - { repositories: ['bob/**'], users: [bob], actions: [pull, push] }",
  "    - { repositories: ['public/**'], anonymous: true, actions: [pull] }",
].join("\n");

interface Started {
  base: string;
  server: RunningServer;
  store: Store;
}
const lines: string[] = [];
async function start(yaml: string): Promise<Started> {
  const file = join(folder, "config.yaml");
  writeFileSync(file, `stop-grace: 1s\n${yaml}\n`);
  const { config } = loadConfig({ config: file, listen: "127.0.0.1:0" }, { HOME: folder });
  const store = await openDiskStore(mkdtempSync(join(folder, "data-")));
  const log = makeLog((line) => lines.push(line), { format: "json", requests: true });
  const server = await startServer(config, { store, log });
  return { base: server.url, server, store };
}

let open: Started;
let closed: Started;
beforeAll(async () => {
  open = await start("");
  closed = await start(rules);
});
afterAll(async () => {
  for (const { server, store } of [open, closed]) {
    await server.stop();
    await store.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

const basic = (user: string, secret: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`,
});

const html = "<html><script>alert(1)</script><img src=x onerror=alert(1)>";
const body = new Uint8Array(Buffer.from(html));
const digest = digestOf(Buffer.from(html));

async function pushPage(): Promise<void> {
  await fetch(`${open.base}/v2/web/blobs/uploads/?digest=${digest}`, { method: "POST", body });
  const descriptor = { mediaType: "text/html", digest, size: body.length };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: "text/html",
    config: descriptor,
    layers: [descriptor],
    annotations: { [html]: html, "org.opencontainers.image.title": html },
    subject: { mediaType: mediaTypes.ociManifest, digest, size: 1 },
  };
  const reply = await fetch(`${open.base}/v2/web/manifests/page`, {
    method: "PUT",
    headers: { "Content-Type": mediaTypes.ociManifest },
    body: JSON.stringify(manifest),
  });
  expect(reply.status).toBe(201);
}

describe("no answer is a web page, whatever was pushed or asked:", () => {
  const paths = [
    "/",
    "/index.html",
    "/favicon.ico",
    "/v1/",
    "/metrics",
    "/livez",
    "/readyz",
    "/v2/",
    "/v2/_catalog",
    "/v2/web/tags/list",
    "/v2/web/manifests/page",
    `/v2/web/blobs/${digest}`,
    `/v2/web/referrers/${digest}`,
    `/v2/web/manifests/${encodeURIComponent(html)}`,
    `/v2/${encodeURIComponent(html)}/tags/list`,
    `/v2/web/blobs/${encodeURIComponent(html)}`,
    `/v2/web/tags/list?n=${encodeURIComponent(html)}`,
    `/v2/web/tags/list?last=${encodeURIComponent(html)}`,
    "/v2/token",
    "/v2/nothing/here/at/all",
    `/${encodeURIComponent(html)}`,
  ];

  test("neither by its type nor by a guess", async () => {
    await pushPage();
    for (const path of paths) {
      for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        // What is there must be there for the next one, too.
        if (method === "DELETE" && path.startsWith("/v2/web/")) continue;
        const reply = await fetch(`${open.base}${path}`, {
          method,
          headers: { Accept: "text/html" },
          redirect: "manual",
        });
        const what = `${method} ${path}`;
        const type = reply.headers.get("content-type") ?? "none";
        expect([what, /html|xml|javascript|svg/i.test(type)]).toEqual([what, false]);
        expect([what, reply.headers.get("x-content-type-options")]).toEqual([what, "nosniff"]);
        for (const [name] of reply.headers) {
          expect([what, /^(?:access-control-|set-cookie|refresh)/.test(name)]).toEqual([what, false]);
        }
        const text = await reply.text();
        if (!path.startsWith("/v2") || reply.status < 400 || method === "HEAD") continue;
        expect([what, type]).toEqual([what, "application/json"]);
        const { errors } = JSON.parse(text) as { errors: { code: string; message: string }[] };
        expect([what, errors.length, errors[0]?.code]).toEqual([what, 1, expect.stringMatching(/^[A-Z_]+$/)]);
        expect(reply.status).toBeLessThan(500);
      }
    }
  });

  test("a tag, a name or a type that is a page is refused", async () => {
    for (const [path, type] of [
      [`/v2/web/manifests/${encodeURIComponent(html)}`, mediaTypes.ociManifest],
      [`/v2/${encodeURIComponent(html)}/manifests/x`, mediaTypes.ociManifest],
      ["/v2/web/manifests/x", "text/html"],
      ["/v2/web/manifests/x", "image/svg+xml"],
    ] as const) {
      const reply = await fetch(`${open.base}${path}`, {
        method: "PUT",
        headers: { "Content-Type": type },
        body,
      });
      expect([path, reply.status]).toEqual([path, 400]);
    }
  });

  test("a delete that a page sends, or a form, does nothing", async () => {
    await pushPage();
    for (const origin of ["https://evil.example", "null", open.base, "http://localhost"]) {
      for (const [method, path] of [
        ["DELETE", "/v2/web/manifests/page"],
        ["DELETE", `/v2/web/blobs/${digest}`],
        ["PUT", "/v2/web/manifests/page"],
        ["POST", `/v2/web/blobs/uploads/?digest=${digest}`],
      ] as const) {
        const reply = await fetch(`${open.base}${path}`, { method, headers: { Origin: origin } });
        expect([method, origin, reply.status]).toEqual([method, origin, 403]);
        expect(reply.headers.get("content-type")).toBe("application/json");
      }
    }
    expect((await fetch(`${open.base}/v2/web/manifests/page`)).status).toBe(200);
  });
});

const ask = async (method: string, path: string, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(`${closed.base}${path}`, { method, headers })).status;

const code = (text: string): string => Buffer.from(text, "latin1").toString("base64");

describe("without the right to it", () => {
  test("a mount is not begun by nobody, and gives nothing of others to somebody", async () => {
    const secret = Buffer.from("of ann");
    const own = digestOf(secret);
    const pushed = await fetch(`${closed.base}/v2/ann/app/blobs/uploads/?digest=${own}`, {
      method: "POST",
      headers: basic("ann", password),
      body: new Uint8Array(secret),
    });
    expect(pushed.status).toBe(201);
    const mount = `/v2/bob/app/blobs/uploads/?mount=${own}`;
    for (const from of ["&from=ann/app", "", "&from=public/app", "&from=..", "&from=ann%2Fapp%00"]) {
      expect(await ask("POST", `${mount}${from}`)).toBe(401);
      expect(await ask("POST", `${mount}${from}`, basic("bob", "bob"))).toBe(202);
      expect(await ask("HEAD", `/v2/bob/app/blobs/${own}`, basic("bob", "bob"))).toBe(404);
    }
    expect(await ask("HEAD", `/v2/ann/app/blobs/${own}`, basic("bob", "bob"))).toBe(403);
    expect(await ask("DELETE", `/v2/bob/app/blobs/${own}`, basic("bob", "bob"))).toBe(403);
  });

  test("strange credentials are wrong credentials, and none of them is in the log", async () => {
    for (const authorization of [
      "Basic",
      "Basic ",
      "Basic ====",
      `Basic ${code("ann")}`,
      `Basic ${code(":")}`,
      `Basic ${code("ann:")}`,
      `Basic ${code(`ann:${password} `)}`,
      `Basic ${code(`ann:${password}\0`)}`,
      `Basic ${code(`ANN:${password}`)}`,
      `Basic ${code(`ann:${password}${"x".repeat(73)}`)}`,
      `Basic ${code(`${"a".repeat(3000)}:x`)}`,
      `Basic ${code("__proto__:x")}`,
      "Bearer",
      "Bearer null",
      `Bearer ${"a".repeat(4000)}.b.c`,
      "Digest username=ann",
      "Negotiate abc",
    ]) {
      const status = await ask("GET", "/v2/ann/app/tags/list", { Authorization: authorization });
      expect([authorization, [401, 429].includes(status)]).toEqual([authorization, true]);
    }
    expect(await ask("GET", "/v2/ann/app/tags/list", basic("ann", password))).toBe(200);
    expect(lines.join("")).not.toContain(password);
    expect(lines.join("")).not.toContain(code(`ann:${password}`));
  });

  test("a token is given for what the rules give, whatever scope is asked for", async () => {
    const scopes = [
      "repository:ann/app:pull,push,delete,*",
      "repository:*:pull",
      "repository:**:*",
      "registry:catalog:*",
      "repository(plugin):ann/app:pull",
      "repository:bob/../ann/app:pull",
    ];
    const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join("&");
    const reply = await fetch(`${closed.base}/v2/token?service=registry.lab&${query}`, {
      headers: basic("bob", "bob"),
    });
    expect(reply.status).toBe(200);
    const { token } = (await reply.json()) as { token: string };
    const bearer = { Authorization: `Bearer ${token}` };
    for (const [method, path] of [
      ["GET", "/v2/ann/app/tags/list"],
      ["PUT", "/v2/ann/app/manifests/latest"],
      ["DELETE", "/v2/ann/app/manifests/latest"],
      ["DELETE", "/v2/bob/app/manifests/latest"],
    ] as const) {
      expect([path, [401, 403].includes(await ask(method, path, bearer))]).toEqual([path, true]);
    }
  });
});
