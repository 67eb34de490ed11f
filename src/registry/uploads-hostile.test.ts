import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { codesOf, type Reply } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const idle = 400;
const registry = useRegistry({ limits: { idle, blobBytes: 1_000_000, uploads: 3 } });

async function begin(): Promise<string> {
  const reply = await registry.call("POST", "/v2/app/blobs/uploads/");
  return reply.headers.location ?? "";
}

async function statusOf(at: string): Promise<string | undefined> {
  return (await registry.call("GET", at)).headers.range;
}

/** What a busy upload answers is not of interest: asks until the last writer let go. */
async function settled(at: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const reply = await registry.call("PATCH", at, { body: "" });
    if (reply.status !== 409) return;
    await sleep(20);
  }
  throw new Error("the upload stays busy");
}

/** A connection that sends the beginning of a request; the rest is up to the test. */
async function halfWay(text: string): Promise<Socket & { answer(): string }> {
  const socket = connect(registry.port, "127.0.0.1");
  let heard = "";
  socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
  socket.on("error", () => {});
  await new Promise((resolve) => {
    socket.once("connect", resolve);
  });
  socket.write(text);
  await sleep(50);
  return Object.assign(socket, { answer: () => heard });
}

const head = (method: string, path: string, ...lines: string[]): string =>
  [`${method} ${path} HTTP/1.1`, "Host: registry", ...lines, "", ""].join("\r\n");

describe("a body", () => {
  test("that breaks off leaves what came, and the upload goes on from there", async () => {
    const at = await begin();
    const socket = await halfWay(`${head("PATCH", at, "Content-Length: 1000")}${"x".repeat(300)}`);
    socket.destroy();
    await settled(at);
    expect(await statusOf(at)).toBe("0-299");
    const bytes = Buffer.from("x".repeat(1000));
    const rest = await registry.call("PATCH", at, {
      body: bytes.subarray(300),
      headers: { "Content-Range": "300-999" },
    });
    expect(rest.status).toBe(202);
    expect((await registry.call("PUT", `${at}?digest=${digestOf(bytes)}`)).status).toBe(201);
  });

  test("of a PUT that breaks off makes no blob, though its beginning has the digest", async () => {
    const at = await begin();
    const digest = digestOf(Buffer.from("first"));
    const socket = await halfWay(`${head("PUT", `${at}?digest=${digest}`, "Content-Length: 10")}first`);
    socket.destroy();
    await settled(at);
    expect((await registry.call("HEAD", `/v2/app/blobs/${digest}`)).status).toBe(404);
    expect((await registry.call("PUT", `${at}?digest=${digest}`)).status).toBe(201);
  });

  test("of one POST that breaks off leaves nothing", async () => {
    const digest = digestOf(Buffer.from("one post"));
    const path = `/v2/app/blobs/uploads/?digest=${digest}`;
    const socket = await halfWay(`${head("POST", path, "Content-Length: 20")}one post`);
    socket.destroy();
    await sleep(200);
    expect(await registry.store.staleUploads(Date.now() + 1000)).not.toContainEqual(expect.anything());
  });

  test("that stops is given up after the idle time, what came stays", async () => {
    const at = await begin();
    const socket = await halfWay(`${head("PATCH", at, "Content-Length: 1000")}${"y".repeat(10)}`);
    const start = performance.now();
    await new Promise((resolve) => {
      socket.once("close", resolve);
    });
    const took = performance.now() - start;
    expect(took).toBeGreaterThan(idle / 2);
    expect(took).toBeLessThan(idle * 5);
    await settled(at);
    expect(await statusOf(at)).toBe("0-9");
  });

  test("that drips is taken as long as it drips", async () => {
    const at = await begin();
    const socket = await halfWay(head("PATCH", at, "Content-Length: 5"));
    for (let drops = 0; drops < 5; drops += 1) {
      socket.write("z");
      await sleep(idle / 2);
    }
    expect(socket.answer()).toMatch(/^HTTP\/1\.1 202 /);
    socket.destroy();
  });

  test("longer than its Content-Length is not taken for more of it, nor for a second request", async () => {
    const at = await begin();
    const answer = await registry.raw(
      `${head("PATCH", at, "Content-Length: 5")}12345DELETE ${at} HTTP/1.1\r\n\r\n`,
      300,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 202 /);
    expect(await statusOf(at)).toBe("0-4");
  });

  test("with two lengths, or a length and chunks, is refused before anything is stored", async () => {
    const at = await begin();
    for (const lines of [
      ["Content-Length: 5", "Transfer-Encoding: chunked"],
      ["Content-Length: 5", "Content-Length: 6"],
      ["Content-Length: -5"],
      ["Content-Length: 5x"],
      ["Transfer-Encoding: x"],
    ]) {
      const answer = await registry.raw(`${head("PATCH", at, ...lines)}5\r\nhello\r\n0\r\n\r\n`, 300);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(await statusOf(at)).toBe("0-0");
  });
});

describe("while a PATCH runs", () => {
  test("others wait outside: PATCH, PUT and DELETE are 409, and the first one ends well", async () => {
    const at = await begin();
    const socket = await halfWay(`${head("PATCH", at, "Content-Length: 10")}01234`);
    const digest = digestOf(Buffer.from("0123456789"));
    const others: Reply[] = [
      await registry.call("PATCH", at, { body: "other" }),
      await registry.call("PUT", `${at}?digest=${digest}`, { body: "other" }),
      await registry.call("DELETE", at),
    ];
    for (const reply of others) {
      expect([reply.status, codesOf(reply)]).toEqual([409, ["BLOB_UPLOAD_INVALID"]]);
    }
    socket.write("56789");
    await settled(at);
    expect(socket.answer()).toMatch(/^HTTP\/1\.1 202 /);
    socket.destroy();
    expect((await registry.call("PUT", `${at}?digest=${digest}`)).status).toBe(201);
  });

  test("and as many as may come in at once, the next is told to come later", async () => {
    const sockets = [];
    for (let count = 0; count < 3; count += 1) {
      sockets.push(await halfWay(`${head("PATCH", await begin(), "Content-Length: 10")}01`));
    }
    const late = await registry.call("PATCH", await begin(), { body: "late" });
    expect([late.status, codesOf(late)]).toEqual([429, ["TOOMANYREQUESTS"]]);
    expect(late.headers["retry-after"]).toMatch(/^\d+$/);
    for (const socket of sockets) socket.destroy();
    await sleep(100);
    expect((await registry.call("PATCH", await begin(), { body: "late" })).status).toBe(202);
  });
});

const ask = (method: string, path: string, length: number): Promise<Socket & { answer(): string }> =>
  halfWay(head(method, path, `Content-Length: ${length}`, "Expect: 100-continue"));

describe("a client that asks before it sends", () => {
  test("is told to go on", async () => {
    const socket = await ask("PATCH", await begin(), 5);
    expect(socket.answer()).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    socket.write("hello");
    await sleep(50);
    expect(socket.answer()).toContain("HTTP/1.1 202 ");
    socket.destroy();
  });

  test("is refused without its gigabytes", async () => {
    for (const [method, path, length, status] of [
      ["PATCH", `/v2/app/blobs/uploads/${"a".repeat(24)}`, 5_000_000_000, 404],
      ["PATCH", await begin(), 5_000_000_000, 413],
      ["PUT", "/v2/app/manifests/latest", 5_000_000_000, 413],
      ["PUT", "/v2/BAD/manifests/latest", 100, 400],
    ] as const) {
      const socket = await ask(method, path, length);
      expect(socket.answer()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(socket.answer()).toContain("Connection: close");
      socket.destroy();
    }
  });
});

async function* many(): AsyncGenerator<Buffer> {
  for (let count = 0; count < 11; count += 1) yield Buffer.alloc(100_000);
}

describe("a blob that is too large", () => {
  test("is refused by its length, at once", async () => {
    const socket = await halfWay(head("PATCH", await begin(), "Content-Length: 2000000000"));
    expect(socket.answer()).toMatch(/^HTTP\/1\.1 413 /);
    expect(socket.answer()).toContain("Connection: close");
    socket.destroy();
  });

  test("is refused by its bytes, where it does not say", async () => {
    const reply = await registry.call("PATCH", await begin(), { body: many() });
    expect([reply.status, codesOf(reply)]).toEqual([413, ["SIZE_INVALID"]]);
  });

  test("is refused also in parts that are small each", async () => {
    const at = await begin();
    const part = Buffer.alloc(600_000);
    expect((await registry.call("PATCH", at, { body: part })).status).toBe(202);
    expect((await registry.call("PATCH", at, { body: part })).status).toBe(413);
  });
});

test("a refused body is drained, and the connection goes on", async () => {
  const text = `${head("PUT", "/v2/BAD/manifests/x", "Content-Length: 1000")}${"b".repeat(1000)}${head("GET", "/v2/")}`;
  const answers = await registry.raw(text, 300);
  expect(answers).toMatch(/^HTTP\/1\.1 400 [\s\S]*HTTP\/1\.1 200 /);
});
