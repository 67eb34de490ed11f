import { describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { collect } from "./gc.ts";
import { describeBytes } from "./testing/images.ts";
import { codesOf, makeManifest, pushBlob, pushManifest, startRegistry } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();

const parsed = (bytes: Buffer): Record<string, unknown> =>
  JSON.parse(bytes.toString()) as Record<string, unknown>;

async function referrersOf(repository: string, digest: string): Promise<unknown[]> {
  const reply = await registry.call("GET", `/v2/${repository}/referrers/${digest}`);
  expect(reply.status).toBe(200);
  return (JSON.parse(reply.body.toString()) as { manifests: unknown[] }).manifests;
}

describe("a subject", () => {
  test("that never comes, or is the manifest's own config or layer, is only a name", async () => {
    const plain = parsed(await makeManifest(registry, "subjects"));
    const [layer] = plain["layers"] as { digest: string }[];
    const nowhere = describeBytes(Buffer.from("never pushed"));
    for (const subject of [nowhere, plain["config"], layer]) {
      const bytes = Buffer.from(JSON.stringify({ ...plain, subject }));
      const reply = await pushManifest(registry, "subjects", "x", bytes);
      const { digest } = subject as { digest: string };
      expect([reply.status, reply.headers["oci-subject"]]).toEqual([201, digest]);
      expect(await referrersOf("subjects", digest)).toHaveLength(1);
    }
  });

  test("that closes a circle as far as digests can: nothing follows it without end", async () => {
    // A refers to B, B is an index with A in it, and the tag of A's referrers (an old client's list) leads to B again.
    const a = parsed(await makeManifest(registry, "circle"));
    const first = Buffer.from(JSON.stringify(a));
    await pushManifest(registry, "circle", "first", first);
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [describeBytes(first)],
        subject: describeBytes(first),
      }),
    );
    expect((await pushManifest(registry, "circle", "index", index, mediaTypes.ociIndex)).status).toBe(201);
    const tag = digestOf(first).replace(":", "-");
    expect((await pushManifest(registry, "circle", tag, index, mediaTypes.ociIndex)).status).toBe(201);
    expect((await referrersOf("circle", digestOf(first))).length).toBeLessThanOrEqual(2);
    // Two indexes that each are the other's subject by tag, and one that has itself under its own referrers tag.
    const own = digestOf(index).replace(":", "-");
    const list = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [describeBytes(index, mediaTypes.ociIndex), describeBytes(first)],
        subject: describeBytes(index, mediaTypes.ociIndex),
      }),
    );
    expect((await pushManifest(registry, "circle", own, list, mediaTypes.ociIndex)).status).toBe(201);
    await referrersOf("circle", digestOf(index));
    await collect(registry.store, { grace: 0, untagged: true, now: Date.now() + 60_000 });
    expect((await registry.call("GET", "/v2/circle/manifests/index")).status).toBe(200);
    expect((await registry.call("DELETE", `/v2/circle/manifests/${digestOf(index)}`)).status).toBe(202);
    expect((await registry.call("GET", "/v2/circle/manifests/first")).status).toBe(200);
  });

  test("its own digest cannot be: a manifest pushed under the digest that it names is refused", async () => {
    const plain = parsed(await makeManifest(registry, "self"));
    const guess = digestOf(Buffer.from("a digest made up first"));
    const bytes = Buffer.from(
      JSON.stringify({ ...plain, subject: { mediaType: mediaTypes.ociManifest, digest: guess, size: 1 } }),
    );
    const reply = await pushManifest(registry, "self", guess, bytes);
    expect([reply.status, codesOf(reply)]).toEqual([400, ["DIGEST_INVALID"]]);
    expect((await registry.call("HEAD", `/v2/self/manifests/${guess}`)).status).toBe(404);
  });
});

test("a hundred thousand descriptors are more than a manifest may have, and cost nothing", async () => {
  const plain = parsed(await makeManifest(registry, "many"));
  const layers = Array.from({ length: 100_000 }, (_, at) => ({
    mediaType: "a/b",
    digest: digestOf(Buffer.from(String(at))),
    size: 1,
  }));
  const start = performance.now();
  const reply = await pushManifest(registry, "many", "x", Buffer.from(JSON.stringify({ ...plain, layers })));
  expect([reply.status, codesOf(reply)]).toEqual([413, ["SIZE_INVALID"]]);
  expect(performance.now() - start).toBeLessThan(10_000);
});

test("numbers of any length, in members that nobody reads, change nothing", async () => {
  const plain = (await makeManifest(registry, "numbers")).toString();
  for (const number of ["1e400", "-1e400", "9".repeat(1000), "1e-400", `0.${"0".repeat(1000)}1`, "-0"]) {
    const bytes = Buffer.from(plain.replace("{", `{"x":${number},`));
    const reply = await pushManifest(registry, "numbers", "x", bytes);
    expect([number.slice(0, 9), reply.status]).toEqual([number.slice(0, 9), 201]);
    const got = await registry.call("GET", "/v2/numbers/manifests/x");
    expect(got.body.equals(bytes)).toBe(true);
  }
});

test("names that mean something to JavaScript are names like others", async () => {
  const plain = (await makeManifest(registry, "names")).toString();
  const annotations = '"annotations":{"__proto__":"x","constructor":"y","toString":"z"}';
  const bytes = Buffer.from(plain.replace("{", `{"__proto__":{"layers":[]},${annotations},`));
  const reply = await pushManifest(registry, "names", "constructor", bytes);
  expect(reply.status).toBe(201);
  expect((await registry.call("GET", "/v2/names/manifests/constructor")).body.equals(bytes)).toBe(true);
  expect((await registry.call("GET", "/v2/names/manifests/__proto__")).status).toBe(404);
  expect((await registry.call("GET", "/v2/constructor/tags/list")).status).toBe(404);
});

describe("a blob that is in use", () => {
  const layer = Buffer.alloc(8 * 1024 * 1024, "in use ");

  test("can be deleted where it is, stays elsewhere, and the image is whole again when it is pushed", async () => {
    const digest = await pushBlob(registry, "use", layer);
    await pushBlob(registry, "other", layer);
    const plain = parsed(await makeManifest(registry, "use"));
    const bytes = Buffer.from(
      JSON.stringify({ ...plain, layers: [describeBytes(layer, mediaTypes.ociLayer)] }),
    );
    expect((await pushManifest(registry, "use", "x", bytes)).status).toBe(201);
    expect((await registry.call("DELETE", `/v2/use/blobs/${digest}`)).status).toBe(202);
    expect((await registry.call("HEAD", `/v2/use/blobs/${digest}`)).status).toBe(404);
    expect((await registry.call("HEAD", `/v2/other/blobs/${digest}`)).status).toBe(200);
    const again = await pushManifest(registry, "use", "y", bytes);
    expect([again.status, codesOf(again)]).toEqual([400, ["MANIFEST_BLOB_UNKNOWN"]]);
    await pushBlob(registry, "use", layer);
    expect((await pushManifest(registry, "use", "y", bytes)).status).toBe(201);
  });

  test("comes whole to whoever is reading it when it is deleted and collected", async () => {
    const own = await startRegistry();
    try {
      const digest = await pushBlob(own, "pull", layer);
      const pulls = await Promise.all(
        Array.from({ length: 4 }, () => slowly(own.port, `/v2/pull/blobs/${digest}`)),
      );
      expect((await own.call("DELETE", `/v2/pull/blobs/${digest}`)).status).toBe(202);
      await collect(own.store, { grace: 0, now: Date.now() + 60_000 });
      expect(await own.store.statBlob(digest)).toBeUndefined();
      for (const pull of pulls) expect((await pull()).equals(layer)).toBe(true);
    } finally {
      await own.close();
    }
  });

  test("is given to a mount or not at all while it is deleted where it was", async () => {
    for (let round = 0; round < 20; round += 1) {
      const bytes = Buffer.from(`mounted ${round}`);
      const digest = await pushBlob(registry, "source", bytes);
      const [{ status }] = await Promise.all([
        registry.call("POST", `/v2/target/blobs/uploads/?mount=${digest}&from=source`),
        registry.call("DELETE", `/v2/source/blobs/${digest}`),
        collect(registry.store, { grace: 3_600_000 }),
      ]);
      expect([201, 202]).toContain(status);
      const got = await registry.call("GET", `/v2/target/blobs/${digest}`);
      expect(got.status).toBe(status === 201 ? 200 : 404);
    }
  });
});

/** Begins a pull, waits for its headers, and reads the rest when it is called. */
async function slowly(port: number, path: string): Promise<() => Promise<Buffer>> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  expect(response.status).toBe(200);
  return async () => Buffer.from(await response.arrayBuffer());
}
