import { randomBytes } from "node:crypto";
import { get as httpGet } from "node:http";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { sendJson, startFakeRegistry } from "../../places/registry/testing/fake-registry.ts";
import type { Store, Upload } from "../../store/store.ts";
import { DdiffError } from "../../util/errors.ts";
import type { Access } from "../access/access.ts";
import { manifestPath, useScene } from "../testing/mirroring.ts";
import { makeManifest, pushManifest } from "../testing/start.ts";

const scene = useScene();

/** Access for callers who may have all but what comes from the upstream. */
const notMirrored: Access = {
  identify: async () => ({
    name: "bob",
    may: (_, repository) => !repository.startsWith("up.example/"),
    mayList: true,
  }),
  challenge: () => "",
};

describe("a pull through the mirror", () => {
  test.each([
    ["by the prefix of its name", "up.example/lab/app", ""],
    ["by ?ns=", "lab/app", "?ns=up.example"],
    ["by its name alone", "lab/app", ""],
  ])("%s brings manifest and blob once, and says where from", async (_, repository, query) => {
    const registry = await scene.start();
    for (let i = 0; i < 2; i++) {
      const tag = await registry.call("GET", manifestPath("1", repository) + query);
      expect(tag).toMatchObject({
        status: 200,
        headers: { "docker-content-digest": scene.manifest.digest, "oci-namespace": "up.example" },
      });
      expect(tag.body.equals(scene.manifest.bytes)).toBe(true);
      expect(
        (await registry.call("GET", manifestPath(scene.manifest.digest, repository) + query)).status,
      ).toBe(200);
      const blob = await registry.call("GET", scene.blobPath(scene.layerDigest, repository) + query);
      expect(blob).toMatchObject({ status: 200, headers: { "oci-namespace": "up.example" } });
      expect(blob.body.equals(scene.layer)).toBe(true);
    }
    expect(scene.asked()).toEqual([
      "GET /v2/lab/app/manifests/1",
      `HEAD /v2/lab/app/blobs/${scene.layerDigest}`,
      `GET /v2/lab/app/blobs/${scene.layerDigest}`,
    ]);
    // It stands below the upstream's name, whatever it was asked for as.
    expect((await registry.call("GET", "/v2/up.example/lab/app/tags/list")).body.toString()).toContain('"1"');
  });

  test("of a host that nobody configured goes nowhere", async () => {
    const registry = await scene.start();
    expect((await registry.call("GET", `${manifestPath("1", "lab/app")}?ns=evil.example`)).status).toBe(404);
    expect((await registry.call("GET", `${manifestPath("1", "lab/app")}?ns=127.0.0.1`)).status).toBe(404);
    expect(scene.upstream.lines()).toEqual([]);
  });

  test("of what was pushed here stays here", async () => {
    const registry = await scene.start();
    const own = await makeManifest(registry, "lab/app");
    await pushManifest(registry, "lab/app", "1", own);
    const reply = await registry.call("GET", manifestPath("1", "lab/app"));
    expect(reply.body.equals(own)).toBe(true);
    expect(reply.headers["oci-namespace"]).toBeUndefined();
    expect(scene.upstream.lines()).toEqual([]);
  });

  test("of what is nowhere is 404, and is not asked for again at once", async () => {
    const registry = await scene.start();
    for (let i = 0; i < 3; i++) {
      expect((await registry.call("GET", manifestPath("none"))).status).toBe(404);
      expect((await registry.call("GET", scene.blobPath(digestOf(Buffer.from("none"))))).status).toBe(404);
    }
    expect(scene.asked()).toHaveLength(2);
  });

  test("asks no upstream for a caller who may not have it", async () => {
    const registry = await scene.start({}, { access: notMirrored });
    expect((await registry.call("GET", `${manifestPath("1", "lab/app")}?ns=up.example`)).status).toBe(403);
    expect((await registry.call("GET", scene.blobPath(scene.layerDigest, "lab/app"))).status).toBe(403);
    expect(scene.asked()).toEqual([]);
  });

  test("asks several upstreams in their order", async () => {
    const second = await startFakeRegistry();
    scene.closing.push(() => second.stop());
    const own = scene.manifest.bytes;
    second.put(
      {
        descriptor: { mediaType: mediaTypes.ociManifest, digest: scene.manifest.digest, size: own.length },
        bytes: own,
      },
      "2",
    );
    const registry = await scene.start({
      upstreams: [
        { host: "up.example", url: `http://${scene.upstream.host}` },
        { host: "second.example:5000", url: `http://${second.host}` },
      ],
    });
    const reply = await registry.call("GET", manifestPath("2", "lab/app"));
    expect(reply).toMatchObject({ status: 200, headers: { "oci-namespace": "second.example:5000" } });
    expect((await registry.call("GET", manifestPath("2", "second.example_5000/lab/app"))).status).toBe(200);
    expect((await registry.call("GET", manifestPath("1", "lab/app"))).headers["oci-namespace"]).toBe(
      "up.example",
    );
  });

  test("of Docker Hub's short names asks for library", async () => {
    const registry = await scene.start({}, { upstream: { host: "docker.io" } });
    expect(
      (await registry.call("GET", `${manifestPath("1", "debian")}?ns=registry-1.docker.io`)).status,
    ).toBe(200);
    expect(scene.asked()).toEqual(["GET /v2/library/debian/manifests/1"]);
  });
});

describe("a tag", () => {
  test("is asked for again by HEAD when it is old, and fetched when it was moved", async () => {
    const registry = await scene.start({ freshFor: 0 });
    await registry.call("GET", manifestPath("1"));
    await registry.call("GET", manifestPath("1"));
    expect(scene.asked()).toEqual(["GET /v2/lab/app/manifests/1", "HEAD /v2/lab/app/manifests/1"]);
    const moved = scene.putImage(randomBytes(1000), "1");
    const reply = await registry.call("GET", manifestPath("1"));
    expect(reply.headers["docker-content-digest"]).toBe(moved.digest);
  });

  test("that went away upstream is gone", async () => {
    const registry = await scene.start({ freshFor: 0 });
    expect((await registry.call("GET", manifestPath("1"))).status).toBe(200);
    scene.upstream.manifests.delete("1");
    expect((await registry.call("GET", manifestPath("1"))).status).toBe(404);
    // What it stood for is not: somebody may be in the middle of a pull.
    expect((await registry.call("GET", manifestPath(scene.manifest.digest))).status).toBe(200);
  });

  test("is served as it was, with a warning, while the upstream is down; what is not here fails", async () => {
    const registry = await scene.start({ freshFor: 0 });
    await registry.call("GET", manifestPath("1"));
    await registry.call("GET", scene.blobPath());
    scene.upstream.intercept = (_, response) => sendJson(response, 503, {});
    const reply = await registry.call("GET", manifestPath("1"));
    expect(reply).toMatchObject({ status: 200, headers: { warning: expect.stringMatching(/^299 - "/) } });
    expect(reply.body.equals(scene.manifest.bytes)).toBe(true);
    expect((await registry.call("GET", scene.blobPath())).status).toBe(200);
    expect((await registry.call("GET", manifestPath("2"))).status).toBe(502);
    expect(registry.problems[0]).toMatch(/^up\.example failed for lab\/app/);
  });

  test("is served as it was while the upstream keeps silent", async () => {
    const registry = await scene.start({ freshFor: 0, patience: 100 });
    await registry.call("GET", manifestPath("1"));
    scene.upstream.intercept = () => true;
    const reply = await registry.call("GET", manifestPath("1"));
    expect(reply).toMatchObject({ status: 200, headers: { warning: expect.any(String) } });
  });
});

/** Lets a download come in two halves, the second when the test says so. */
function inHalves(): { half: number; finish: () => void } {
  const half = scene.layer.length / 2;
  const { promise: rest, resolve: finish } = Promise.withResolvers<void>();
  scene.upstream.intercept = async (_, response, { method, url }) => {
    if (method !== "GET" || !url.includes(scene.layerDigest)) return false;
    response.writeHead(200, { "content-length": scene.layer.length });
    response.write(scene.layer.subarray(0, half));
    await rest;
    response.end(scene.layer.subarray(half));
    return true;
  };
  return { half, finish };
}

const full = (): never => {
  throw new DdiffError("DISK_FULL", "the disk is full");
};

/** A store whose disk is full as soon as a byte comes. */
const fullStore = (store: Store): Store => ({
  ...store,
  createUpload: async (options) => {
    const upload = await store.createUpload(options);
    const append: Upload["append"] = async (source) => {
      for await (const chunk of source) if (chunk.length > 0) full();
      return full();
    };
    return { ...upload, id: upload.id, append, finish: full, cancel: () => upload.cancel() };
  },
});

describe("a download", () => {
  test("is one for many clients, who get bytes while they come", async () => {
    const registry = await scene.start();
    const { half, finish } = inHalves();
    const early = new Promise<number>((resolve) => {
      httpGet({ port: registry.port, path: scene.blobPath() }, (response) => {
        let got = 0;
        response.on("data", (chunk: Buffer) => {
          got += chunk.length;
          if (got >= half) resolve(got);
        });
        response.on("error", () => undefined);
      });
    });
    const others = Array.from({ length: 20 }, () => registry.call("GET", scene.blobPath()));
    const ranges = registry.call("GET", scene.blobPath(), { headers: { Range: "bytes=100-299" } });
    expect(await early).toBe(half);
    expect((await ranges).body.equals(scene.layer.subarray(100, 300))).toBe(true);
    expect(await registry.store.statBlob(scene.layerDigest)).toBeUndefined();
    finish();
    for (const reply of await Promise.all(others)) expect(reply.body.equals(scene.layer)).toBe(true);
    expect(scene.asked().filter((line) => line.startsWith("GET"))).toHaveLength(1);
    expect(await registry.store.statBlob(scene.layerDigest)).toMatchObject({ size: scene.layer.length });
  });

  test("goes on when the client that began it goes away", async () => {
    const registry = await scene.start();
    const { finish } = inHalves();
    await new Promise<void>((resolve) => {
      const request = httpGet({ port: registry.port, path: scene.blobPath() }, (response) => {
        response.on("error", () => undefined);
        response.once("data", () => {
          request.destroy();
          resolve();
        });
      });
    });
    const waiting = registry.call("GET", scene.blobPath());
    finish();
    expect((await waiting).body.equals(scene.layer)).toBe(true);
    expect(scene.asked().filter((line) => line.startsWith("GET"))).toHaveLength(1);
  });

  test("is not needed for what another repository here has, once the upstream says that this one has it too", async () => {
    const registry = await scene.start();
    await registry.call("GET", scene.blobPath());
    expect(
      (await registry.call("GET", scene.blobPath(scene.layerDigest, "up.example/lab/other"))).status,
    ).toBe(200);
    expect(scene.asked().filter((line) => line.startsWith("GET"))).toHaveLength(1);
    scene.upstream.blobs.delete(scene.layerDigest);
    expect(
      (await registry.call("GET", scene.blobPath(scene.layerDigest, "up.example/lab/third"))).status,
    ).toBe(404);
  });

  test("reaches its client also when the disk is full, and nothing is kept", async () => {
    const registry = await scene.start({}, { wrap: fullStore });
    const reply = await registry.call("GET", scene.blobPath());
    expect(reply.status).toBe(200);
    expect(reply.body.equals(scene.layer)).toBe(true);
    await scene.expectNothingKept(registry);
    await expect.poll(() => registry.problems.join()).toMatch(/the disk is full/);
  });

  test("reaches its clients where there is no room for it on its way", async () => {
    const registry = await scene.start({ tempDir: "/nowhere/at/all" });
    const replies = await Promise.all([1, 2, 3].map(() => registry.call("GET", scene.blobPath())));
    for (const reply of replies) expect(reply.body.equals(scene.layer)).toBe(true);
    expect(scene.asked().filter((line) => line.startsWith("GET"))).toHaveLength(1);
  });

  test("of more than the limit is refused", async () => {
    const registry = await scene.start({ blobBytes: 1000 });
    expect((await registry.call("GET", scene.blobPath())).status).toBe(403);
    await scene.expectNothingKept(registry);
  });
});
