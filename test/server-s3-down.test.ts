import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { digestOf } from "../src/oci/digest.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { s3Missing, startS3, type TestS3 } from "./support/s3-server.ts";
import { bytesOf } from "./support/seeded.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { describePlace } from "./support/tools.ts";

const megabyte = 1 << 20;

describePlace("s3", s3Missing(), () => {
  let s3: TestS3;
  let server: TestServer;
  beforeAll(async () => {
    s3 = await startS3();
    server = await startServer(["--s3", await s3.makeBucket("registry")], s3.env);
  });
  afterAll(async () => {
    await server.stop("SIGKILL");
    await s3.stop();
  });

  async function ask(method: string, path: string, body?: Buffer, type = "application/octet-stream") {
    const reply = await fetch(new URL(path, server.url), {
      method,
      ...(body === undefined ? {} : { body: new Uint8Array(body), headers: { "Content-Type": type } }),
    });
    return { status: reply.status, headers: reply.headers, body: Buffer.from(await reply.arrayBuffer()) };
  }

  it("a bucket that is away is 503 to whoever pushes, pulls, lists or deletes, and nobody loses anything by it", {
    timeout: 120_000,
  }, async () => {
    const layer = bytesOf("a layer", megabyte);
    const digest = digestOf(layer);
    expect((await ask("POST", `/v2/app/blobs/uploads/?digest=${digest}`, layer)).status).toBe(201);
    const description = { mediaType: mediaTypes.ociLayer, digest, size: layer.length };
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: description,
        layers: [description],
      }),
    );
    const putTag = (tag: string) => ask("PUT", `/v2/app/manifests/${tag}`, manifest, mediaTypes.ociManifest);
    expect((await putTag("1")).status).toBe(201);
    const begun = await ask("POST", "/v2/app/blobs/uploads/");
    const upload = begun.headers.get("location") ?? "";
    const other = bytesOf("another layer", 12 * megabyte);
    expect((await ask("GET", "/readyz")).status).toBe(200);

    await s3.kill();
    const asked: [method: string, path: string, body?: Buffer][] = [
      ["POST", "/v2/app/blobs/uploads/"],
      ["POST", `/v2/app/blobs/uploads/?digest=${digestOf(other)}`, other],
      ["PATCH", upload, other],
      ["GET", `/v2/app/blobs/${digest}`],
      ["HEAD", `/v2/app/blobs/${digest}`],
      ["GET", "/v2/app/manifests/1"],
      ["HEAD", "/v2/app/manifests/1"],
      ["GET", "/v2/app/tags/list"],
      ["GET", "/v2/_catalog"],
      ["GET", `/v2/app/referrers/${digest}`],
      ["DELETE", "/v2/app/manifests/1"],
      ["DELETE", `/v2/app/blobs/${digest}`],
    ];
    const answers = await Promise.all([
      ...asked.map(async ([method, path, body]) => ({ method, ...(await ask(method, path, body)) })),
      putTag("2").then((answer) => ({ method: "PUT", ...answer })),
    ]);
    for (const [at, { method, status, headers, body }] of answers.entries()) {
      expect([at, method, status, Number(headers.get("retry-after"))]).toEqual([at, method, 503, 10]);
      if (method === "HEAD") continue;
      expect(JSON.parse(body.toString())).toEqual({
        errors: [{ code: "UNAVAILABLE", message: expect.stringContaining("try again") }],
      });
      // Where the store is, and what it said, is for the server's log.
      expect(body.toString()).not.toMatch(/127\.0\.0\.1|bucket-1|ECONN/);
    }
    expect(server.log()).toContain("S3_UNREACHABLE");
    expect((await ask("GET", "/readyz")).status).toBe(503);
    expect((await ask("GET", "/livez")).status).toBe(200);

    await s3.start();
    await expect.poll(async () => (await ask("GET", "/readyz")).status, { timeout: 20_000 }).toBe(200);
    expect((await ask("GET", "/v2/app/manifests/1")).body.equals(manifest)).toBe(true);
    expect((await ask("GET", `/v2/app/blobs/${digest}`)).body.equals(layer)).toBe(true);
    // The upload goes on from what the service has of it.
    const state = await ask("GET", upload);
    const range = state.headers.get("range");
    const size = range === "0-0" ? 0 : Number(/^0-(\d+)$/.exec(range ?? "")?.[1]) + 1;
    const end = `${upload}?digest=${digestOf(other)}`;
    expect((await ask("PUT", end, other.subarray(size))).status).toBe(201);
    expect((await ask("GET", `/v2/app/blobs/${digestOf(other)}`)).body.equals(other)).toBe(true);
    expect((await putTag("2")).status).toBe(201);
    expect(JSON.parse((await ask("GET", "/v2/app/tags/list")).body.toString())).toEqual({
      name: "app",
      tags: ["1", "2"],
    });
  });

  it("a bucket that is away for a moment is waited for", { timeout: 60_000 }, async () => {
    const layer = bytesOf("a third layer", megabyte);
    await s3.kill();
    const push = ask("POST", `/v2/app/blobs/uploads/?digest=${digestOf(layer)}`, layer);
    await sleep(1000);
    await s3.start();
    expect((await push).status).toBe(201);
    expect((await ask("GET", `/v2/app/blobs/${digestOf(layer)}`)).body.equals(layer)).toBe(true);
  });
});
