import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createRawServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { newFolder } from "../testing/folders.ts";
import { dockerApi } from "./api.ts";
import { type EngineHttp, engineHttp } from "./http.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** An engine that answers as `answer` says. */
async function engine(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<EngineHttp> {
  const path = join(await newFolder(), "engine.sock");
  const server = createServer(answer).listen(path);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return engineHttp({ kind: "unix", path }, "Docker");
}

/** Bytes without end; slow enough not to fill the memory of a test that goes wrong. */
function endless(): Readable {
  return Readable.from(
    (async function* () {
      for (;;) {
        yield Buffer.alloc(1 << 16);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })(),
  );
}

test("what an engine refuses in mid-upload is told in its own words", async () => {
  const path = join(await newFolder(), "engine.sock");
  const server = createRawServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      const words = '{"message":"no space left on device"}';
      socket.write(
        `HTTP/1.1 500 Error\r\nContent-Length: ${words.length}\r\nConnection: close\r\n\r\n${words}`,
      );
      // As Go's server does: the answer is given time to arrive before the connection goes.
      setTimeout(() => socket.destroy(), 300);
    });
  }).listen(path);
  closing.push(() => server.close());
  await once(server, "listening");
  const http = engineHttp({ kind: "unix", path }, "Docker");
  const body = endless();
  await expect(dockerApi(http).load(body)).rejects.toMatchObject({
    code: "ENGINE_REFUSED",
    message: expect.stringContaining("no space left on device"),
  });
  await expect.poll(() => body.destroyed).toBe(true);
});

test("an error in Docker's progress is one, though the status says 200", async () => {
  const http = await engine((request, response) => {
    request.resume().once("end", () => {
      response.write('{"stream":"Loading layer"}\r\n');
      response.end('{"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"}\r\n');
    });
  });
  await expect(dockerApi(http).load(Readable.from([Buffer.from("x")]))).rejects.toMatchObject({
    code: "ENGINE_REFUSED",
    message: expect.stringContaining("unexpected EOF"),
  });
});

test("an engine that goes away is lost, before its answer and within it", async () => {
  const cases: ((request: IncomingMessage, response: ServerResponse) => void)[] = [
    (request) => request.once("data", () => request.socket.destroy()),
    (request, response) => {
      request.resume().once("end", () => {
        response.write('{"stream":"Loading layer"}\r\n', () => request.socket.destroy());
      });
    },
  ];
  for (const answer of cases) {
    const http = await engine(answer);
    const body = Readable.from([Buffer.alloc(1 << 16), Buffer.alloc(1 << 16)]);
    await expect(dockerApi(http).load(body)).rejects.toMatchObject({ code: "ENGINE_LOST" });
  }
});

test("the failure of what is sent comes before what the connection makes of it", async () => {
  const http = await engine((request) => request.resume());
  const body = Readable.from(
    (async function* () {
      yield Buffer.from("x");
      throw new Error("the source failed");
    })(),
  );
  await expect(dockerApi(http).load(body)).rejects.toThrow("the source failed");
});

test("who stops waiting is let go with the reason given", async () => {
  const http = await engine((request) => request.resume());
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 20);
  await expect(dockerApi(http).load(endless(), stop.signal)).rejects.toThrow("enough");
});

test("answers that are not Docker's are refused, and a missing image is none", async () => {
  const http = await engine((request, response) => {
    if (request.url === "/images/gone:1/json") response.writeHead(404).end('{"message":"No such image"}');
    else response.end('{"Id":"nonsense"}');
  });
  expect(await dockerApi(http).inspect("gone:1")).toBeUndefined();
  await expect(dockerApi(http).inspect("odd:1")).rejects.toMatchObject({ code: "ENGINE_ANSWER" });
  await expect(dockerApi(http).info()).rejects.toMatchObject({ code: "ENGINE_ANSWER" });
});

test("nobody behind the socket, or no socket, is unreachable with the way out", async () => {
  const path = join(await newFolder(), "nobody.sock");
  const absent = engineHttp({ kind: "unix", path }, "Docker");
  await expect(absent.json({ path: "/info" })).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
    message: expect.stringContaining(path),
    hint: expect.stringContaining("DOCKER_HOST"),
  });
  const server = createRawServer((socket) => socket.end("SSH-2.0-hello\r\n")).listen(path);
  closing.push(() => server.close());
  await once(server, "listening");
  await expect(absent.json({ path: "/info" })).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
});

test("ssh leads the API through the command at the other end", async () => {
  const http = await engine((request, response) => {
    request.resume().once("end", () => response.end(JSON.stringify({ path: request.url })));
  });
  const socket = http.address.kind === "unix" ? http.address.path : "";
  const folder = await newFolder();
  const relay = `import { connect } from "node:net"; const s = connect(${JSON.stringify(socket)}); process.stdin.pipe(s).pipe(process.stdout);`;
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "relay.mjs"), relay);
  const script = `#!/bin/sh\necho "$@" > ${folder}/args\nif [ "$5" = "bad@box" ]; then echo "Host key verification failed." >&2; exit 255; fi\nexec ${process.execPath} ${folder}/relay.mjs\n`;
  await writeFile(join(folder, "bin/ssh"), script);
  await chmod(join(folder, "bin/ssh"), 0o755);
  const before = process.env["PATH"];
  process.env["PATH"] = `${folder}/bin:${before ?? ""}`;
  try {
    const command = ["docker", "system", "dial-stdio"];
    const through = engineHttp({ kind: "ssh", target: "me@box", port: 22, command }, "Docker");
    expect(await through.json({ path: "/info" })).toEqual({ path: "/info" });
    const bytes = Readable.from([Buffer.alloc(1 << 20)]);
    expect(await through.json({ method: "POST", path: "/load", body: bytes })).toEqual({ path: "/load" });
    const refused = engineHttp({ kind: "ssh", target: "bad@box", command }, "Docker");
    await expect(refused.json({ path: "/info" })).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
      message: expect.stringContaining("Host key verification failed"),
    });
  } finally {
    process.env["PATH"] = before;
  }
});
