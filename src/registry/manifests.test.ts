import { describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { codesOf, makeManifest, pushBlob, pushManifest, startRegistry } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();

const at = (reference: string, repository = "app"): string => `/v2/${repository}/manifests/${reference}`;

describe("a manifest", () => {
  test("pushed by tag is there by tag and digest, byte for byte", async () => {
    const bytes = Buffer.from(`${(await makeManifest(registry, "app")).toString()}\n `);
    const digest = digestOf(bytes);
    const pushed = await pushManifest(registry, "app", "v1", bytes);
    expect(pushed.status).toBe(201);
    expect(pushed.headers).toMatchObject({ location: at(digest), "docker-content-digest": digest });
    expect(pushed.headers["oci-subject"]).toBeUndefined();
    for (const reference of ["v1", digest]) {
      const got = await registry.call("GET", at(reference), { headers: { Accept: "text/html" } });
      expect(got.body.equals(bytes)).toBe(true);
      const same = {
        "content-type": mediaTypes.ociManifest,
        "content-length": String(bytes.length),
        "docker-content-digest": digest,
        etag: `"${digest}"`,
      };
      expect(got.headers).toMatchObject(same);
      const head = await registry.call("HEAD", at(reference));
      expect([head.status, head.body.length]).toEqual([200, 0]);
      expect(head.headers).toMatchObject(same);
    }
  });

  test("is not sent to who has it", async () => {
    const bytes = await makeManifest(registry, "app");
    await pushManifest(registry, "app", "cached", bytes);
    const headers = { "If-None-Match": `"${digestOf(bytes)}"` };
    const reply = await registry.call("GET", at("cached"), { headers });
    expect([reply.status, reply.body.length]).toEqual([304, 0]);
    await pushManifest(
      registry,
      "app",
      "cached",
      await makeManifest(registry, "app", { annotations: { a: "b" } }),
    );
    expect((await registry.call("GET", at("cached"), { headers })).status).toBe(200);
  });

  test("pushed by digest takes the tags of its query, and says which", async () => {
    for (const algorithm of ["sha256", "sha512"] as const) {
      const bytes = await makeManifest(registry, "app", { annotations: { algorithm } });
      const digest = digestOf(bytes, algorithm);
      const tags = Array.from({ length: 12 }, (_, count) => `${algorithm}-${count}`);
      const query = tags.map((tag) => `tag=${tag}`).join("&");
      const pushed = await pushManifest(registry, "app", `${digest}?${query}`, bytes);
      expect(pushed.status).toBe(201);
      expect(pushed.headers["oci-tag"]).toBe(tags.join(", "));
      expect(pushed.headers["docker-content-digest"]).toBe(digest);
      for (const tag of tags) {
        const got = await registry.call("GET", at(tag));
        expect(got.headers["docker-content-digest"]).toBe(digest);
        expect(got.body.equals(bytes)).toBe(true);
      }
      expect((await registry.call("HEAD", at(digest))).status).toBe(200);
    }
  });

  test("with a tag in its query that is none, or too many of them, is not stored", async () => {
    const bytes = await makeManifest(registry, "app", { annotations: { a: "tags" } });
    const digest = digestOf(bytes);
    const many = Array.from({ length: 101 }, (_, count) => `tag=t${count}`).join("&");
    expect((await pushManifest(registry, "app", `${digest}?tag=fine&tag=..`, bytes)).status).toBe(400);
    expect((await pushManifest(registry, "app", `${digest}?${many}`, bytes)).status).toBe(414);
    expect((await registry.call("HEAD", at(digest))).status).toBe(404);
    expect((await registry.call("HEAD", at("fine"))).status).toBe(404);
  });

  test("under a digest that is not its own is refused", async () => {
    const bytes = await makeManifest(registry, "app", { annotations: { a: "digest" } });
    for (const digest of [digestOf(Buffer.from("x")), digestOf(Buffer.from("x"), "sha512")]) {
      const reply = await pushManifest(registry, "app", digest, bytes);
      expect([reply.status, codesOf(reply)]).toEqual([400, ["DIGEST_INVALID"]]);
      expect((await registry.call("HEAD", at(digest))).status).toBe(404);
    }
  });

  test("moves its tag, and the old one stays under its digest", async () => {
    const first = await makeManifest(registry, "app", { annotations: { n: "1" } });
    const second = await makeManifest(registry, "app", { annotations: { n: "2" } });
    await pushManifest(registry, "app", "moving", first);
    await registry.call("GET", at("moving"));
    await pushManifest(registry, "app", "moving", second);
    expect((await registry.call("GET", at("moving"))).body.equals(second)).toBe(true);
    expect((await registry.call("GET", at(digestOf(first)))).body.equals(first)).toBe(true);
  });

  test("that is nowhere is unknown, and a reference that is neither tag nor digest is refused", async () => {
    for (const reference of ["none", digestOf(Buffer.from("none"))]) {
      const reply = await registry.call("GET", at(reference));
      expect([reply.status, codesOf(reply)]).toEqual([404, ["MANIFEST_UNKNOWN"]]);
      expect((await registry.call("HEAD", at(reference, "nobody"))).body.length).toBe(0);
    }
    for (const reference of [
      "sha256:baddigeststring",
      "sha256:..%2f..%2fetc",
      "-x",
      "a%00",
      "a".repeat(129),
    ]) {
      for (const method of ["GET", "PUT", "DELETE"]) {
        expect((await registry.call(method, at(reference), { body: "{}" })).status).toBe(400);
      }
    }
  });

  test("is in one repository, not in others", async () => {
    const bytes = await makeManifest(registry, "app", { annotations: { a: "mine" } });
    await pushManifest(registry, "app", "mine", bytes);
    expect((await registry.call("GET", at(digestOf(bytes), "other"))).status).toBe(404);
    expect((await registry.call("GET", at("mine", "other"))).status).toBe(404);
  });

  test("is there after a restart", async () => {
    const bytes = await makeManifest(registry, "app", { annotations: { a: "restart" } });
    await pushManifest(registry, "app", "stays", bytes);
    await registry.restart();
    expect((await registry.call("GET", at("stays"))).body.equals(bytes)).toBe(true);
  });
});

const descriptor = (bytes: Buffer, mediaType: string = mediaTypes.ociLayer) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});

const index = (manifests: unknown[]): Buffer =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));

describe("what a manifest refers to", () => {
  test("must be in the repository, all that is missing is named", async () => {
    const layers = [descriptor(Buffer.from("missing 1")), descriptor(Buffer.from("missing 2"))];
    await pushBlob(registry, "elsewhere", Buffer.from("missing 1"));
    const bytes = await makeManifest(registry, "app", { layers });
    const reply = await pushManifest(registry, "app", "incomplete", bytes);
    expect([reply.status, codesOf(reply)]).toEqual([400, ["MANIFEST_BLOB_UNKNOWN"]]);
    expect(reply.body.toString()).toContain(layers[1]?.digest);
    expect((await registry.call("GET", at("incomplete"))).status).toBe(404);
    expect((await registry.call("GET", at(digestOf(bytes)))).status).toBe(404);
  });

  test("may be elsewhere where its licence says so", async () => {
    const layers = [
      descriptor(Buffer.from("foreign"), "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
      descriptor(Buffer.from("foreign"), "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
    ];
    const bytes = await makeManifest(registry, "app", { layers });
    expect((await pushManifest(registry, "app", "foreign", bytes)).status).toBe(201);
  });

  test("has the size that it has", async () => {
    const layer = Buffer.from("of some size");
    await pushBlob(registry, "app", layer);
    for (const size of [0, layer.length + 1, 2 ** 40]) {
      const bytes = await makeManifest(registry, "app", { layers: [{ ...descriptor(layer), size }] });
      const reply = await pushManifest(registry, "app", "lies", bytes);
      expect([reply.status, codesOf(reply)]).toEqual([400, ["SIZE_INVALID"]]);
    }
    const both = [descriptor(layer), { ...descriptor(layer), size: 1 }];
    expect(
      (await pushManifest(registry, "app", "lies", await makeManifest(registry, "app", { layers: both })))
        .status,
    ).toBe(400);
  });

  test("is in an index a manifest that is there, with its size, or one that never came", async () => {
    const child = await makeManifest(registry, "app", { annotations: { a: "child" } });
    await pushManifest(registry, "app", digestOf(child), child);
    const one = descriptor(child, mediaTypes.ociManifest);
    const never = descriptor(Buffer.from("never"), mediaTypes.ociManifest);
    for (const manifests of [[], [one], [one, never]]) {
      const pushed = await pushManifest(registry, "app", "index", index(manifests), mediaTypes.ociIndex);
      expect(pushed.status).toBe(201);
    }
    const nested = index([descriptor(index([one]), mediaTypes.ociIndex)]);
    expect((await pushManifest(registry, "app", "nested", nested, mediaTypes.ociIndex)).status).toBe(201);
    const lies = index([{ ...one, size: 5 }]);
    expect((await pushManifest(registry, "app", "lies", lies, mediaTypes.ociIndex)).status).toBe(400);
  });

  test("may miss nothing, or images too, as the registry was told", async () => {
    const never = descriptor(Buffer.from("never"), mediaTypes.ociManifest);
    const index = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [never] }),
    );
    for (const [sparse, indexes, images] of [
      ["none", 400, 400],
      ["all", 201, 201],
    ] as const) {
      const own = await startRegistry({ sparse });
      try {
        expect((await pushManifest(own, "a", "index", index, mediaTypes.ociIndex)).status).toBe(indexes);
        const image = await makeManifest(own, "a", { layers: [descriptor(Buffer.from("never"))] });
        expect((await pushManifest(own, "a", "image", image)).status).toBe(images);
      } finally {
        await own.close();
      }
    }
  });
});
