import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from "vitest";
import { rebuildArrival } from "../delta/arrival.ts";
import type { PatchedLayer } from "../delta/bundle-config.ts";
import { type Forge, openForge, treeSpec } from "../delta/testing/hostile.ts";
import { addImage } from "../delta/testing/images.ts";
import { makeTar } from "../delta/testing/tars.ts";
import type { OpenBundle } from "../delta/testing/forge.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { copyImage } from "../places/copy.ts";
import { readImage } from "../places/image-tree.ts";
import { registryPlace } from "../places/registry.ts";
import { MemoryStore } from "../places/testing/memory.ts";
import { silent } from "../util/progress.ts";
import type { Access, Caller } from "./access/access.ts";
import { makeRebuilds, type RebuildImage } from "./rebuilds.ts";
import { codesOf, pushBlob, type Reply, type Running, startRegistry } from "./testing/start.ts";

let forge: Forge;
/** The digest that the image has where the bundle was made. */
let source: Digest;
let registry: Running;
/** A bundle of an image with a blob of more bytes than `limit`, itself smaller. */
let tall: { bundle: Buffer; limit: number };
/** A bundle that does not say how its image's layer was packed. */
let inexact: Buffer;
beforeAll(async () => {
  forge = await openForge();
  source = (await forge.shop.read(forge.target)).root.digest;
  const { shop, base } = forge;
  const tar = makeTar([{ path: "zeros", bytes: Buffer.alloc(200_000) }]);
  const store = new MemoryStore();
  const high = await shop.write(store, addImage(store, [{ tar, pack: "none" }]), "work:high:1");
  tall = { bundle: await readFile((await shop.diff([base], [high])).file), limit: 100_000 };
  const packed = await shop.write(store, addImage(store, [{ tar: makeTar(treeSpec(2)) }]), "work:packed:1");
  inexact = await readFile((await shop.diff([base], [packed], { exact: "never" })).file);
});
afterAll(() => forge.close());
afterEach(() => registry.close());

const image: RebuildImage = ({ signal, ...arrival }) =>
  rebuildArrival({ ...arrival, context: { ...forge.shop.context, signal } });

/** A registry that makes images of bundles, as `ddiff server` wires it. */
async function start(
  options: Parameters<typeof startRegistry>[0] = {},
  bounds = { atOnce: 1, time: 60_000 },
  work = image,
): Promise<void> {
  registry = await startRegistry({ rebuilds: makeRebuilds(work, bounds), ...options });
}

async function pushBase(name = "app:1", image = forge.base): Promise<void> {
  const from = await forge.shop.open(image);
  const to = await registryPlace(`//127.0.0.1:${registry.port}/${name}`, forge.shop.context).sink();
  await copyImage(from, to, { progress: silent });
}

const path = "/v2/app/_ddiff/bundles/rebuild";

async function send(bundle: Buffer, more = ""): Promise<Reply> {
  const digest = await pushBlob(registry, "app", bundle);
  return await registry.call("POST", `${path}?digest=${digest}&tag=2${more}`);
}

/** What a pull of the tag would get. */
const tagged = async (): Promise<string | undefined> => {
  const { status, headers } = await registry.call("HEAD", "/v2/app/manifests/2");
  return status === 200 ? String(headers["docker-content-digest"]) : undefined;
};

async function expectRefused(reply: Reply, status: number, code: string): Promise<void> {
  expect([reply.status, codesOf(reply)]).toEqual([status, [code]]);
  expect(await tagged()).toBeUndefined();
  expect(await readdir(forge.shop.tempDir)).toEqual([]);
}

describe("a bundle that is sent to a registry", () => {
  it("becomes the image with the digest that it had, and does so again", async () => {
    await start();
    await pushBase();
    expect((await registry.call("GET", path)).status).toBe(200);
    for (const _ of [1, 2]) {
      const reply = await send(forge.good);
      expect(reply.status).toBe(201);
      expect(reply.headers.location).toBe(`/v2/app/manifests/${source}`);
      expect(JSON.parse(reply.body.toString())).toEqual({ name: "app", tag: "2", digest: source });
      expect(await tagged()).toBe(source);
    }
    const place = registryPlace(`//127.0.0.1:${registry.port}/app:2`, forge.shop.context);
    const { images } = await readImage(await place.source());
    for (const { descriptor } of images.flatMap(({ layers }) => layers)) {
      const layer = await registry.call("GET", `/v2/app/blobs/${descriptor.digest}`);
      expect(digestOf(layer.body)).toBe(descriptor.digest);
    }
    expect(await readdir(forge.shop.tempDir)).toEqual([]);
  });

  it("becomes an image of several platforms with what refers to it", async () => {
    await start();
    await pushBase();
    const { shop, base } = forge;
    const store = new MemoryStore();
    const index = store.index([
      addImage(store, [{ tar: makeTar(treeSpec(2)) }]),
      addImage(store, [{ tar: makeTar(treeSpec(3)) }], "linux/arm64"),
    ]);
    store.referrer(index, "a signature");
    const both = await shop.write(store, index, "work:both:2");
    const { file } = await shop.diff([base], [both], { requireExact: true });
    expect((await send(await readFile(file))).status).toBe(201);
    expect(await tagged()).toBe(index.digest);
    const referrers = await registry.call("GET", `/v2/app/referrers/${index.digest}`);
    expect(JSON.parse(referrers.body.toString())).toMatchObject({ manifests: [{}] });
  });

  it("is refused where the base is not, and taken once it is there, under any name that is said", async () => {
    await start();
    await expectRefused(await send(forge.good), 409, "BASE_UNKNOWN");
    await pushBase("elsewhere/base:old");
    await expectRefused(await send(forge.good), 409, "BASE_UNKNOWN");
    await expectRefused(await send(forge.good, "&base=none:1&base=../x:1&base="), 409, "BASE_UNKNOWN");
    expect((await send(forge.good, "&base=elsewhere/base:old")).status).toBe(201);
    expect(await tagged()).toBe(source);
  });

  it("is made of no base that the sender may not pull, and by nobody who may not push", async () => {
    const caller: Caller = { name: "ann", may: () => true, mayList: true };
    const access: Access = { identify: async () => caller, challenge: () => "" };
    await start({ access });
    await pushBase("secret:1");
    caller.may = (_, repository) => repository !== "secret";
    await expectRefused(await send(forge.good, "&base=secret:1"), 409, "BASE_UNKNOWN");
    caller.may = (action) => action !== "push";
    const reply = await registry.call("POST", `${path}?digest=${digestOf(forge.good)}&tag=2`);
    await expectRefused(reply, 403, "DENIED");
    expect((await registry.call("GET", path)).status).toBe(403);
  });

  it("leaves a tag that is to stay where it is", async () => {
    const caller: Caller = { name: "ann", may: () => true, mayList: true, mayMoveTag: () => false };
    await start({ access: { identify: async () => caller, challenge: () => "" } });
    await pushBase("app:2");
    const before = await tagged();
    expect(codesOf(await send(forge.good))).toEqual(["DENIED"]);
    expect(await tagged()).toBe(before);
  });

  it("is refused by name and before any work where the request is wrong", async () => {
    await start();
    const digest = await pushBlob(registry, "app", forge.good);
    await expectRefused(await registry.call("POST", `${path}?tag=2`), 400, "DIGEST_INVALID");
    const noTag = await registry.call("POST", `${path}?digest=${digest}&tag=..%2f`);
    await expectRefused(noTag, 400, "MANIFEST_INVALID");
    const other = await registry.call("POST", `/v2/other/_ddiff/bundles/rebuild?digest=${digest}&tag=2`);
    await expectRefused(other, 404, "BLOB_UNKNOWN");
    const name = await registry.call("POST", `/v2/A/_ddiff/bundles/rebuild?digest=${digest}&tag=2`);
    await expectRefused(name, 400, "NAME_INVALID");
    expect((await registry.call("DELETE", path)).status).toBe(405);
  });

  it("is nothing that a registry knows of which makes no images", async () => {
    registry = await startRegistry();
    for (const method of ["GET", "POST"]) {
      expect((await registry.call(method, `${path}?tag=2`)).status).toBe(404);
    }
  });

  it.each([
    ["blob", () => ({ blobBytes: tall.limit })],
    // The base's manifest has one layer, the image's two.
    ["manifest", () => ({ manifestBytes: 450 })],
  ])("is refused where its image has a larger %s than there may be", async (what, limits) => {
    await start({ limits: limits() });
    await pushBase();
    const reply = await send(what === "blob" ? tall.bundle : forge.good);
    await expectRefused(reply, 413, "SIZE_INVALID");
  });

  it("is refused where its layers would be packed otherwise, and the image appears under no other digest", async () => {
    await start();
    await pushBase();
    await expectRefused(await send(inexact), 409, "BUNDLE_INEXACT");
  });
});

const patchOf = ({ config }: OpenBundle): PatchedLayer =>
  config.layers.find((one) => one.from === "patch") as PatchedLayer;

it("is told in few words and soon that its base is not there, however many names it has for it", async () => {
  await start();
  const names = Array.from({ length: 300_000 }, (_, i) => `No Name ${i}`);
  const bundle = await forge.forged(({ config }) => (config.base.names = ["x".repeat(9000), ...names]));
  const before = performance.now();
  const reply = await send(bundle);
  expect(performance.now() - before).toBeLessThan(5000);
  await expectRefused(reply, 409, "BASE_UNKNOWN");
  expect(reply.body.length).toBeLessThan(1000);
  expect(reply.body.toString()).toContain("and 299991 more");
});

it("is the registry's fault, not the sender's, where the base has come to harm in it", async () => {
  const tar = makeTar(treeSpec(1));
  const layer = digestOf(tar);
  await start({
    wrap: (store) => ({
      ...store,
      async openBlob(digest, range) {
        if (digest !== layer) return await store.openBlob(digest, range);
        return Readable.from([Buffer.from(tar).fill(0x55, 2000, 2100)]);
      },
    }),
  });
  const { shop } = forge;
  const store = new MemoryStore();
  await pushBase("app:1", await shop.write(store, addImage(store, [{ tar, pack: "none" }]), "work:plain:1"));
  await expectRefused(await send(forge.good), 500, "UNKNOWN");
});

describe("a hostile bundle", () => {
  beforeEach(async () => {
    await start();
    await pushBase();
  });
  it.each<[string, (open: OpenBundle) => unknown]>([
    ["says a layer is smaller", (open) => (patchOf(open).size -= 512)],
    ["says a layer is larger", (open) => (patchOf(open).size += 512)],
    ["copies from what it does not name", (open) => (patchOf(open).bases = [7])],
    ["lacks a document", ({ config }) => config.documents.pop()],
    ["lacks a layer", ({ config }) => config.layers.pop()],
    ["brings two images", ({ config }) => config.targets.push(config.targets[0] as never)],
    ["brings no image", ({ config }) => config.targets.splice(0)],
    // 30 kB as they come.
    ["has a config of 10 MB", ({ config }) => config.base.names.push("x".repeat(10_000_000))],
  ])("that %s gets 400, and nothing of it is seen", async (_, change) => {
    await expectRefused(await send(await forge.forged(change)), 400, "BUNDLE_INVALID");
  });

  it("that is none, or cut, or changed anywhere gets 400", async () => {
    const { good } = forge;
    const changed = [0.1, 0.5, 0.9].map((part) => {
      const bytes = Buffer.from(good);
      bytes.fill(0x55, Math.floor(good.length * part), Math.floor(good.length * part) + 8);
      return bytes;
    });
    for (const bytes of [Buffer.alloc(0), Buffer.from("no bundle"), good.subarray(0, 2000), ...changed]) {
      const reply = await send(bytes);
      if (reply.status === 201) expect(await tagged()).toBe(source);
      else await expectRefused(reply, 400, "BUNDLE_INVALID");
    }
  });

  it("that says it is far larger than any disk gets 507", async () => {
    const bytes = await forge.forged((open) => (patchOf(open).size = 2 ** 52));
    await expectRefused(await send(bytes), 507, "SIZE_INVALID");
  });
});

/** Work that ends only when it is told to; `begun` when it does. */
function endless(): { work: RebuildImage; begun: Promise<AbortSignal> } {
  const { promise, resolve } = Promise.withResolvers<AbortSignal>();
  const work: RebuildImage = async ({ signal }) => {
    resolve(signal);
    if (!signal.aborted) await once(signal, "abort");
    throw signal.reason;
  };
  return { work, begun: promise };
}

/** Asks for the image of a bundle that was pushed. */
function ask(digest: Digest): ClientRequest {
  const options = { port: registry.port, method: "POST", path: `${path}?digest=${digest}&tag=2` };
  const call = request({ host: "127.0.0.1", ...options }).on("error", () => {});
  call.end();
  return call;
}

describe("images that are being made", () => {
  it("are few at once, and given up after a time", async () => {
    const { work, begun } = endless();
    await start({}, { atOnce: 1, time: 700 }, work);
    const running = send(forge.good);
    await begun;
    const second = await send(forge.good);
    expect([second.status, codesOf(second)]).toEqual([429, ["TOOMANYREQUESTS"]]);
    expect(second.headers["retry-after"]).toBe("10");
    await expectRefused(await running, 413, "SIZE_INVALID");
  });

  it("are given up when the sender goes away", async () => {
    const { work, begun } = endless();
    await start({}, { atOnce: 1, time: 60_000 }, work);
    const call = ask(await pushBlob(registry, "app", forge.good));
    const signal = await begun;
    call.destroy();
    if (!signal.aborted) await once(signal, "abort");
    expect(await tagged()).toBeUndefined();
  });

  it("are not begun for a sender that went away while it was asked who it is", async () => {
    const { work, begun } = endless();
    const caller: Caller = { name: "ann", may: () => true, mayList: true };
    let whoIsIt = async (): Promise<Caller> => caller;
    const access: Access = { identify: () => whoIsIt(), challenge: () => "" };
    await start({ access }, { atOnce: 1, time: 60_000 }, work);
    const digest = await pushBlob(registry, "app", forge.good);
    const asked = Promise.withResolvers<void>();
    const known = Promise.withResolvers<Caller>();
    whoIsIt = async () => {
      asked.resolve();
      return await known.promise;
    };
    const call = ask(digest);
    await asked.promise;
    call.destroy();
    await sleep(100);
    known.resolve(caller);
    expect((await begun).aborted).toBe(true);
  });
});
