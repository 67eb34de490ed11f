import { describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { codesOf, makeManifest, pushBlob, pushManifest, startRegistry } from "./testing/start.ts";
import { useRegistry } from "./testing/use-registry.ts";

const registry = useRegistry();

const status = async (method: string, path: string): Promise<number> =>
  (await registry.call(method, path)).status;
const tagsOf = async (repository: string): Promise<string[]> => {
  const reply = await registry.call("GET", `/v2/${repository}/tags/list`);
  return (JSON.parse(reply.body.toString()) as { tags: string[] }).tags;
};

describe("deleting", () => {
  test("a tag: gone at once, the manifest and its other tags stay", async () => {
    const bytes = await makeManifest(registry, "a");
    await pushManifest(registry, "a", "one", bytes);
    await pushManifest(registry, "a", "two", bytes);
    expect(await status("GET", "/v2/a/manifests/one")).toBe(200);
    expect(await status("DELETE", "/v2/a/manifests/one")).toBe(202);
    expect(await status("GET", "/v2/a/manifests/one")).toBe(404);
    expect(await status("DELETE", "/v2/a/manifests/one")).toBe(404);
    expect(await tagsOf("a")).toEqual(["two"]);
    expect(await status("GET", `/v2/a/manifests/${digestOf(bytes)}`)).toBe(200);
  });

  test("a manifest: gone at once with every tag that names it; other tags, children and blobs stay", async () => {
    const child = await makeManifest(registry, "b", { annotations: { a: "child" } });
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [{ mediaType: mediaTypes.ociManifest, digest: digestOf(child), size: child.length }],
      }),
    );
    await pushManifest(registry, "b", "child", child);
    for (const tag of ["x", "y", "z"]) await pushManifest(registry, "b", tag, index, mediaTypes.ociIndex);
    const digest = digestOf(index);
    for (const reference of ["x", digest])
      expect(await status("HEAD", `/v2/b/manifests/${reference}`)).toBe(200);
    expect(await status("DELETE", `/v2/b/manifests/${digest}`)).toBe(202);
    for (const reference of ["x", "y", "z", digest]) {
      for (const method of ["GET", "HEAD"])
        expect(await status(method, `/v2/b/manifests/${reference}`)).toBe(404);
    }
    expect(await tagsOf("b")).toEqual(["child"]);
    expect(await status("GET", "/v2/b/manifests/child")).toBe(200);
    expect(await status("HEAD", `/v2/b/blobs/${digestOf(Buffer.from("{}"))}`)).toBe(200);
    expect(await status("DELETE", `/v2/b/manifests/${digest}`)).toBe(404);
  });

  test("a manifest, and pushing it again", async () => {
    const bytes = await makeManifest(registry, "c");
    for (let round = 0; round < 3; round += 1) {
      expect((await pushManifest(registry, "c", "v", bytes)).status).toBe(201);
      expect(await status("GET", "/v2/c/manifests/v")).toBe(200);
      expect(await status("DELETE", `/v2/c/manifests/${digestOf(bytes)}`)).toBe(202);
      expect(await status("GET", "/v2/c/manifests/v")).toBe(404);
    }
  });

  test("a blob: gone at once in its repository, not in others", async () => {
    const digest = await pushBlob(registry, "d", Buffer.from("shared"));
    await pushBlob(registry, "e", Buffer.from("shared"));
    expect(await status("DELETE", `/v2/d/blobs/${digest}`)).toBe(202);
    for (const method of ["GET", "HEAD", "DELETE"])
      expect(await status(method, `/v2/d/blobs/${digest}`)).toBe(404);
    expect(await status("GET", `/v2/e/blobs/${digest}`)).toBe(200);
    const bytes = await makeManifest(registry, "d", {
      layers: [{ mediaType: mediaTypes.ociLayer, digest, size: 6 }],
    });
    expect((await pushManifest(registry, "d", "v", bytes)).status).toBe(400);
  });

  test("what is not there is 404", async () => {
    const digest = digestOf(Buffer.from("never"));
    for (const [path, code] of [
      [`/v2/nobody/manifests/${digest}`, "MANIFEST_UNKNOWN"],
      ["/v2/nobody/manifests/tag", "MANIFEST_UNKNOWN"],
      [`/v2/nobody/blobs/${digest}`, "BLOB_UNKNOWN"],
    ] as const) {
      const reply = await registry.call("DELETE", path);
      expect([reply.status, codesOf(reply)]).toEqual([404, [code]]);
    }
  });

  test("a manifest with hundreds of tags takes them all", async () => {
    const bytes = await makeManifest(registry, "many");
    const digest = digestOf(bytes);
    for (let at = 0; at < 400; at += 100) {
      const query = Array.from({ length: 100 }, (_, count) => `tag=t${at + count}`).join("&");
      expect((await pushManifest(registry, "many", `${digest}?${query}`, bytes)).status).toBe(201);
    }
    const other = await makeManifest(registry, "many", { annotations: { a: "other" } });
    await pushManifest(registry, "many", "t77", other);
    expect(await status("DELETE", `/v2/many/manifests/${digest}`)).toBe(202);
    expect(await tagsOf("many")).toEqual(["t77"]);
  });
});

test("a manifest that is pushed and deleted at once is whole or gone, never a tag without it", async () => {
  const bytes = await makeManifest(registry, "race");
  const digest = digestOf(bytes);
  for (let round = 0; round < 25; round += 1) {
    await Promise.all([
      pushManifest(registry, "race", "t", bytes),
      registry.call("DELETE", `/v2/race/manifests/${digest}`),
      pushManifest(registry, "race", "t", bytes),
    ]);
    const there = await status("GET", `/v2/race/manifests/${digest}`);
    expect(await status("GET", "/v2/race/manifests/t")).toBe(there);
    expect(await tagsOf("race")).toEqual(there === 200 ? ["t"] : []);
  }
});

test("where deletes are off, nothing goes, and uploads can still be given up", async () => {
  const own = await startRegistry({ deletes: false });
  try {
    const bytes = await makeManifest(own, "a");
    await pushManifest(own, "a", "v", bytes);
    for (const end of [
      "manifests/v",
      `manifests/${digestOf(bytes)}`,
      `blobs/${digestOf(Buffer.from("{}"))}`,
      "manifests/none",
    ]) {
      const reply = await own.call("DELETE", `/v2/a/${end}`);
      expect([reply.status, codesOf(reply)]).toEqual([405, ["UNSUPPORTED"]]);
    }
    expect((await own.call("GET", "/v2/a/manifests/v")).status).toBe(200);
    const at = (await own.call("POST", "/v2/a/blobs/uploads/")).headers.location ?? "";
    expect((await own.call("DELETE", at)).status).toBe(204);
  } finally {
    await own.close();
  }
});
