import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hashSync } from "bcryptjs";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { type Digest, digestOf } from "../oci/digest.ts";
import { loadConfig } from "./config.ts";
import { makeLog } from "./log.ts";
import { type RunningServer, startServer } from "./server.ts";
import { openDiskStore } from "../store/disk-store.ts";
import type { Store } from "../store/store.ts";

const folder = mkdtempSync(join(tmpdir(), "ddiff-server-"));
const users = join(folder, "users");
writeFileSync(users, `ann:${hashSync("secret", 4)}\n`);

const sha256 = (bytes: Buffer): Digest => digestOf(bytes);

let running: RunningServer | undefined;
let store: Store | undefined;
let lines: string[] = [];
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await store?.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server with this configuration on a free port. */
async function start(yaml = ""): Promise<string> {
  const file = join(folder, "config.yaml");
  // A stop waits five seconds for the next request of an upload that a test left alone.
  writeFileSync(file, yaml.includes("stop-grace") ? yaml : `stop-grace: 2s\n${yaml}`);
  const { config } = loadConfig({ config: file, listen: "127.0.0.1:0" }, { HOME: folder });
  lines = [];
  const log = makeLog((line) => lines.push(line), { format: "json", requests: true });
  store = await openDiskStore(mkdtempSync(join(folder, "data-")));
  running = await startServer(config, { store, log });
  return running.url;
}

const basic = { Authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };

async function pushBlob(base: string, bytes: Buffer, headers: Record<string, string> = {}): Promise<number> {
  const begun = await fetch(`${base}/v2/app/blobs/uploads/`, { method: "POST", headers });
  if (begun.status !== 202) return begun.status;
  const place = new URL(begun.headers.get("location") ?? "", base);
  place.searchParams.set("digest", sha256(bytes));
  return (await fetch(place, { method: "PUT", body: new Uint8Array(bytes), headers })).status;
}

/** What comes back on a raw connection until it ends, or until `until` is in it. */
async function talk(base: string, text: string, until?: string): Promise<string> {
  const socket = connect(Number(new URL(base).port), "127.0.0.1");
  let got = "";
  socket.write(text);
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      got += chunk.toString("latin1");
      if (until !== undefined && got.includes(until)) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
  return got;
}

test("a registry is pushed to and pulled from, with health and metrics beside it", async () => {
  const base = await start();
  const bytes = Buffer.from("a layer");
  expect(await pushBlob(base, bytes)).toBe(201);
  const pulled = await fetch(`${base}/v2/app/blobs/${sha256(bytes)}`);
  expect(Buffer.from(await pulled.arrayBuffer())).toEqual(bytes);
  for (const path of ["/livez", "/readyz", "/healthz"]) {
    const answer = await fetch(base + path);
    expect([answer.status, await answer.text()]).toEqual([200, "ok\n"]);
  }
  const metrics = await (await fetch(`${base}/metrics`)).text();
  expect(metrics).toMatch(/ddiff_requests_total\{method="PUT",route="upload",status="201"\} 1\n/);
  expect(metrics).toMatch(/ddiff_received_bytes_total 7\n/);
  expect(metrics).toMatch(/ddiff_connections [1-9]/);
  expect((await fetch(`${base}/`)).status).toBe(404);
});

test("metrics on an address of their own are not beside the registry", async () => {
  const base = await start("metrics: 127.0.0.1:0\n");
  expect((await fetch(`${base}/metrics`)).status).toBe(404);
  expect(await (await fetch(running?.metricsUrl ?? "")).text()).toContain("process_cpu");
  expect((await fetch(new URL("/v2/", running?.metricsUrl))).status).toBe(404);
});

test("with users, metrics are for those who are logged in, and health for everyone", async () => {
  const base = await start(`access:\n  htpasswd: ${users}\n  anonymous-pull: true\n`);
  expect((await fetch(`${base}/metrics`)).status).toBe(401);
  expect((await fetch(`${base}/metrics`, { headers: basic })).status).toBe(200);
  expect((await fetch(`${base}/readyz`)).status).toBe(200);
});

describe("who is not known", () => {
  test("is asked for a password by name of no host, and may push after it", async () => {
    const base = await start(`access:\n  htpasswd: ${users}\n`);
    const answer = await fetch(`${base}/v2/`, { headers: { Host: "evil.example" } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('Basic realm="ddiff", charset="UTF-8"');
    expect(await pushBlob(base, Buffer.from("x"))).toBe(401);
    expect(await pushBlob(base, Buffer.from("x"), basic)).toBe(201);
  });

  test("is sent for a token where the server knows its own address", async () => {
    const base = await start(`url: https://registry.lab\naccess:\n  htpasswd: ${users}\n`);
    const answer = await fetch(`${base}/v2/`);
    expect(answer.headers.get("www-authenticate")).toBe(
      'Bearer realm="https://registry.lab/v2/token",service="registry.lab"',
    );
    const got = await fetch(`${base}/v2/token?scope=repository:app:pull,push`, { headers: basic });
    const { token } = (await got.json()) as { token: string };
    const bearer = { Authorization: `Bearer ${token}` };
    expect(await pushBlob(base, Buffer.from("x"), bearer)).toBe(201);
    expect((await fetch(`${base}/v2/other/tags/list`, { headers: bearer })).status).toBe(401);
    // Nothing of it is in the log.
    expect(lines.join("")).toMatch(/"caller":"ann"/);
    expect(lines.join("")).not.toContain(token.slice(0, 20));
    expect(lines.join("")).not.toContain(basic.Authorization.slice(6));
  });

  test("gets the catalog by a token for it, with what its user may pull", async () => {
    const rules = `  rules:\n    - { repositories: [app], users: [ann], actions: [pull, push] }\n    - { repositories: [lab], users: [root], actions: [push] }\n`;
    const base = await start(`url: https://registry.lab\naccess:\n  htpasswd: ${users}\n${rules}`);
    expect(await pushBlob(base, Buffer.from("x"), basic)).toBe(201);
    await store?.put("catalog/lab", Buffer.alloc(0));
    const got = await fetch(`${base}/v2/token?scope=registry:catalog:*`, { headers: basic });
    const { token } = (await got.json()) as { token: string };
    const answer = await fetch(`${base}/v2/_catalog`, { headers: { Authorization: `Bearer ${token}` } });
    expect(await answer.json()).toEqual({ repositories: ["app"] });
  });

  test("nobody is, on a server for this machine without users", async () => {
    const base = await start();
    expect((await fetch(`${base}/v2/`, { headers: basic })).status).toBe(200);
  });
});

test("a server that only answers pulls takes nothing and deletes nothing", async () => {
  const base = await start("read-only: true\n");
  expect(await pushBlob(base, Buffer.from("x"))).toBe(403);
  expect((await fetch(`${base}/v2/app/manifests/1`, { method: "DELETE" })).status).toBe(403);
  expect((await fetch(`${base}/v2/app/manifests/1`)).status).toBe(404);
});

test("an image without its layers is refused, or taken where the configuration says so", async () => {
  const config = Buffer.from("{}");
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const part = { mediaType: "application/octet-stream", digest: sha256(config), size: 2 };
  const layers = [{ ...part, digest: sha256(Buffer.from("never pushed")) }];
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config: part, layers });
  for (const [yaml, status] of [
    ["", 400],
    ["sparse: all\n", 201],
  ] as const) {
    const base = await start(yaml);
    expect(await pushBlob(base, config)).toBe(201);
    const put = { method: "PUT", headers: { "Content-Type": mediaType }, body: manifest };
    expect((await fetch(`${base}/v2/app/manifests/1`, put)).status).toBe(status);
    await running?.stop();
    await store?.close();
  }
});

test("a page of another site changes nothing through its visitor's browser", async () => {
  const base = await start("url: https://registry.lab\n");
  const from = async (method: string, headers: Record<string, string>): Promise<number> =>
    (await fetch(`${base}/v2/app/blobs/uploads/`, { method, headers })).status;
  expect(await from("POST", { Origin: "https://evil.example" })).toBe(403);
  // A name of the attacker's that leads to this machine.
  expect(await from("POST", { Origin: base, Host: new URL(base).host })).toBe(403);
  expect(await from("POST", { Origin: "null" })).toBe(403);
  expect(await from("POST", { Origin: "https://registry.lab" })).toBe(202);
  expect(await from("POST", {})).toBe(202);
  const preflight = await fetch(`${base}/v2/app/manifests/1`, {
    method: "OPTIONS",
    headers: { Origin: "https://evil.example" },
  });
  expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
});

test("a tag that is to stay is not moved nor deleted, by nobody, and others are", async () => {
  const base = await start("access:\n  immutable:\n    - { repositories: ['*'], tags: ['v*'] }\n");
  const type = "application/vnd.oci.image.index.v1+json";
  const put = async (tag: string, note: string): Promise<number> => {
    const body = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [], annotations: { note } });
    const headers = { "Content-Type": type };
    return (await fetch(`${base}/v2/app/manifests/${tag}`, { method: "PUT", headers, body })).status;
  };
  const digestNow = async (tag: string): Promise<string> =>
    (await fetch(`${base}/v2/app/manifests/${tag}`)).headers.get("docker-content-digest") ?? "";
  expect([await put("v1", "first"), await put("latest", "first")]).toEqual([201, 201]);
  const first = await digestNow("v1");
  expect(await put("v1", "second")).toBeGreaterThanOrEqual(400);
  expect(await put("latest", "second")).toBe(201);
  // The same content again is no move.
  expect(await put("v1", "first")).toBe(201);
  for (const reference of ["v1", first]) {
    const deleted = await fetch(`${base}/v2/app/manifests/${reference}`, { method: "DELETE" });
    expect(deleted.status).toBeGreaterThanOrEqual(400);
  }
  expect(await digestNow("v1")).toBe(first);
});

describe("a host that somebody else wrote is in no answer:", () => {
  test.each([
    ["Host", "Host: evil.example"],
    ["X-Forwarded-Host", "Host: x\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: javascript"],
    ["Forwarded", 'Host: x\r\nForwarded: host="evil.example";proto=https'],
    ["the address itself", "Host: x", "http://evil.example"],
  ])("%s", async (_what, headers, prefix = "") => {
    const base = await start(`url: https://registry.lab\naccess:\n  htpasswd: ${users}\n`);
    const auth = `Authorization: ${basic.Authorization}`;
    const ask = (method: string, path: string, more: string): Promise<string> =>
      talk(
        base,
        `${method} ${prefix}${path} HTTP/1.1\r\n${headers}\r\n${more}Content-Length: 0\r\nConnection: close\r\n\r\n`,
      );
    for (const answer of [
      await ask("POST", "/v2/app/blobs/uploads/", `${auth}\r\n`),
      await ask("GET", "/v2/_catalog?n=1", `${auth}\r\n`),
      await ask("GET", "/v2/", ""),
      await ask("GET", "/v2/app/manifests/none", `${auth}\r\n`),
    ]) {
      expect(answer).toMatch(/^HTTP\/1.1 /);
      expect(answer).not.toContain("evil.example");
    }
  });
});

/** Milliseconds until the server ends a connection on which this comes piece by piece. */
async function held(base: string, first: string, drip: string | undefined, every = 50): Promise<number> {
  const start = performance.now();
  const socket: Socket = connect(Number(new URL(base).port), "127.0.0.1");
  socket.on("error", () => {});
  // Read what comes: an end can only be seen behind it.
  socket.resume();
  socket.write(first);
  const timer =
    drip === undefined ? undefined : setInterval(() => socket.writable && socket.write(drip), every);
  await new Promise((resolve) => socket.once("close", resolve));
  clearInterval(timer);
  return performance.now() - start;
}

describe("a client that holds a connection", () => {
  test("and sends a body byte by byte is let go", async () => {
    const base = await start("limits:\n  idle: 1s\n");
    const begun = await fetch(`${base}/v2/app/blobs/uploads/`, { method: "POST" });
    const path = begun.headers.get("location") ?? "";
    const head = `PATCH ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`;
    expect(await held(base, head, "x")).toBeLessThan(5000);
    expect(lines.join("")).toContain("a client was too slow");
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('ddiff_refused_total{why="slow"} 1');
  });

  test("and sends nothing of its body is let go", async () => {
    const base = await start("limits:\n  idle: 1s\n");
    const begun = await fetch(`${base}/v2/app/blobs/uploads/`, { method: "POST" });
    const head = `PATCH ${begun.headers.get("location")} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`;
    expect(await held(base, head, undefined)).toBeLessThan(5000);
  });

  test("and does not take what it asked for is let go", async () => {
    const base = await start("limits:\n  idle: 1s\n");
    const bytes = Buffer.alloc(30_000_000, 7);
    expect(await pushBlob(base, bytes)).toBe(201);
    const socket = connect(Number(new URL(base).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write(`GET /v2/app/blobs/${sha256(bytes)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await expect.poll(() => lines.some((line) => /"status":499/.test(line)), { timeout: 8000 }).toBe(true);
    socket.destroy();
  });

  test("and sends its headers one by one, or nothing at all, is let go", async () => {
    const base = await start("limits:\n  idle: 1s\n");
    expect(await held(base, "GET /v2/ HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n", 100)).toBeLessThan(6000);
    expect(await held(base, "", undefined)).toBeLessThan(6000);
  });

  test("is refused where it sends too many headers", async () => {
    const base = await start();
    const answer = await talk(base, `GET /v2/ HTTP/1.1\r\nHost: x\r\nX-A: ${"b".repeat(40_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
  });

  test("but only slowly because the server is slow is not let go", async () => {
    const base = await start("limits:\n  idle: 1s\n");
    const begun = await fetch(`${base}/v2/app/blobs/uploads/`, { method: "POST" });
    const bytes = Buffer.alloc(600_000, 1);
    const place = `${begun.headers.get("location")}?digest=${sha256(bytes)}`;
    // 200 kB a second, for three times as long as an idle client has.
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(new URL(place, base), {
        method: "PUT",
        headers: { "Content-Length": bytes.length },
      });
      request.on("response", (answer) => resolve(answer.resume().statusCode));
      request.on("error", reject);
      void (async () => {
        for (let at = 0; at < bytes.length; at += 20_000) {
          request.write(bytes.subarray(at, at + 20_000));
          await sleep(100);
        }
        request.end();
      })();
    });
    expect(status).toBe(201);
  });
});

test("who asks too fast is told when to come again, and others are not", async () => {
  const base = await start("limits:\n  rate: 1\n  burst: 5\ntrusted-proxies: [127.0.0.1]\n");
  const ask = (address: string) =>
    fetch(`${base}/v2/`, { headers: { "X-Forwarded-For": `1.1.1.1, ${address}` } });
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask("10.0.0.1")));
  const refused = answers.filter((one) => one.status === 429);
  expect(refused).toHaveLength(5);
  expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(await refused[0]?.json()).toMatchObject({ errors: [{ code: "TOOMANYREQUESTS" }] });
  expect((await ask("10.0.0.2")).status).toBe(200);
  expect(lines.join("")).toContain('"remote":"10.0.0.2"');
  // A probe is not one of the clients.
  expect((await fetch(`${base}/livez`, { headers: { "X-Forwarded-For": "10.0.0.1" } })).status).toBe(200);
});

test("nobody gets another address by writing it, where no proxy is trusted", async () => {
  const base = await start("limits:\n  rate: 1\n  burst: 3\n");
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      fetch(`${base}/v2/`, { headers: { "X-Forwarded-For": `10.0.0.${at}` } }),
    ),
  );
  expect(answers.filter((one) => one.status === 429)).toHaveLength(7);
});

test("more connections than allowed are closed", async () => {
  const base = await start("limits:\n  connections: 3\n");
  const sockets = Array.from({ length: 6 }, () => connect(Number(new URL(base).port), "127.0.0.1"));
  const closed = new Set<Socket>();
  for (const socket of sockets) {
    socket.on("error", () => {});
    socket.on("close", () => closed.add(socket));
    socket.resume();
  }
  await expect.poll(() => closed.size).toBe(3);
  for (const socket of sockets) socket.destroy();
  await expect.poll(async () => (await fetch(`${base}/livez`).catch(() => undefined))?.status).toBe(200);
});

describe("a stop", () => {
  test("lets an upload finish, over several requests, and takes no new connection", async () => {
    const base = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = (
      method: string,
      path: string,
      body: Buffer,
      slow = false,
    ): Promise<{ status: number; location: string }> =>
      new Promise((resolve, reject) => {
        const request = httpRequest(new URL(path, base), {
          method,
          agent,
          headers: { "Content-Length": body.length },
        });
        request.on("error", reject);
        request.on("response", (answer) => {
          answer.resume();
          answer.on("end", () =>
            resolve({ status: answer.statusCode ?? 0, location: String(answer.headers.location) }),
          );
        });
        if (slow) {
          request.write(body.subarray(0, 10));
          void sleep(600).then(() => request.end(body.subarray(10)));
        } else request.end(body);
      });
    const body = Buffer.from("a layer of many bytes, in two requests");
    const begun = await send("POST", "/v2/app/blobs/uploads/", Buffer.alloc(0));
    const patched = send("PATCH", begun.location, body, true);
    await sleep(200);
    const stop = running?.stop();
    await sleep(100);
    await expect(fetch(`${base}/v2/`)).rejects.toThrow();
    const { status, location } = await patched;
    expect(status).toBe(202);
    await sleep(200);
    expect((await send("PUT", `${location}?digest=${sha256(body)}`, Buffer.alloc(0))).status).toBe(201);
    agent.destroy();
    expect(await stop).toBe(0);
  });

  test("without anything under way is at once, also with idle connections", async () => {
    const base = await start();
    await fetch(`${base}/v2/`);
    const socket = connect(Number(new URL(base).port), "127.0.0.1");
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("connect", resolve));
    const begun = performance.now();
    expect(await running?.stop()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  test("does not wait longer than it is told to", async () => {
    const base = await start("stop-grace: 500ms\n");
    const begun = await fetch(`${base}/v2/app/blobs/uploads/`, { method: "POST" });
    const socket = connect(Number(new URL(base).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(
      `PATCH ${begun.headers.get("location")} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx`,
    );
    await sleep(100);
    const start0 = performance.now();
    expect(await running?.stop()).toBe(1);
    expect(performance.now() - start0).toBeLessThan(2000);
  });
});

async function listenOn(listen: string): Promise<RunningServer> {
  if (store === undefined) throw new Error("no store");
  const { config } = loadConfig({ listen, open: true }, { HOME: folder });
  const log = makeLog(() => {}, { format: "json", requests: true });
  return await startServer(config, { store, log });
}

test("an address that is taken, or another machine's, is refused with what to do", async () => {
  const base = await start();
  await expect(listenOn(new URL(base).host)).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    hint: expect.stringContaining("Another program"),
  });
  await expect(listenOn("192.0.2.1:5000")).rejects.toMatchObject({ code: "LISTEN_FAILED" });
});

test("a log line is one line, whatever a client writes into it", async () => {
  const text: string[] = [];
  const log = makeLog((line) => text.push(line), { format: "text", requests: true });
  log.request({
    method: "GET",
    route: "manifest",
    repository: "a\nb \u001b[2J",
    status: 404,
    received: 0,
    sent: 1,
    seconds: 0.5,
    error: new Error("x\r\ny"),
  });
  expect(text).toHaveLength(1);
  expect(text[0]?.trimEnd()).not.toMatch(/[\n\r\u001b]/);
  expect(text[0]).toMatch(/request method=GET .* milliseconds=500/);
});
