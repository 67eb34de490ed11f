import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import type { Access } from "./access/access.ts";
import { codesOf, makeManifest, pushBlob, pushManifest } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

/** Whoever says a name may do everything in the repositories below it. */
const access: Access = {
  identify: async ({ headers: { authorization: name } }) => ({
    name,
    may: (_action, repository) => name !== undefined && repository.startsWith(`${name}/`),
    mayList: false,
  }),
  challenge: () => "",
};

const bytes = Buffer.from("a blob that is there");
const digest = digestOf(bytes);
const registry = useRegistry();
const closed = useRegistry({ access });
beforeAll(async () => {
  await pushBlob(registry, "app", bytes);
});

/** Every route that has a repository's name or a digest in it, as `[method, path]`. */
const routesOf = (name: string, one: string): (readonly [string, string])[] => [
  ["GET", `/v2/${name}/blobs/${one}`],
  ["DELETE", `/v2/${name}/blobs/${one}`],
  ["GET", `/v2/${name}/manifests/${one}`],
  ["PUT", `/v2/${name}/manifests/${one}`],
  ["DELETE", `/v2/${name}/manifests/${one}`],
  ["GET", `/v2/${name}/referrers/${one}`],
  ["POST", `/v2/${name}/blobs/uploads/?digest=${one}`],
  ["POST", `/v2/${name}/blobs/uploads/?mount=${one}&from=app`],
];

/** The path as it is written here, on a connection of its own: an HTTP client would mend or refuse it. */
async function statusOf(method: string, path: string): Promise<number> {
  const answer = await registry.raw(
    Buffer.from(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      "latin1",
    ),
    2000,
  );
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}

describe("a name that is none is refused on every route:", () => {
  test.each([
    ["two dots", ".."],
    ["two dots among others", "a/../app"],
    ["two dots in code", "%2e%2e"],
    ["two dots in code twice", "%252e%252e"],
    ["a slash in code", "a%2Fapp"],
    ["a backslash", "a\\app"],
    ["a zero in code", "app%00"],
    ["capitals", "App"],
    ["an underscore in front", "_x"],
    ["a dash at the end", "x-"],
    ["an empty part", "a//app"],
    ["nothing", ""],
    ["256 characters", "a".repeat(256)],
    ["300 characters in parts", Array.from({ length: 60 }, () => "abcd").join("/")],
    ["ten thousand characters", "a".repeat(10_000)],
    ["letters that only look like ours", "\u00e4pp"],
    ["a wildcard", "*"],
    ["what our own keys are made of", "a~app"],
  ])("%s", async (_what, name) => {
    for (const [method, path] of routesOf(name, digest)) {
      expect([method, path.slice(0, 50), await statusOf(method, path)]).toEqual([
        method,
        path.slice(0, 50),
        400,
      ]);
    }
    expect(await statusOf("GET", `/v2/${name}/tags/list`)).toBe(400);
    expect(await statusOf("PATCH", `/v2/${name}/blobs/uploads/${"a".repeat(24)}`)).toBe(400);
  });

  test("a zero, a tab or a line's end as it is: that is no HTTP", async () => {
    for (const name of ["app\0", "a\tpp", "app\r\nX: y", "app\nX: y", "a pp"]) {
      for (const [method, path] of routesOf(name, digest)) {
        // Behind a line's end there is no version, so that it is a request of the first HTTP, for what stands before it.
        expect(name.includes("\n") ? [400, 404] : [400]).toContain(await statusOf(method, path));
      }
    }
  });
});

test("a repository whose parts are called as our routes is one like any other", async () => {
  for (const name of [
    "blobs",
    "uploads",
    "manifests",
    "tags",
    "referrers",
    "token",
    "v2",
    "blobs/uploads",
    "a/blobs/uploads",
    "manifests/latest",
    "tags/list",
    "a/tags/list",
    "a/referrers",
    "a/manifests/sha256",
  ]) {
    const manifest = await makeManifest(registry, name);
    expect((await pushManifest(registry, name, "latest", manifest)).status).toBe(201);
    const got = await registry.call("GET", `/v2/${name}/manifests/latest`);
    expect([name, got.status, got.body.equals(manifest)]).toEqual([name, 200, true]);
    const tags = await registry.call("GET", `/v2/${name}/tags/list`);
    expect(JSON.parse(tags.body.toString())).toEqual({ name, tags: ["latest"] });
    const begun = await registry.call("POST", `/v2/${name}/blobs/uploads/`);
    const at = begun.headers.location ?? "";
    expect((await registry.call("PATCH", at, { body: "x" })).headers.location).toBe(at);
    expect((await registry.call("DELETE", at)).status).toBe(204);
    const referrers = await registry.call("GET", `/v2/${name}/referrers/${digestOf(manifest)}`);
    expect(referrers.status).toBe(200);
  }
  // The names that are parts of others hold nothing of them.
  expect((await registry.call("GET", "/v2/a/tags/list")).status).toBe(404);
});

describe("a digest that is none is refused on every route:", () => {
  const hex = "a".repeat(64);
  test.each([
    ["short", "sha256:abc"],
    ["long", `sha256:${hex}a`],
    ["in capitals", `sha256:${hex.toUpperCase()}`],
    ["of an unknown algorithm", `md5:${"a".repeat(32)}`],
    ["of no algorithm", `:${hex}`],
    ["of a name that every object has", `constructor:${hex}`],
    ["of an algorithm in capitals", `SHA256:${hex}`],
    ["one that climbs", "sha256:../../../../etc/passwd"],
    ["one that climbs in code", "sha256:..%2f..%2f..%2fetc%2fpasswd"],
    ["a sha512 as short as a sha256", `sha512:${hex}`],
    ["a sha256 as long as a sha512", `sha256:${hex}${hex}`],
    ["with a line's end in code", `sha256:${hex}%0d%0aX-Evil:%20y`],
    ["with a zero in code", `sha256:${hex}%00`],
    ["with a space in code", `sha256:${hex}%20`],
    ["in two", `sha256:${hex},sha256:${hex}`],
  ])("%s", async (_what, text) => {
    for (const [method, path] of routesOf("app", text)) {
      const reply = await registry.call(method, path, { headers: { "Content-Type": "application/json" } });
      // With slashes in it a path asks for something else, which is not there either.
      const allowed = text.includes("/") ? [400, 404] : [400];
      expect([method, path, allowed.includes(reply.status)]).toEqual([method, path, true]);
      expect(reply.headers["x-evil"]).toBeUndefined();
    }
  });
});

const as = (name: string) => ({ headers: { Authorization: name } });

describe("an upload", () => {
  test("is of one repository, and of those who may push there", async () => {
    const at = (await closed.call("POST", "/v2/ann/app/blobs/uploads/", as("ann"))).headers.location ?? "";
    const end = `?digest=${digest}`;
    const through = at.replace("/v2/ann/app/", "/v2/bob/app/");
    for (const [method, path] of [
      ["GET", ""],
      ["PATCH", ""],
      ["PUT", end],
      ["DELETE", ""],
    ] as const) {
      const own = await closed.call(method, `${through}${path}`, { ...as("bob"), body: "bob's" });
      expect([method, own.status]).toEqual([method, 404]);
      const direct = await closed.call(method, `${at}${path}`, { ...as("bob"), body: "bob's" });
      expect([method, direct.status]).toEqual([method, 403]);
    }
    expect((await closed.call("PUT", `${at}${end}`, { ...as("ann"), body: bytes })).status).toBe(201);
  });

  test("of an id that was never given out is unknown, whatever it is", async () => {
    for (const id of [
      "..%2f..%2f..%2fetc%2fpasswd",
      "%2e%2e",
      "..",
      ".",
      "%00",
      "a%0d%0aX:%20y",
      "upload.json",
      "constructor",
      "00000000-0000-0000-0000-000000000000",
      "a".repeat(24),
      "a".repeat(5000),
      "*",
    ]) {
      for (const method of ["GET", "PATCH", "PUT", "DELETE"]) {
        const reply = await registry.call(method, `/v2/app/blobs/uploads/${id}?digest=${digest}`, {
          body: "x",
        });
        expect([method, id, reply.status]).toEqual([method, id, 404]);
        expect(codesOf(reply)).toEqual(["BLOB_UPLOAD_UNKNOWN"]);
      }
    }
  });
});

test("a list asked for strangely is answered or refused, never a failure", async () => {
  await pushManifest(registry, "app", "latest", await makeManifest(registry, "app"));
  for (const path of ["/v2/app/tags/list", "/v2/_catalog", `/v2/app/referrers/${digest}`]) {
    for (const n of [
      "0",
      "-1",
      "-0",
      "abc",
      "",
      "1.5",
      "1e3",
      "0x10",
      "+1",
      "%20 1",
      "18446744073709551616",
      "9".repeat(400),
    ]) {
      const status = await statusOf("GET", `${path}?n=${n.replace(" ", "+")}`);
      expect([path, n, [200, 400].includes(status)]).toEqual([path, n, true]);
    }
    for (const last of [
      "%00",
      "%ff",
      "%f0%9f%92%a9",
      "..%2f..",
      "%0d%0aX",
      "z".repeat(8000),
      "%25",
      "&last=b",
      "~",
      "constructor",
    ]) {
      const status = await statusOf("GET", `${path}?n=1&last=${last}`);
      expect([path, last, [200, 400].includes(status)]).toEqual([path, last, true]);
    }
  }
  expect(await statusOf("GET", "/v2/app/tags/list?n=-1")).toBe(400);
  expect(await statusOf("GET", "/v2/app/tags/list?n=0")).toBe(200);
});
