import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { hashSync } from "bcryptjs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openDiskStore } from "../store/disk-store.ts";
import type { Store } from "../store/store.ts";
import { loadConfig } from "./config.ts";
import { makeLog } from "./log.ts";
import { type RunningServer, startServer } from "./server.ts";
import { makeAuthority, type Pair } from "./testing/certificates.ts";
import { watchTls } from "./tls-files.ts";

const folder = mkdtempSync(join(tmpdir(), "ddiff-tls-"));
const served: Pair = { cert: join(folder, "served.crt"), key: join(folder, "served.key") };
let authority: ReturnType<typeof makeAuthority>;
let strangers: ReturnType<typeof makeAuthority>;
let first: Pair;
let second: Pair;
let running: RunningServer | undefined;
let store: Store | undefined;

beforeAll(() => {
  authority = makeAuthority(folder, "authority");
  strangers = makeAuthority(folder, "strangers");
  first = authority.sign("first");
  second = authority.sign("second");
  writeFileSync(join(folder, "users"), `ann:${hashSync("secret", 4)}\n`);
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await store?.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function serve(pair: Pair): void {
  copyFileSync(pair.cert, served.cert);
  copyFileSync(pair.key, served.key);
}

async function start(yaml: string): Promise<string> {
  const file = join(folder, "config.yaml");
  writeFileSync(file, yaml);
  const { config } = loadConfig({ config: file, listen: "127.0.0.1:0" }, { HOME: folder });
  store = await openDiskStore(mkdtempSync(join(folder, "data-")));
  running = await startServer(config, { store, log: makeLog(() => {}, { format: "json", requests: false }) });
  return running.url;
}

/** A request of a client that trusts our authority, with a certificate of its own where one is given. */
async function ask(
  url: string,
  path: string,
  options: { pair?: Pair; method?: string; password?: string } = {},
): Promise<{ status: number; certificate: PeerCertificate; challenge: string | undefined }> {
  return await new Promise((resolve, reject) => {
    const headers =
      options.password === undefined
        ? {}
        : { Authorization: `Basic ${Buffer.from(options.password).toString("base64")}` };
    const sent = request(new URL(path, url), {
      ca: readFileSync(authority.cert),
      method: options.method ?? "GET",
      headers,
      agent: false,
      ...(options.pair === undefined
        ? {}
        : { cert: readFileSync(options.pair.cert), key: readFileSync(options.pair.key) }),
    });
    sent.on("error", reject);
    sent.on("response", (answer) => {
      const certificate = (answer.socket as TLSSocket).getPeerCertificate();
      answer.resume();
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          certificate,
          challenge: answer.headers["www-authenticate"],
        }),
      );
    });
    sent.end();
  });
}

const tls = "tls:\n  cert: served.crt\n  key: served.key\n";

test("a client that trusts the authority is served over TLS, and plain HTTP is not", async () => {
  serve(first);
  const url = await start(tls);
  expect(url).toMatch(/^https:/);
  expect((await ask(url, "/v2/")).status).toBe(200);
  await expect(fetch(url.replace("https:", "http:"))).rejects.toThrow();
});

test("a protocol older than TLS 1.2 is refused", async () => {
  serve(first);
  const url = await start(tls);
  const socket = connect({
    port: Number(new URL(url).port),
    rejectUnauthorized: false,
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
    ciphers: "ALL@SECLEVEL=0",
  });
  await expect(
    new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject)),
  ).rejects.toThrow();
});

test("a new certificate is served without a restart, once it fits its key", async () => {
  serve(first);
  const seen: string[] = [];
  const problems: unknown[] = [];
  const watched = await watchTls(
    served,
    () => seen.push("changed"),
    (error) => problems.push(error),
    50,
  );
  copyFileSync(second.cert, served.cert);
  await expect.poll(() => problems.length).toBe(1);
  expect(problems[0]).toMatchObject({ code: "TLS_INVALID" });
  expect(seen).toEqual([]);
  copyFileSync(second.key, served.key);
  await expect.poll(() => seen.length).toBeGreaterThan(0);
  expect(watched.current.cert).toEqual(readFileSync(second.cert));
  watched.close();
});

test("the server itself takes the new one for new connections", { timeout: 30_000 }, async () => {
  serve(first);
  const url = await start(tls);
  expect((await ask(url, "/v2/")).certificate.subject.CN).toBe("first");
  serve(second);
  await expect
    .poll(async () => (await ask(url, "/v2/")).certificate.subject.CN, { timeout: 15_000, interval: 500 })
    .toBe("second");
});

test("files that are no certificate, or do not fit, are refused at the start", async () => {
  serve(first);
  copyFileSync(second.key, served.key);
  await expect(start(tls)).rejects.toMatchObject({ code: "TLS_INVALID" });
  await store?.close();
  writeFileSync(served.cert, "nothing");
  await expect(start(tls)).rejects.toMatchObject({ code: "TLS_INVALID" });
  await store?.close();
  rmSync(served.cert);
  await expect(start(tls)).rejects.toMatchObject({ code: "TLS_INVALID" });
});

describe("where clients need a certificate", () => {
  const mutual = `${tls}  client-ca: authority.crt\n`;

  test("one of the authority's may do everything, under its name", async () => {
    serve(first);
    const url = await start(
      `${mutual}access:\n  rules:\n    - { repositories: ['*'], users: [robot], actions: [pull, push] }\n`,
    );
    const robot = authority.sign("robot");
    expect((await ask(url, "/v2/", { pair: robot })).status).toBe(200);
    expect((await ask(url, "/v2/app/blobs/uploads/", { pair: robot, method: "POST" })).status).toBe(202);
    expect((await ask(url, "/v2/app/manifests/1", { pair: robot, method: "DELETE" })).status).toBe(403);
    const other = authority.sign("other");
    expect((await ask(url, "/v2/app/blobs/uploads/", { pair: other, method: "POST" })).status).toBe(403);
  });

  test("none, and one of strangers, is not even heard", async () => {
    serve(first);
    const url = await start(mutual);
    await expect(ask(url, "/v2/")).rejects.toThrow();
    await expect(ask(url, "/livez", { pair: strangers.sign("robot") })).rejects.toThrow();
    expect((await ask(url, "/v2/", { pair: authority.sign("anyone") })).status).toBe(200);
  });

  test("or a password: a stranger's certificate gives no name", async () => {
    serve(first);
    const url = await start(`${mutual}  client-cert: optional\naccess:\n  htpasswd: users\n`);
    const pair = authority.sign("robot");
    expect((await ask(url, "/v2/app/blobs/uploads/", { pair, method: "POST" })).status).toBe(202);
    const stranger = await ask(url, "/v2/app/blobs/uploads/", {
      pair: strangers.sign("robot"),
      method: "POST",
    });
    expect(stranger).toMatchObject({ status: 401, challenge: 'Basic realm="ddiff", charset="UTF-8"' });
    expect((await ask(url, "/v2/app/blobs/uploads/", { method: "POST" })).status).toBe(401);
    const password = await ask(url, "/v2/app/blobs/uploads/", { method: "POST", password: "ann:secret" });
    expect(password.status).toBe(202);
  });
});
