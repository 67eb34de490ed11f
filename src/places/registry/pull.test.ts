import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readAll } from "../../codec/read-all.ts";
import { verified } from "../../codec/verify.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { readImage } from "../image-tree.ts";
import type { PlaceContext, Source } from "../place.ts";
import { registryPlace } from "../registry.ts";
import { MemoryStore } from "../testing/memory.ts";
import { type FakeRegistry, sendJson, startFakeRegistry } from "./testing/fake-registry.ts";
import { context, fill, quick } from "./testing/fixtures.ts";
import type { Tuning } from "./tuning.ts";

let fake: FakeRegistry;
beforeEach(async () => {
  fake = await startFakeRegistry();
});
afterEach(() => fake.stop());

function source(name = "app:1", where: PlaceContext = context(), tuning?: Partial<Tuning>): Promise<Source> {
  return registryPlace(`//${fake.host}/${name}`, where, { ...quick, ...tuning }).source();
}

const isBlob = (url: string): boolean => url.includes("/blobs/sha256:");

describe("a blob", () => {
  const bytes = randomBytes(400_000);
  const descriptor: Descriptor = {
    mediaType: mediaTypes.ociLayer,
    digest: digestOf(bytes),
    size: bytes.length,
  };
  const read = async (from: Source, what = descriptor): Promise<Buffer> =>
    readAll(verified(await from.openBlob(what), what, "blob"), 1 << 20, "blob");

  beforeEach(() => {
    fake.blobs.set(descriptor.digest, bytes);
  });

  it("goes on by Range from where the line broke, as often as it takes", async () => {
    let breaks = 6;
    fake.intercept = (_request, response, seen) => {
      if (!isBlob(seen.url) || breaks-- <= 0) return false;
      const start = Number(/bytes=(\d+)-/.exec(seen.headers.range ?? "")?.[1] ?? 0);
      const end = start + 65_536;
      const range = { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(start > 0 ? 206 : 200, {
        "content-length": bytes.length - start,
        ...(start > 0 ? range : {}),
      });
      response.write(bytes.subarray(start, end), () => response.destroy());
      return true;
    };
    expect((await read(await source())).equals(bytes)).toBe(true);
    const ranges = fake.requests.filter(({ url }) => isBlob(url)).map(({ headers }) => headers.range);
    expect(ranges).toHaveLength(7);
    expect(ranges.at(-1)).toBe(`bytes=${6 * 65_536}-`);
  });

  it("is whole also from a server that knows no ranges", async () => {
    let first = true;
    fake.intercept = (_request, response, seen) => {
      if (!isBlob(seen.url)) return false;
      response.writeHead(200, { "content-length": bytes.length });
      if (first) response.write(bytes.subarray(0, 100_000), () => response.destroy());
      else response.end(bytes);
      first = false;
      return true;
    };
    expect((await read(await source())).equals(bytes)).toBe(true);
  });

  it.each([
    ["another start", "bytes 5-399999/400000"],
    ["another size", "bytes 100000-399999/999999"],
    ["no range at all", ""],
  ])("is refused when the rest comes with %s", async (_name, contentRange) => {
    let first = true;
    fake.intercept = (_request, response, seen) => {
      if (!isBlob(seen.url)) return false;
      if (first) {
        response.writeHead(200, { "content-length": bytes.length });
        response.write(bytes.subarray(0, 100_000), () => response.destroy());
      } else {
        response.writeHead(206, contentRange === "" ? {} : { "content-range": contentRange });
        response.end(bytes.subarray(100_000));
      }
      first = false;
      return true;
    };
    await expect(read(await source())).rejects.toMatchObject({ code: "REGISTRY_MISBEHAVES" });
  });

  it("is refused as soon as it is longer than its descriptor says", async () => {
    let sent = 0;
    fake.intercept = (_request, response, seen) => {
      if (!isBlob(seen.url)) return false;
      response.writeHead(200);
      const more = (): void => {
        sent += 65_536;
        if (!response.destroyed) response.write(Buffer.alloc(65_536), more);
      };
      more();
      return true;
    };
    const stream = await (await source()).openBlob(descriptor);
    await expect(readAll(stream, 1 << 30, "blob")).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    expect(sent).toBeLessThan(20 << 20);
  });

  it("is refused when the registry has it with another length", async () => {
    fake.blobs.set(descriptor.digest, bytes.subarray(1));
    await expect(read(await source())).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
      message: expect.stringContaining("399999"),
    });
  });

  it("fails after some tries when it never comes whole", async () => {
    let asked = 0;
    fake.intercept = (_request, response, seen) => {
      if (!isBlob(seen.url)) return false;
      asked++;
      response.writeHead(200);
      response.end("little");
      return true;
    };
    await expect(read(await source())).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    expect(asked).toBe(1 + (quick.retries ?? 0));
  });

  it("is missing with a sentence that names it", async () => {
    fake.blobs.clear();
    await expect(read(await source())).rejects.toMatchObject({
      code: "BLOB_MISSING",
      message: `${fake.host} has no blob app@${descriptor.digest.slice(0, 19)}: blob unknown`,
    });
    expect(await (await source()).hasBlob(descriptor)).toBe(false);
  });

  it("breaks off at once when nobody wants it any more, although the server is silent", async () => {
    const closed = new Promise<void>((resolve) => {
      fake.intercept = (_request, response, seen) => {
        if (!isBlob(seen.url)) return false;
        response.on("close", resolve);
        response.writeHead(200, { "content-length": bytes.length });
        response.write(bytes.subarray(0, 10));
        return true;
      };
    });
    const stream = await (await source()).openBlob(descriptor);
    stream.once("data", () => stream.destroy());
    await closed;
    expect(stream.destroyed).toBe(true);
  });

  it("counts a silent line as broken", async () => {
    let first = true;
    fake.intercept = (_request, response, seen) => {
      if (!isBlob(seen.url) || !first) return false;
      first = false;
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 1000));
      return true;
    };
    const from = await source("app:1", context(), { idleMs: 100 });
    expect((await read(from)).equals(bytes)).toBe(true);
  });

  it("that a redirect sends to another host is fetched there without the login", async () => {
    const other = await startFakeRegistry();
    try {
      other.blobs.set(descriptor.digest, bytes);
      fake.intercept = (_request, response, seen) => {
        if (seen.headers.authorization === undefined) {
          return sendJson(response, 401, {}, { "www-authenticate": 'Basic realm="x"' });
        }
        response.writeHead(307, { location: `http://${other.host}${seen.url}` }).end();
        return true;
      };
      const env = { DDIFF_URL: `http://${fake.host}`, DDIFF_USERNAME: "ann", DDIFF_PASSWORD: "pw" };
      expect((await read(await source("app:1", context({ env })))).equals(bytes)).toBe(true);
      expect(other.requests.length).toBeGreaterThan(0);
      for (const { headers } of other.requests) expect(headers.authorization).toBeUndefined();

      // Nor does a challenge of that host get an answer.
      fake.intercept = (_request, response, seen) => {
        response.writeHead(307, { location: `http://${other.host}${seen.url}` }).end();
        return true;
      };
      other.intercept = (_request, response) =>
        sendJson(response, 401, {}, { "www-authenticate": `Bearer realm="http://${other.host}/token"` });
      await expect(read(await source("app:1", context({ env })))).rejects.toMatchObject({
        code: "AUTH_REQUIRED",
      });
      for (const { headers } of other.requests) expect(headers.authorization).toBeUndefined();
      expect(other.lines().filter((line) => line.includes("/token"))).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  it("is not chased through redirects without end", async () => {
    fake.intercept = (_request, response, seen) => {
      if (!isBlob(seen.url)) return false;
      response.writeHead(302, { location: seen.url }).end();
      return true;
    };
    await expect(read(await source())).rejects.toMatchObject({ code: "REGISTRY_MISBEHAVES" });
  });

  it("from elsewhere is fetched over HTTPS only", async () => {
    const foreign = await startFakeRegistry();
    try {
      fake.blobs.clear();
      foreign.blobs.set(descriptor.digest, bytes);
      const urls = [`http://${foreign.host}/v2/app/blobs/${descriptor.digest}`];
      await expect(read(await source(), { ...descriptor, urls })).rejects.toMatchObject({
        code: "BLOB_MISSING",
      });
      expect(foreign.requests).toEqual([]);
    } finally {
      await foreign.stop();
    }
  });
});

describe("a manifest", () => {
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["one", "two"]);

  it("is read with its config and layers, by tag and by digest", async () => {
    fill(fake, store, root, "1");
    for (const name of ["app:1", `app@${root.digest}`, `app:other@${root.digest}`]) {
      const tree = await readImage(await source(name), { referrers: false });
      expect(tree.root.digest).toBe(root.digest);
      expect(tree.images[0]?.layers).toHaveLength(2);
    }
    const [accept] = fake.requests
      .filter(({ url }) => url.endsWith("/manifests/1"))
      .map((seen) => seen.headers.accept);
    for (const type of [mediaTypes.ociIndex, mediaTypes.dockerManifestList, mediaTypes.dockerManifest]) {
      expect(accept).toContain(type);
    }
  });

  it("that is not the one pinned by digest is refused", async () => {
    const bytes = store.blobs.get(store.image("linux/amd64", ["evil"]).digest) ?? Buffer.alloc(0);
    fake.manifests.set(root.digest, { type: root.mediaType, bytes });
    await expect((await source(`app@${root.digest}`)).root()).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    await expect((await source()).readDocument(root)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  it("that is not what the registry says it sends is refused", async () => {
    fill(fake, store, root, "1");
    fake.intercept = (_request, response, seen) => {
      if (!seen.url.endsWith("/manifests/1")) return false;
      response.setHeader("docker-content-digest", `sha256:${"0".repeat(64)}`);
      response.setHeader("content-type", root.mediaType);
      response.end(store.blobs.get(root.digest));
      return true;
    };
    await expect((await source()).root()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  it("without end is given up at 4 MiB", async () => {
    let sent = 0;
    fake.intercept = (_request, response, seen) => {
      if (!seen.url.includes("/manifests/")) return false;
      response.writeHead(200, { "content-type": mediaTypes.ociManifest });
      const more = (): void => {
        sent += 65_536;
        if (!response.destroyed) response.write(Buffer.alloc(65_536, " "), more);
      };
      more();
      return true;
    };
    await expect((await source()).root()).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(sent).toBeLessThan(32 << 20);
  });

  it.each([
    ["a Content-Type that contradicts it", mediaTypes.ociIndex, "MANIFEST_INVALID"],
    [
      "Docker's schema 1",
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
      "MANIFEST_UNSUPPORTED",
    ],
  ])("with %s is refused", async (_name, type, code) => {
    fake.manifests.set("1", { type, bytes: store.blobs.get(root.digest) ?? Buffer.alloc(0) });
    await expect((await source()).root()).rejects.toMatchObject({ code });
  });

  it("of a static file server, which knows no media types, is read all the same", async () => {
    fake.manifests.set("1", {
      type: "application/json",
      bytes: store.blobs.get(root.digest) ?? Buffer.alloc(0),
    });
    expect((await (await source()).root()).descriptor.mediaType).toBe(mediaTypes.ociManifest);
  });

  it("that is missing is said with name and tag", async () => {
    await expect((await source()).root()).rejects.toMatchObject({
      code: "IMAGE_MISSING",
      message: `${fake.host} has no app:1: manifest unknown`,
      hint: expect.stringContaining("ddiff list"),
    });
  });

  it("whose config stands in its descriptor needs no further request", async () => {
    const config = store.blob(mediaTypes.ociConfig, "{}");
    const from = await source();
    const document = await from.readDocument({ ...config, data: Buffer.from("{}").toString("base64") });
    expect(document.bytes.toString()).toBe("{}");
    expect(fake.requests).toEqual([]);
  });
});

describe("a busy registry", () => {
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["busy"]);

  it("is asked again after 429 and 503", async () => {
    fill(fake, store, root, "1");
    const answers = [429, 503];
    fake.intercept = (_request, response, seen) => {
      if (!seen.url.includes("/manifests/")) return false;
      const status = answers.shift();
      return status === undefined ? false : sendJson(response, status, {}, { "retry-after": "0" });
    };
    expect((await (await source()).root()).descriptor.digest).toBe(root.digest);
    expect(answers).toEqual([]);
  });

  it("that stays so is said to be, and a long Retry-After does not hold us up", async () => {
    fake.intercept = (_request, response, seen) => {
      if (!seen.url.includes("/manifests/")) return false;
      const errors = [{ code: "TOOMANYREQUESTS", message: "pull \u001b[31mrate\nlimit" }];
      return sendJson(response, 429, { errors }, { "retry-after": "86400" });
    };
    await expect((await source()).root()).rejects.toMatchObject({
      code: "RATE_LIMITED",
      message: `${fake.host} gives no more answers for now: pull [31mrate limit`,
    });
  });

  it("that nobody runs is said in a sentence, without tries", async () => {
    const gone = await startFakeRegistry();
    await gone.stop();
    const place = registryPlace(`//${gone.host}/app:1`, context(), { retryDelayMs: 60_000 });
    await expect((await place.source()).root()).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: `${gone.host} cannot be reached: nothing listens there`,
    });
  });

  it("is left alone once the user stops", async () => {
    const stop = new AbortController();
    fake.intercept = (_request, response, seen) => {
      if (!seen.url.includes("/manifests/")) return false;
      stop.abort();
      return sendJson(response, 503, {});
    };
    const place = registryPlace(`//${fake.host}/app:1`, context({ signal: stop.signal }), {
      retryDelayMs: 60_000,
    });
    await expect((await place.source()).root()).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("beyond a proxy is reached through it, and this machine is not", async () => {
    fill(fake, store, root, "1");
    const env = { http_proxy: `http://${fake.host}`, https_proxy: `http://${fake.host}` };
    fake.intercept = (_request, _response, seen) => {
      // A proxy is asked with the whole address.
      seen.url = seen.url.replace("http://registry.invalid:5000", "");
      return false;
    };
    const place = registryPlace("//registry.invalid:5000/app:1", context({ insecure: true, env }), quick);
    expect((await (await place.source()).root()).descriptor.digest).toBe(root.digest);
    expect(fake.requests.at(-1)?.headers.host).toBe("registry.invalid:5000");

    const dead = { http_proxy: "http://127.0.0.1:1", https_proxy: "http://127.0.0.1:1" };
    const direct = await source("app:1", context({ env: dead }));
    expect((await direct.root()).descriptor.digest).toBe(root.digest);
  });
});
