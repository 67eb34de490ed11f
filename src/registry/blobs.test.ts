import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { codesOf, pushBlob } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();
const bytes = Buffer.from(Array.from({ length: 2048 }, (_, at) => at % 251));
const digest = digestOf(bytes);
const path = `/v2/team/app/blobs/${digest}`;

beforeAll(async () => {
  await pushBlob(registry, "team/app", bytes);
});

const partIf = (condition: string) =>
  registry.call("GET", path, { headers: { Range: "bytes=0-9", "If-Range": condition } });

describe("a blob", () => {
  test("comes with its digest, length and tag, and is bytes to a browser", async () => {
    const reply = await registry.call("GET", path);
    expect(reply.status).toBe(200);
    expect(reply.body.equals(bytes)).toBe(true);
    expect(reply.headers).toMatchObject({
      "content-length": "2048",
      "content-type": "application/octet-stream",
      "docker-content-digest": digest,
      etag: `"${digest}"`,
      "accept-ranges": "bytes",
      "docker-distribution-api-version": "registry/2.0",
      "x-content-type-options": "nosniff",
    });
  });

  test("is asked for with HEAD: the same headers and no body", async () => {
    const reply = await registry.call("HEAD", path);
    expect(reply.status).toBe(200);
    expect(reply.body.length).toBe(0);
    expect(reply.headers).toMatchObject({ "content-length": "2048", "docker-content-digest": digest });
  });

  test("may be named with an encoded colon", async () => {
    expect((await registry.call("GET", path.replace(":", "%3A"))).status).toBe(200);
  });

  test.each([
    ["bytes=500-1499", "bytes 500-1499/2048", 500, 1500],
    ["bytes=500-", "bytes 500-2047/2048", 500, 2048],
    ["bytes=-500", "bytes 1548-2047/2048", 1548, 2048],
    ["bytes=2000-5000", "bytes 2000-2047/2048", 2000, 2048],
    ["bytes=0-99999999999999999999", "bytes 0-2047/2048", 0, 2048],
  ])("comes in part for %s", async (range, answer, start, end) => {
    const reply = await registry.call("GET", path, { headers: { Range: range } });
    expect(reply.status).toBe(206);
    expect(reply.headers["content-range"]).toBe(answer);
    expect(reply.headers["content-length"]).toBe(String(end - start));
    expect(reply.headers["docker-content-digest"]).toBe(digest);
    expect(reply.body.equals(bytes.subarray(start, end))).toBe(true);
  });

  test.each(["bytes=500-0", "bytes=5000-10000", "bytes=2048-", "bytes=-0"])(
    "has nothing at %s",
    async (range) => {
      const reply = await registry.call("GET", path, { headers: { Range: range } });
      expect(reply.status).toBe(416);
      expect(reply.headers["content-range"]).toBe("bytes */2048");
      expect(codesOf(reply)).toEqual(["RANGE_INVALID"]);
    },
  );

  test.each(["lines=0-5", "bytes=0-1,4-5", "bytes=x"])(
    "comes whole for %s, which is ignored",
    async (range) => {
      const reply = await registry.call("GET", path, { headers: { Range: range } });
      expect([reply.status, reply.body.length]).toEqual([200, 2048]);
    },
  );

  test("comes in part only where If-Range names it", async () => {
    expect((await partIf(`"${digest}"`)).status).toBe(206);
    expect((await partIf('"another"')).status).toBe(200);
  });

  test("is not sent to who has it", async () => {
    for (const method of ["GET", "HEAD"]) {
      const reply = await registry.call(method, path, { headers: { "If-None-Match": `"${digest}"` } });
      expect([reply.status, reply.body.length]).toEqual([304, 0]);
      expect(reply.headers["docker-content-digest"]).toBe(digest);
    }
  });

  test("of another repository is not there", async () => {
    for (const method of ["GET", "HEAD", "DELETE"]) {
      expect((await registry.call(method, `/v2/other/blobs/${digest}`)).status).toBe(404);
    }
    const reply = await registry.call("GET", `/v2/other/blobs/${digest}`);
    expect(codesOf(reply)).toEqual(["BLOB_UNKNOWN"]);
  });

  test("of many megabytes comes whole, and in sixteen parts at once", async () => {
    const large = Buffer.alloc(9 * 1024 * 1024 + 7, "many bytes ");
    const name = await pushBlob(registry, "large", large);
    const whole = await registry.call("GET", `/v2/large/blobs/${name}`);
    expect(digestOf(whole.body)).toBe(name);
    const step = Math.ceil(large.length / 16);
    const parts = await Promise.all(
      Array.from({ length: 16 }, (_, at) =>
        registry.call("GET", `/v2/large/blobs/${name}`, {
          headers: { Range: `bytes=${at * step}-${(at + 1) * step - 1}` },
        }),
      ),
    );
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part.body);
    expect(`sha256:${hash.digest("hex")}`).toBe(name);
  });

  test("of no bytes comes, too, and has no part", async () => {
    const empty = await pushBlob(registry, "empty", Buffer.alloc(0));
    const reply = await registry.call("GET", `/v2/empty/blobs/${empty}`);
    expect([reply.status, reply.headers["content-length"]]).toEqual([200, "0"]);
    const part = await registry.call("GET", `/v2/empty/blobs/${empty}`, { headers: { Range: "bytes=0-" } });
    expect(part.status).toBe(416);
  });

  test("that a reader leaves half way frees what it held", async () => {
    const large = Buffer.alloc(24 * 1024 * 1024, "left ");
    const name = await pushBlob(registry, "large", large);
    const cut = await registry.raw(`GET /v2/large/blobs/${name} HTTP/1.1\r\nHost: a\r\n\r\n`, 30);
    expect(cut.startsWith("HTTP/1.1 200")).toBe(true);
    expect((await registry.call("GET", `/v2/large/blobs/${name}`)).body.length).toBe(large.length);
  });
});

describe("a digest that is none", () => {
  test.each([
    "sha256:abc",
    `sha256:${"A".repeat(64)}`,
    `sha256:${"a".repeat(65)}`,
    `sha512:${"a".repeat(64)}`,
    `md5:${"a".repeat(32)}`,
    "sha256:..%2f..%2f..%2fetc%2fpasswd",
    `sha256:${"a".repeat(64)}%0d%0aX:%20y`,
    "latest",
    "%00",
  ])("%s is refused", async (text) => {
    const reply = await registry.call("GET", `/v2/team/app/blobs/${text}`);
    expect(reply.status).toBe(400);
    expect(codesOf(reply)).toEqual(["DIGEST_INVALID"]);
    expect(reply.headers["content-type"]).toBe("application/json");
    const head = await registry.call("HEAD", `/v2/team/app/blobs/${text}`);
    expect([head.status, head.body.length]).toEqual([400, 0]);
  });
});

test("names that are none are refused on every route", async () => {
  for (const name of ["UPPER", "..", "%2e%2e", "a%2Fb", "_x", "a/../b", "a%00b", "a".repeat(256)]) {
    for (const end of [`blobs/${digest}`, "manifests/latest", "tags/list", `referrers/${digest}`]) {
      const reply = await registry.call("GET", `/v2/${name}/${end}`);
      expect([reply.status, codesOf(reply)]).toEqual([400, ["NAME_INVALID"]]);
    }
    expect((await registry.call("POST", `/v2/${name}/blobs/uploads/`)).status).toBe(400);
  }
});

test("methods that a route does not have are 405, with those that it has", async () => {
  for (const [method, at] of [
    ["PUT", path],
    ["POST", "/v2/team/app/manifests/latest"],
    ["GET", "/v2/team/app/blobs/uploads/"],
    ["POST", "/v2/team/app/tags/list"],
    ["DELETE", "/v2/_catalog"],
    ["PATCH", "/v2/"],
  ] as const) {
    const reply = await registry.call(method, at);
    expect([reply.status, codesOf(reply)]).toEqual([405, ["UNSUPPORTED"]]);
    expect(reply.headers.allow).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  }
});

test("the base says that this is a registry", async () => {
  const reply = await registry.call("GET", "/v2/");
  expect([reply.status, reply.body.toString()]).toEqual([200, "{}"]);
  expect(reply.headers["docker-distribution-api-version"]).toBe("registry/2.0");
  expect((await registry.call("GET", "/v2/nothing")).status).toBe(404);
});
