import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { pushBlob } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();
const bytes = Buffer.from("0123456789");
const digest = digestOf(bytes);
beforeAll(async () => {
  await pushBlob(registry, "app", bytes);
});

async function begin(): Promise<string> {
  return (await registry.call("POST", "/v2/app/blobs/uploads/")).headers.location ?? "";
}

async function rangeOf(at: string): Promise<string | undefined> {
  return (await registry.call("GET", at)).headers.range;
}

/** The statuses of all answers on one connection. */
async function statuses(text: string | Buffer, milliseconds = 400): Promise<number[]> {
  const answer = await registry.raw(text, milliseconds);
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

const smuggled = `DELETE /v2/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`;

describe("a second request that is hidden in the body of a first is none:", () => {
  test.each([
    ["a length and chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked"],
    ["chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 4"],
    ["chunks and something", "Transfer-Encoding: chunked, identity"],
    ["chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"],
    ["chunks behind a space", "Transfer-Encoding : chunked"],
    ["chunks behind a tab of another kind", "Transfer-Encoding: \u000bchunked"],
    ["chunks on a folded line", "Transfer-Encoding:\r\n chunked"],
    ["two lengths", "Content-Length: 0\r\nContent-Length: 100"],
    ["two lengths in one", "Content-Length: 0, 100"],
    ["a length with a sign", "Content-Length: +5"],
    ["a length below nothing", "Content-Length: -1"],
    ["a length in sixteens", "Content-Length: 0x10"],
    ["a length of letters", "Content-Length: ten"],
    ["a length beyond all numbers", "Content-Length: 99999999999999999999999"],
    ["a length of 2^64", "Content-Length: 18446744073709551616"],
    ["a header without a name", ": x\r\nContent-Length: 0"],
    ["a header with a zero", "X: a\0b\r\nContent-Length: 0"],
    ["a bare carriage return", "X: a\rContent-Length: 5"],
  ])("%s", async (_what, headers) => {
    const at = await begin();
    const found = await statuses(`PATCH ${at} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n0\r\n\r\n${smuggled}`);
    expect(found).toEqual([400]);
    expect(await rangeOf(at)).toBe("0-0");
    expect((await registry.call("HEAD", `/v2/app/blobs/${digest}`)).status).toBe(200);
  });

  test("chunks whose lengths lie", async () => {
    for (const chunk of [
      "-1\r\n",
      "g\r\n",
      "ffffffffffffffffff\r\nx",
      "5\r\n12\r\n0\r\n\r\n",
      "2\r\n12345\r\n",
      " 5\r\n12345\r\n",
    ]) {
      const at = await begin();
      const found = await statuses(
        `PATCH ${at} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${smuggled}`,
      );
      // What cannot be read is refused, or the connection is closed, where the answer had not begun.
      expect(found.every((status) => status === 400)).toBe(true);
      expect((await registry.call("HEAD", `/v2/app/blobs/${digest}`)).status).toBe(200);
    }
  });
});

const head = (line: string, ...more: string[]): string =>
  [`${line} HTTP/1.1`, "Host: x", "Connection: close", ...more, "", ""].join("\r\n");

describe("what is no HTTP, or not what a registry speaks, is refused:", () => {
  test.each([
    ["nothing but noise", () => randomBytes(2000)],
    ["a greeting of TLS", () => Buffer.from("16030100a5010000a10303", "hex")],
    ["HTTP/2 from the start", () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["another version", () => "GET /v2/ HTTP/3.7\r\nHost: x\r\n\r\n"],
    ["an unknown method", () => "STEAL /v2/ HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["no host", () => "GET /v2/ HTTP/1.1\r\n\r\n"],
    ["a header without an end", () => `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(100_000)}`],
    ["a path without an end", () => `GET /v2/${"a/".repeat(100_000)}`],
    ["ten thousand headers", () => `GET /v2/ HTTP/1.1\r\nHost: x\r\n${"a: b\r\n".repeat(10_000)}\r\n`],
  ])("%s", async (_what, text) => {
    const found = await statuses(text());
    expect(found.length).toBeLessThanOrEqual(1);
    for (const status of found) expect([400, 431]).toContain(status);
    expect((await registry.call("GET", "/v2/")).status).toBe(200);
  });

  test("a tunnel, another protocol, an expectation that is none, and a question about all", async () => {
    expect(await statuses(head("CONNECT 169.254.169.254:80"))).toEqual([]);
    const upgrade = await registry.raw(
      ["GET /v2/ HTTP/1.1", "Host: x", "Connection: upgrade", "Upgrade: h2c", "", ""].join("\r\n"),
      400,
    );
    expect(upgrade).toMatch(/^HTTP\/1\.1 200 /);
    expect(await statuses(head("PUT /v2/app/manifests/x", "Expect: wonders", "Content-Length: 0"))).toEqual([
      417,
    ]);
    const [all] = await statuses(head("OPTIONS *"));
    expect(all).toBe(404);
    expect(await statuses(head("TRACE /v2/", "Cookie: secret"))).toEqual([405]);
  });
});

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

test("requests that come at once on one connection are answered in their order", async () => {
  const text = `${get(`/v2/app/blobs/${digest}`)}${get("/v2/app/manifests/none")}${get("/v2/")}${get("/v2/UP/tags/list")}`;
  expect(await statuses(text)).toEqual([200, 404, 200, 400]);
});

test("many clients that go away in every moment of an upload leave a server that works, and nothing of theirs", async () => {
  const large = randomBytes(300_000);
  const left: string[] = [];
  for (let round = 0; round < 30; round += 1) {
    const at = await begin();
    left.push(at);
    const head = `PATCH ${at} HTTP/1.1\r\nHost: x\r\nContent-Length: ${large.length}\r\n\r\n`;
    const socket = connect(registry.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(head);
    socket.write(large.subarray(0, round * 10_000));
    await new Promise((resolve) => {
      setTimeout(resolve, round % 7);
    });
    if (round % 2 === 0) socket.resetAndDestroy();
    else socket.destroy();
  }
  const again = await begin();
  const put = await registry.call("PUT", `${again}?digest=${digestOf(large)}`, { body: large });
  expect(put.status).toBe(201);
  for (const at of left) {
    let status = 409;
    for (let tries = 0; status === 409 && tries < 100; tries += 1) {
      status = (await registry.call("DELETE", at)).status;
    }
    expect(status).toBe(204);
  }
});

test("of one blob, more parts than a list can have, and parts that overlap, cost one blob", async () => {
  const parts = Array.from({ length: 2000 }, () => "0-").join(",");
  const reply = await registry.call("GET", `/v2/app/blobs/${digest}`, {
    headers: { Range: `bytes=${parts.slice(0, 6000)}` },
  });
  expect([reply.status, reply.body.length]).toEqual([200, bytes.length]);
  for (const [range, status] of [
    ["bytes=-0", 416],
    ["bytes=5-2", 416],
    ["bytes=0-99999999999999999999", 206],
    ["bytes=99999999999999999999-", 416],
    ["bytes=--5", 200],
    ["bytes=", 200],
    ["lines=0-5", 200],
    ["bytes=0x0-0x5", 200],
  ] as const) {
    const one = await registry.call("GET", `/v2/app/blobs/${digest}`, { headers: { Range: range } });
    expect([range, one.status]).toEqual([range, status]);
  }
});

const pushNone = async () => (await registry.call("PUT", "/v2/app/manifests/x", { body: "{}" })).status;

test("a hundred manifests that never end do not fill the memory, and the next one is taken when they are gone", async () => {
  const almost = 4 * 1024 * 1024 - 1;
  const head = `PUT /v2/app/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Length: ${almost + 1}\r\n\r\n`;
  const answers: string[] = [];
  const sockets = Array.from({ length: 100 }, () => {
    const socket = connect(registry.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("data", (chunk) => answers.push(chunk.toString("latin1")));
    socket.write(head);
    socket.write(Buffer.alloc(almost, " "));
    return socket;
  });
  await expect.poll(() => answers.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(80);
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 429 [\s\S]*Retry-After: \d/);
  for (const socket of sockets) socket.destroy();
  await expect.poll(pushNone).toBe(400);
});
