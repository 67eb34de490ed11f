import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readAll } from "../../codec/read-all.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { silent } from "../../util/progress.ts";
import { copyImage, outgoingImage } from "../copy.ts";
import { readImage } from "../image-tree.ts";
import type { OutgoingImage, Sink, Written } from "../place.ts";
import { registryPlace } from "../registry.ts";
import { MemoryStore } from "../testing/memory.ts";
import { drain, type FakeRegistry, sendJson, startFakeRegistry } from "./testing/fake-registry.ts";
import { context, quick } from "./testing/fixtures.ts";
import type { Tuning } from "./tuning.ts";

let fake: FakeRegistry;
beforeEach(async () => {
  fake = await startFakeRegistry();
});
afterEach(() => fake.stop());

const pieces = { wholeBytes: 1000, chunkBytes: 100_000 };

function sink(tuning: Partial<Tuning> = pieces, name = "app:1"): Promise<Sink> {
  return registryPlace(`//${fake.host}/${name}`, context(), { ...quick, ...tuning }).sink();
}

/** An image with one layer of random bytes, large enough for several pieces. */
async function large(size = 350_000): Promise<{ image: OutgoingImage; layer: Descriptor; bytes: Buffer }> {
  const bytes = randomBytes(size);
  const store = new MemoryStore();
  const layer = store.blob(mediaTypes.ociLayer, bytes);
  const rootfs = { type: "layers", diff_ids: [layer.digest] };
  const config = store.blob(
    mediaTypes.ociConfig,
    JSON.stringify({ architecture: "amd64", os: "linux", rootfs }),
  );
  const source = store.source(store.manifest(config, [layer]));
  const image = await outgoingImage(source, await readImage(source));
  for (const blob of image.blobs) {
    blob.open = async () => {
      const parts = Array.from({ length: Math.ceil(size / 7777) }, (_, i) =>
        bytes.subarray(i * 7777, (i + 1) * 7777),
      );
      return Readable.from(parts);
    };
  }
  return { image, layer, bytes };
}

async function push(image: OutgoingImage, to: Sink): Promise<Written> {
  return to.write(image, { progress: silent });
}

function patches(): string[] {
  const sent = fake.requests.filter(({ method }) => method === "PATCH");
  return sent.map(({ headers }) => headers["content-range"] ?? "");
}

describe("an upload in pieces", () => {
  it("follows relative Locations and keeps their query to the letter", async () => {
    const { image, layer, bytes } = await large();
    const written = await push(image, await sink());
    expect(fake.blobs.get(layer.digest)?.equals(bytes)).toBe(true);
    expect(patches()).toEqual(["0-99999", "100000-199999", "200000-299999", "300000-349999"]);
    expect(fake.requests.find(({ method }) => method === "PATCH")?.url).toMatch(/\?state=a%2Fb$/);
    const documents = [...image.documents.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(written.bytes).toBe(bytes.length + documents);
  });

  it("reads a file of ours only where the registry wants it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ddiff-push-"));
    try {
      const { image, layer, bytes } = await large();
      const file = join(folder, "blob");
      await writeFile(file, bytes);
      for (const blob of image.blobs) {
        blob.file = file;
        blob.open = () => Promise.reject(new Error("the file has it"));
      }
      await push(image, await sink());
      expect(fake.blobs.get(layer.digest)?.equals(bytes)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("goes on with the byte that the registry lacks after the line broke", async () => {
    const { image, layer, bytes } = await large();
    let broken = 0;
    fake.intercept = async (request, response, seen) => {
      const id = /uploads\/(\d+)/.exec(seen.url)?.[1] ?? "";
      const cut =
        seen.method === "PATCH" && seen.headers["content-range"]?.startsWith("100000-") && broken === 0;
      if (!cut) return false;
      broken++;
      for await (const part of request as AsyncIterable<Buffer>) {
        fake.uploads.set(id, Buffer.concat([fake.uploads.get(id) ?? Buffer.alloc(0), part]));
        if ((fake.uploads.get(id)?.length ?? 0) > 130_000) break;
      }
      response.destroy();
      return true;
    };
    await push(image, await sink());
    expect(fake.blobs.get(layer.digest)?.equals(bytes)).toBe(true);
    const resumed = Number(/^\d+/.exec(patches()[2] ?? "")?.[0]);
    expect(resumed).toBeGreaterThan(130_000);
    expect(resumed).toBeLessThan(200_000);
    expect(fake.lines().filter((line) => /^POST .*uploads\/$/.test(line))).toHaveLength(2);
  });

  it("sends again what the registry did not keep of a piece", async () => {
    const { image, layer, bytes } = await large();
    fake.intercept = async (request, response, seen) => {
      const id = /uploads\/(\d+)/.exec(seen.url)?.[1] ?? "";
      if (seen.method !== "PATCH" || seen.headers["content-range"] !== "100000-199999") return false;
      const kept = (await drain(request, seen)).subarray(0, 60_000);
      fake.uploads.set(id, Buffer.concat([fake.uploads.get(id) ?? Buffer.alloc(0), kept]));
      response.writeHead(202, { range: "0-159999" }).end();
      return true;
    };
    await push(image, await sink());
    expect(patches()).toEqual(["0-99999", "100000-199999", "160000-259999", "260000-349999"]);
    expect(fake.blobs.get(layer.digest)?.equals(bytes)).toBe(true);
  });

  it("begins again where the registry has forgotten it", async () => {
    const { image, layer } = await large();
    let forgotten = false;
    fake.intercept = (request, response, seen) => {
      if (seen.method !== "PATCH" || !seen.headers["content-range"]?.startsWith("200000-") || forgotten)
        return false;
      forgotten = true;
      fake.uploads.clear();
      request.destroy();
      response.destroy();
      return true;
    };
    await push(image, await sink());
    expect(fake.blobs.has(layer.digest)).toBe(true);
    expect(patches().filter((range) => range.startsWith("0-"))).toHaveLength(2);
  });

  it("takes the smallest piece that the registry accepts, and smaller ones where a proxy wants them", async () => {
    const { image, layer } = await large();
    fake.openHeaders = { "oci-chunk-min-length": "200000" };
    await push(image, await sink());
    expect(patches()).toEqual(["0-199999", "200000-349999"]);
    expect(fake.blobs.has(layer.digest)).toBe(true);

    fake.openHeaders = {};
    fake.requests.length = 0;
    const more = await large(9 << 20);
    fake.intercept = (request, response, seen) => {
      if (seen.method !== "PATCH" || Number(seen.headers["content-length"]) <= 2 << 20) return false;
      request.resume();
      return sendJson(response, 413, {});
    };
    await push(more.image, await sink({ wholeBytes: 1000, chunkBytes: 8 << 20 }));
    expect(fake.blobs.has(more.layer.digest)).toBe(true);
    expect(patches()[1]).toBe(`0-${(2 << 20) - 1}`);
  });

  it("goes up in one request where the registry knows no pieces", async () => {
    const { image, layer } = await large();
    fake.intercept = (request, response, seen) => {
      if (seen.method !== "PATCH") return false;
      request.resume();
      return sendJson(response, 405, {});
    };
    await push(image, await sink());
    expect(fake.blobs.has(layer.digest)).toBe(true);
    expect(patches()).toHaveLength(1);
  });

  it("is done when the answer to its last request was lost", async () => {
    const { image, layer, bytes } = await large();
    fake.intercept = (_request, response, seen) => {
      if (seen.method !== "PUT" || !seen.url.includes(encodeURIComponent(layer.digest))) return false;
      fake.blobs.set(layer.digest, bytes);
      response.destroy();
      return true;
    };
    await push(image, await sink());
    expect(fake.manifests.has("1")).toBe(true);
  });

  it("ends with a sentence when the registry takes nothing ever", async () => {
    const { image } = await large();
    fake.intercept = async (request, response, seen) => {
      if (seen.method !== "PATCH") return false;
      await drain(request, seen);
      response.writeHead(202, { range: "0-0" }).end();
      return true;
    };
    await expect(push(image, await sink())).rejects.toMatchObject({ code: "REGISTRY_REFUSED" });
    expect(patches().length).toBeLessThan(10);
  });
});

describe("a push that fails", () => {
  it("cancels its uploads and shows no tag", async () => {
    const { image, layer } = await large();
    fake.intercept = async (request, response, seen) => {
      if (seen.method !== "PUT" || !seen.url.includes(encodeURIComponent(layer.digest))) return false;
      await drain(request, seen);
      const errors = [{ code: "DIGEST_INVALID", message: "provided digest did not match" }];
      return sendJson(response, 400, { errors });
    };
    await expect(push(image, await sink())).rejects.toMatchObject({
      code: "REGISTRY_REFUSED",
      message: expect.stringContaining("provided digest did not match"),
    });
    expect(fake.lines().filter((line) => line.startsWith("DELETE "))).not.toEqual([]);
    expect(fake.uploads.size).toBe(0);
    expect(fake.manifests.size).toBe(0);
  });

  it("names the source when that cannot be read, and does not try it again and again", async () => {
    const { image } = await large();
    let opened = 0;
    for (const blob of image.blobs) {
      blob.open = async () => {
        opened++;
        return new Readable({
          read() {
            this.destroy(Object.assign(new Error("read error"), { code: "EIO" }));
          },
        });
      };
    }
    await expect(push(image, await sink())).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining("read error"),
    });
    expect(opened).toBe(1);
  });

  it("refuses a source that ends too early", async () => {
    const { image, bytes } = await large();
    for (const blob of image.blobs) blob.open = async () => Readable.from([bytes.subarray(0, 120_000)]);
    await expect(push(image, await sink())).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    expect(fake.manifests.size).toBe(0);
  });

  it("stops the other uploads and says the first reason", async () => {
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["a", "b", "c", "d", "e", "f", "g", "h"]);
    const source = store.source(root);
    const image = await outgoingImage(source, await readImage(source));
    let opened = 0;
    for (const blob of image.blobs) {
      const fail = opened++ === 0;
      blob.open = async () => {
        if (fail) throw new Error("first reason");
        return new Readable({ read() {} });
      };
    }
    await expect(push(image, await sink())).rejects.toMatchObject({
      message: expect.stringContaining("first reason"),
    });
  });

  it("ends when the user stops it, although nothing moves", async () => {
    const { image } = await large();
    const stop = new AbortController();
    fake.intercept = (_request, _response, seen) => {
      if (seen.method !== "PATCH") return false;
      stop.abort();
      return true;
    };
    const to = await sink();
    const pushed = to.write(image, { progress: silent, signal: stop.signal });
    await expect(pushed).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("tells which size a proxy refused", async () => {
    const { image } = await large(900);
    fake.intercept = (request, response, seen) => {
      if (seen.method !== "PUT") return false;
      request.resume();
      return sendJson(response, 413, {});
    };
    await expect(push(image, await sink())).rejects.toMatchObject({
      code: "REGISTRY_REFUSED",
      hint: expect.stringContaining("client_max_body_size"),
    });
  });
});

describe("a push", () => {
  it("sends children before parents, subjects before referrers, and the tag last", async () => {
    const store = new MemoryStore();
    const amd = store.image("linux/amd64", ["one"]);
    const arm = store.image("linux/arm64", ["two"]);
    const index = store.index([amd, arm]);
    const signature = store.referrer(index, "signed");
    const countersigned = store.referrer(signature, "seen");
    fake.intercept = (_request, response, seen) => {
      if (seen.method === "PUT") response.setHeader("oci-subject", index.digest);
      return false;
    };
    const source = store.source(index);
    const image = await outgoingImage(source, await readImage(source));
    // In whatever order the documents come.
    image.documents = new Map([...image.documents].reverse());
    await push(image, await sink());
    const order = fake.lines().filter((line) => line.startsWith("PUT /v2/app/manifests/"));
    const names = order.map((line) => line.slice("PUT /v2/app/manifests/".length));
    const digests: string[] = [amd, arm, index, signature, countersigned].map((one) => one.digest);
    expect(names).toEqual([...digests, "1"]);
    const puts = fake.lines().map((line) => /^PUT .*\/(blobs|manifests)\//.exec(line)?.[1]);
    expect(puts.lastIndexOf("blobs")).toBeLessThan(puts.indexOf("manifests"));
  });

  it("keeps the list of referrers where the registry does not, and adds to it only once", async () => {
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["one"]);
    const signature = store.referrer(root, "signed");
    const tag = root.digest.replace(":", "-");
    for (let round = 0; round < 2; round++) {
      await copyImage(store.source(root), await sink(), { progress: silent });
      const list = JSON.parse(fake.manifests.get(tag)?.bytes.toString() ?? "{}") as {
        manifests: Descriptor[];
      };
      expect(list.manifests.map((one) => one.digest)).toEqual([signature.digest]);
    }
    const source = await registryPlace(`//${fake.host}/app:1`, context(), quick).source();
    expect((await source.referrers(root.digest)).map((one) => one.digest)).toEqual([signature.digest]);
  });

  it("sends nothing that is there already", async () => {
    const { image } = await large();
    await push(image, await sink());
    fake.requests.length = 0;
    const root = image.documents.get(image.root.digest)?.bytes.length;
    expect((await push(image, await sink())).bytes).toBe(root);
    expect(fake.lines().filter((line) => line.startsWith("POST "))).toEqual([]);
  });

  it("uploads where a mount is not granted, and asks for both repositories", async () => {
    const { image, layer } = await large();
    for (const blob of image.blobs) blob.mountFrom = { registry: fake.host, repository: "team/base" };
    await push(image, await sink());
    expect(fake.blobs.has(layer.digest)).toBe(true);
    const mount = fake.lines().find((line) => line.includes("mount="));
    expect(mount).toContain(
      `mount=${encodeURIComponent(layer.digest)}&from=${encodeURIComponent("team/base")}`,
    );
  });

  it("asks for the right to push from the start, and gets along when a mount is refused with it", async () => {
    const { image, layer } = await large();
    for (const blob of image.blobs) blob.mountFrom = { registry: fake.host, repository: "team/base" };
    const tokens: string[][] = [];
    fake.intercept = (_request, response, seen) => {
      if (seen.url.startsWith("/token")) {
        const scopes = new URL(seen.url, "http://fake").searchParams.getAll("scope");
        tokens.push(scopes);
        return scopes.join().includes("team/base")
          ? sendJson(response, 403, {})
          : sendJson(response, 200, { token: scopes.join().includes("push") ? "push" : "pull" });
      }
      if (!seen.url.startsWith("/v2/app") || seen.headers.authorization === "Bearer push") return false;
      const challenge = `Bearer realm="http://${fake.host}/token",service="fake"`;
      return sendJson(response, 401, {}, { "www-authenticate": challenge });
    };
    await push(image, await sink());
    expect(fake.blobs.has(layer.digest)).toBe(true);
    expect(tokens).toContainEqual(["repository:app:pull,push", "repository:team/base:pull"]);
  });

  it("to a digest that the image does not have is refused before anything is sent", async () => {
    const { image } = await large();
    const other = digestOf(Buffer.from("other"));
    await expect(push(image, await sink(pieces, `app@${other}`))).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
      exitStatus: 2,
    });
    expect(fake.requests).toEqual([]);
  });

  it("is refused when the registry stores another manifest than was sent", async () => {
    const { image } = await large(900);
    fake.intercept = async (request, response, seen) => {
      if (seen.method !== "PUT" || !seen.url.includes("/manifests/")) return false;
      await drain(request, seen);
      return sendJson(response, 201, {}, { "docker-content-digest": digestOf(Buffer.from("other")) });
    };
    await expect(push(image, await sink())).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  it("reads back what it wrote", async () => {
    const { image, layer, bytes } = await large();
    const place = registryPlace(`//${fake.host}/app:1`, context(), { ...quick, ...pieces });
    await push(image, await place.sink());
    const source = await place.source();
    const [held] = await place.inventory();
    expect(held).toMatchObject({ names: [`${fake.host}/app:1`], layers: [layer.digest] });
    const stream = await source.openLayer({ descriptor: layer, diffId: layer.digest });
    expect((await readAll(stream, 1 << 20, "layer")).equals(bytes)).toBe(true);
  });
});
