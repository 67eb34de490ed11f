import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { codesOf, makeManifest, pushManifest } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();
let good: Record<string, unknown>;
beforeAll(async () => {
  good = JSON.parse((await makeManifest(registry, "app")).toString()) as Record<string, unknown>;
});

async function expectRefused(bytes: Buffer | string, mediaType?: string): Promise<void> {
  const body = Buffer.from(bytes);
  const reply = await pushManifest(registry, "app", "bad", body, mediaType);
  expect([reply.status, codesOf(reply)]).toEqual([400, ["MANIFEST_INVALID"]]);
  expect((await registry.call("GET", "/v2/app/manifests/bad")).status).toBe(404);
  expect((await registry.call("GET", `/v2/app/manifests/${digestOf(body)}`)).status).toBe(404);
}

const changed = (changes: Record<string, unknown>): string => JSON.stringify({ ...good, ...changes });
const config = (changes: Record<string, unknown>): string =>
  changed({ config: { ...(good["config"] as object), ...changes } });

describe("a document that two readers would read differently is refused:", () => {
  test("a manifest that is an index, too (CVE-2021-41190)", async () => {
    await expectRefused(changed({ manifests: [] }));
    await expectRefused(changed({ manifests: [] }), mediaTypes.ociIndex);
  });

  test("one of another type than its Content-Type says", async () => {
    await expectRefused(JSON.stringify(good), mediaTypes.ociIndex);
    await expectRefused(JSON.stringify(good), mediaTypes.dockerManifest);
    await expectRefused(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }));
  });

  test("a name twice", async () => {
    const text = JSON.stringify(good);
    await expectRefused(text.replace("{", `{"mediaType":"${mediaTypes.ociIndex}",`));
    await expectRefused(text.replace('"size":2', '"size":3,"size":2'));
    await expectRefused(text.replace("{", String.raw`{"media\u0054ype":"x/y",`));
  });

  test("a name in capitals, which Go reads as the small one", async () => {
    await expectRefused(changed({ Layers: [] }));
    await expectRefused(changed({ CONFIG: {} }));
  });
});

describe("a document that is no manifest is refused:", () => {
  test.each([
    ["nothing", ""],
    ["a list", "[]"],
    ["null", "null"],
    ["half of it", '{"schemaVersion":2,'],
    ["no schema version", "{}"],
    ["neither config nor manifests", '{"schemaVersion":2}'],
    ["no JSON", "hello"],
  ])("%s", async (_what, text) => {
    await expectRefused(text);
  });

  test("a byte order mark, bytes behind it, or bytes that are no text", async () => {
    const text = JSON.stringify(good);
    await expectRefused(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]));
    await expectRefused(`${text}{}`);
    await expectRefused(`${text}\0`);
    await expectRefused(Buffer.from(text.replace("{", '{"x":"\u00ff",'), "latin1"));
    await expectRefused(Buffer.from(text, "utf16le"));
  });

  test("Docker's schema 1, whatever it calls itself", async () => {
    const old = JSON.stringify({ schemaVersion: 1, name: "a", tag: "b", fsLayers: [], history: [] });
    await expectRefused(old, "application/vnd.docker.distribution.manifest.v1+json");
    await expectRefused(old, "application/vnd.docker.distribution.manifest.v1+prettyjws");
    await expectRefused(old, "application/json");
    await expectRefused(changed({ schemaVersion: 3 }));
    await expectRefused(changed({ schemaVersion: "2" }));
  });

  test("one of a type that is none", async () => {
    for (const mediaType of [
      "text/html",
      "application/octet-stream;x",
      "application/vnd.oci.image.config.v1+json",
    ]) {
      await expectRefused(changed({ mediaType }), mediaType);
    }
  });
});

describe("a descriptor is refused whose", () => {
  test.each([
    ["digest climbs", { digest: "sha256:../../../../etc/passwd" }],
    ["digest is md5", { digest: `md5:${"a".repeat(32)}` }],
    ["digest is short", { digest: "sha512:abcd" }],
    ["digest is no text", { digest: 5 }],
    ["digest is missing", { digest: undefined }],
    ["size is negative", { size: -1 }],
    ["size is half a byte", { size: 1.5 }],
    ["size is no number", { size: "2" }],
    ["size is missing", { size: undefined }],
    ["media type breaks a line", { mediaType: "a/b\r\nX: y" }],
    ["media type is missing", { mediaType: undefined }],
    ["data is something else", { data: "W10=" }],
    ["annotations are no texts", { annotations: { a: 1 } }],
  ])("%s", async (_what, changes) => {
    await expectRefused(config(changes));
  });

  test("size is beyond all numbers", async () => {
    const text = JSON.stringify(good);
    for (const size of ["9223372036854775808", "1e400", "9007199254740993"]) {
      await expectRefused(text.replace('"size":2', `"size":${size}`));
    }
  });
});

test("what is nested deeply is refused, and costs nothing", async () => {
  const start = performance.now();
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const) {
    const depth = 200_000;
    await expectRefused(`{"schemaVersion":2,"x":${open.repeat(depth)}1${close.repeat(depth)}}`);
  }
  expect(performance.now() - start).toBeLessThan(3000);
});

async function* endless(): AsyncGenerator<Buffer> {
  for (let count = 0; count < 80; count += 1) yield Buffer.alloc(65_536, " ");
}

test("a manifest has 4 MiB at most", async () => {
  const limit = 4 * 1024 * 1024;
  const empty = changed({ annotations: { a: "" } });
  const fits = Buffer.from(changed({ annotations: { a: "x".repeat(limit - empty.length) } }));
  expect(fits.length).toBe(limit);
  expect((await pushManifest(registry, "app", "large", fits)).status).toBe(201);
  expect((await registry.call("GET", "/v2/app/manifests/large")).body.equals(fits)).toBe(true);
  const more = Buffer.from(changed({ annotations: { a: "x".repeat(limit + 1 - empty.length) } }));
  const reply = await pushManifest(registry, "app", "larger", more);
  expect([reply.status, codesOf(reply)]).toEqual([413, ["SIZE_INVALID"]]);
  const streamed = await registry.call("PUT", "/v2/app/manifests/larger", {
    headers: { "Content-Type": mediaTypes.ociManifest },
    body: endless(),
  });
  expect(streamed.status).toBe(413);
});

test("thirty thousand layers are looked up in bounded time", async () => {
  const [layer] = good["layers"] as { mediaType: string; digest: string; size: number }[];
  const one = { mediaType: "a/b", digest: layer?.digest, size: layer?.size };
  const same = changed({ layers: Array.from({ length: 30_000 }, () => one) });
  const start = performance.now();
  expect((await pushManifest(registry, "app", "many", Buffer.from(same))).status).toBe(201);
  const others = Array.from({ length: 30_000 }, (_, at) => ({
    ...one,
    digest: digestOf(Buffer.from(String(at))),
  }));
  const reply = await pushManifest(registry, "app", "others", Buffer.from(changed({ layers: others })));
  expect([reply.status, codesOf(reply)]).toEqual([400, ["MANIFEST_BLOB_UNKNOWN"]]);
  // The answer does not repeat all of them.
  expect(reply.body.length).toBeLessThan(50_000);
  expect(performance.now() - start).toBeLessThan(15_000);
});

describe("what is strange and allowed is kept byte for byte:", () => {
  test.each([
    ["members that nobody knows", { x: { y: [1, null] }, "org.example": "" }],
    ["no layers", { layers: [] }],
    ["an artifact", { artifactType: "application/vnd.example" }],
    ["no media type", { mediaType: undefined }],
    ["a null where a list may be", { layers: null }],
    [
      "the content itself in a descriptor",
      { config: { mediaType: "application/vnd.oci.empty.v1+json", data: "e30=" } },
    ],
    ["a config of an unknown type", { config: { mediaType: "application/vnd.example.config+json" } }],
  ])("%s", async (_what, changes: Record<string, unknown>) => {
    const own = changes["config"] as object | undefined;
    const text = changed({
      ...changes,
      ...(own === undefined ? {} : { config: { ...(good["config"] as object), ...own } }),
    });
    const reply = await pushManifest(registry, "app", "strange", Buffer.from(`  ${text}\n`));
    expect(reply.status).toBe(201);
    expect((await registry.call("GET", "/v2/app/manifests/strange")).body.toString()).toBe(`  ${text}\n`);
  });

  test("a Content-Type with parameters, which are ignored", async () => {
    const bytes = Buffer.from(JSON.stringify(good));
    const reply = await pushManifest(
      registry,
      "app",
      "param",
      bytes,
      `${mediaTypes.ociManifest}; charset=utf-8`,
    );
    expect(reply.status).toBe(201);
    const got = await registry.call("GET", "/v2/app/manifests/param");
    expect(got.headers["content-type"]).toBe(mediaTypes.ociManifest);
  });

  test("Docker's manifests and lists", async () => {
    const bytes = Buffer.from(changed({ mediaType: mediaTypes.dockerManifest }));
    expect((await pushManifest(registry, "app", "docker", bytes, mediaTypes.dockerManifest)).status).toBe(
      201,
    );
    const child = { mediaType: mediaTypes.dockerManifest, digest: digestOf(bytes), size: bytes.length };
    const list = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.dockerManifestList, manifests: [child] }),
    );
    expect((await pushManifest(registry, "app", "list", list, mediaTypes.dockerManifestList)).status).toBe(
      201,
    );
    const got = await registry.call("GET", "/v2/app/manifests/list");
    expect(got.headers["content-type"]).toBe(mediaTypes.dockerManifestList);
  });
});
