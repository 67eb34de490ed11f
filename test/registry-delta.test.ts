import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundleTypes, encodeBundleConfig, type PatchedLayer } from "../src/delta/bundle-config.ts";
import { blobsOf } from "../src/delta/registry-delta-push.ts";
import { deltaAnnotations } from "../src/delta/registry-delta.ts";
import { type OpenBundle, forgePatch, replacePatch, takeApart } from "../src/delta/testing/forge.ts";
import { addImage, identity, openWorkshop, type Workshop } from "../src/delta/testing/images.ts";
import { makeContent, makeTar } from "../src/delta/testing/tars.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { digestOf } from "../src/oci/digest.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { encodeDocument } from "../src/oci/rewrite.ts";
import type { OutgoingBlob } from "../src/places/place.ts";
import { copyImage } from "../src/places/copy.ts";
import { registryPlace } from "../src/places/registry.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { startRegistry as startOurs } from "../src/registry/testing/start.ts";
import { silent } from "../src/util/progress.ts";
import { startDocker, type TestEngine } from "./support/engines.ts";
import { startRegistry, type TestRegistry } from "./support/registry.ts";
import { ddiff, type Ran } from "./support/run.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

/** A system layer; a version changes some of its files a little. */
function system(version: number, seed = 1): Buffer {
  return makeTar(
    Array.from({ length: 20 }, (_, i) => ({
      path: `usr/lib/lib${i}.so`,
      mtime: version,
      bytes: makeContent({ kind: "binary", seed: seed + i, size: 40_000, edits: i % 4 === 0 ? version : 0 }),
    })),
  );
}

const application = (version: number): Buffer =>
  makeTar([{ path: "app.py", bytes: makeContent({ kind: "text", seed: 70, size: 3000, edits: version }) }]);

const fetchedOf = (ran: Ran): number =>
  (JSON.parse(ran.stdout) as { done: { bytes: number }[] }).done[0]?.bytes ?? -1;

const patches = (open: OpenBundle): PatchedLayer[] =>
  open.config.layers.filter((layer): layer is PatchedLayer => layer.from === "patch");

describePlace("registry", toolMissing("docker-registry"), () => {
  let registry: TestRegistry;
  let shop: Workshop;
  let count = 0;
  /** A folder for each test, as a server's layout. */
  let server = "";

  beforeAll(async () => {
    registry = await startRegistry();
    shop = await openWorkshop();
  });
  afterAll(async () => {
    await registry.stop();
    await shop.close();
  });
  beforeEach(() => {
    server = shop.path(`server-${count++}`);
  });

  function cli(...args: string[]): Promise<Ran> {
    const env = {
      HOME: shop.folder,
      DDIFF_URL: `http://${registry.host}`,
      DDIFF_TMPDIR: shop.tempDir,
      DDIFF_CACHE_DIR: join(shop.folder, "cache"),
    };
    return ddiff(args, { cwd: shop.folder, env });
  }

  const place = (name: string): string => `docker://${registry.host}/${name}`;
  const at = (name: string) => registryPlace(`//${registry.host}/${name}`, shop.context);

  /** A base and a target in a layout of the workstation, and the base on the server. */
  async function pair(layout: string): Promise<{ base: string; target: string }> {
    const store = new MemoryStore();
    const first = addImage(store, [{ tar: system(1) }, { tar: application(1) }]);
    const second = addImage(store, [{ tar: system(2) }, { tar: application(2) }]);
    const base = await shop.write(store, first, `${layout}:app:1`);
    const target = await shop.write(store, second, `${layout}:app:2`);
    await shop.write(store, first, `${server.slice(shop.folder.length + 1)}:app:1`);
    return { base, target };
  }

  it("a push with a delta is pulled by it where the base is, under whatever name", async () => {
    const { base, target } = await pair("work");
    const pushed = await cli("push", "--delta-from", base, target);
    expect(pushed).toMatchObject({ status: 0, stderr: "" });
    expect(pushed.stdout).toMatch(
      /app:2: [\d.]+ kB sent, sha256:[0-9a-f]{12}\n {2}delta from app:1 \(linux\/amd64\): [\d.]+ kB instead of \d+ kB\n$/,
    );

    const pulled = await cli("copy", place("app:2"), `oci:${server}:app:2`);
    expect(pulled.status).toBe(0);
    expect(pulled.stdout).toMatch(/app:2: [\d.]+ kB sent instead of \d+ kB, sha256:/);
    expect(identity(await shop.read(`oci:${server}:app:2`))).toEqual(identity(await shop.read(target)));
    // Afterwards nothing is left to fetch.
    expect((await cli("copy", place("app:2"), `oci:${server}:app:2`)).status).toBe(0);
  });

  it("is small beside the layers, and --no-delta fetches those", async () => {
    const { base, target } = await pair("work2");
    await cli("push", "--delta-from", base, target);
    const by = await cli("copy", "--json", place("app:2"), `oci:${server}:app:2`);
    const without = await cli("copy", "--json", "--no-delta", place("app:2"), `oci:${server}-plain:app:2`);
    expect(fetchedOf(by)).toBeGreaterThan(0);
    expect(fetchedOf(by)).toBeLessThan(fetchedOf(without) / 5);
    const plain = await shop.read(`oci:${server}-plain:app:2`);
    expect(plain.root.digest).toBe((await shop.read(target)).root.digest);
    // The delta is no part of the image and does not come with it.
    expect(plain.referrers).toEqual([]);
  });

  it("pulls the layers, and says so, where no base is", async () => {
    const { base, target } = await pair("work3");
    await cli("push", "--delta-from", base, target);
    const pulled = await cli("copy", place("app:2"), `oci:${server}-empty:app:2`);
    expect(pulled.status).toBe(0);
    expect(pulled.stderr).toMatch(/No delta of \S*app:2 fits what is here/);
    expect((await shop.read(`oci:${server}-empty:app:2`)).root.digest).toBe(
      (await shop.read(target)).root.digest,
    );
  });

  it("takes the smallest of several, and a base that is missing fails before anything is pushed", async () => {
    const { base, target } = await pair("work4");
    const store = new MemoryStore();
    const far = await shop.write(store, addImage(store, [{ tar: system(1, 500) }]), "work4:far:1");
    await shop.write(
      store,
      addImage(store, [{ tar: system(1, 500) }]),
      `${server.slice(shop.folder.length + 1)}:far:1`,
    );
    const failed = await cli("push", "--delta-from", "oci:work4:none", target.replace("app:2", "app:1"));
    expect(failed.status).toBe(3);
    const pushed = await cli("push", "--json", "--delta-from", far, "--delta-from", base, target);
    const { deltas } =
      (JSON.parse(pushed.stdout) as { done: { deltas: { bytes: number }[] }[] }).done[0] ?? {};
    const smallest = Math.min(...(deltas ?? []).map(({ bytes }) => bytes));
    const pulled = await cli("copy", "--json", place("app:2"), `oci:${server}:app:2`);
    expect(fetchedOf(pulled)).toBe(smallest);
  });

  it("gives each platform of an index its own delta", async () => {
    const store = new MemoryStore();
    const index = (version: number) =>
      store.index([
        addImage(store, [{ tar: system(version) }], "linux/amd64"),
        addImage(store, [{ tar: system(version, 900) }], "linux/arm64"),
      ]);
    const base = await shop.write(store, index(1), "multi:app:1");
    const target = await shop.write(store, index(2), "multi:app:2");
    const name = server.slice(shop.folder.length + 1);
    await shop.write(store, addImage(store, [{ tar: system(1) }], "linux/amd64"), `${name}:amd:1`);
    const pushed = await cli("push", "--delta-from", base, target);
    expect(pushed.stdout).toMatch(/\(linux\/amd64\)[^]*\(linux\/arm64\)/);

    const one = await cli(
      "copy",
      "--json",
      "--platform",
      "linux/amd64",
      place("app:2"),
      `oci:${server}:app:2`,
    );
    expect(fetchedOf(one)).toBeLessThan(100_000);
    // With all platforms, the one without a base comes as it is.
    const all = await cli("copy", "--json", place("app:2"), `oci:${server}:all:2`);
    expect(all.status).toBe(0);
    expect(identity(await shop.read(`oci:${server}:all:2`))).toEqual(identity(await shop.read(target)));
  });

  it("works with a registry that has the referrers API, and needs no tag there", async () => {
    const ours = await startOurs();
    try {
      const { base, target } = await pair("work6");
      const host = `127.0.0.1:${ours.port}`;
      const env = { DDIFF_URL: `http://${host}`, HOME: shop.folder, DDIFF_TMPDIR: shop.tempDir };
      const run = (...args: string[]): Promise<Ran> => ddiff(args, { cwd: shop.folder, env });
      const pushed = await run("push", "--delta-from", base, target);
      expect(pushed).toMatchObject({ status: 0 });
      const pulled = await run("copy", `docker://${host}/app:2`, `oci:${server}:app:2`);
      expect(pulled.stdout).toMatch(/ instead of /);
      expect(identity(await shop.read(`oci:${server}:app:2`))).toEqual(identity(await shop.read(target)));
      expect((await run("list", "app")).stdout).toBe("2\n");
      // A bundle of the image does not carry its deltas.
      const made = await run("diff", `docker://${host}/app:2`, `docker://${host}/app:2`, "-o", "none.ddiff");
      expect(made).toMatchObject({ status: 0 });
      const { config } = await takeApart(shop.path("none.ddiff"), shop.tempDir);
      expect(config).toMatchObject({ referrers: [], blobs: [] });
    } finally {
      await ours.close();
    }
  });

  it("is seen by other clients as a referrer, and goes from registry to registry", async () => {
    const { base, target } = await pair("work5");
    await cli("push", "--delta-from", base, target);
    await cli("copy", place("app:2"), place("mirror/app:2"));
    const source = await at("mirror/app:2").source();
    const root = (await source.root()).descriptor;
    const [delta, ...others] = await source.referrers(root.digest);
    expect(others).toEqual([]);
    expect(delta).toMatchObject({
      artifactType: bundleTypes.artifact,
      annotations: { [deltaAnnotations.baseNames]: "app:1" },
    });
  });

  describe("whose delta lies", () => {
    let target = "";
    let image: Descriptor;
    let good: OpenBundle;

    beforeEach(async () => {
      const store = new MemoryStore();
      const first = addImage(store, [{ tar: system(1) }, { tar: application(1) }]);
      image = addImage(store, [{ tar: system(2) }, { tar: application(2) }]);
      const name = server.slice(shop.folder.length + 1);
      const base = await shop.write(store, first, `${name}:app:1`);
      target = await shop.write(store, image, `lies-${count}:app:2`);
      const source = await shop.open(target);
      const { file } = await shop.diff([base], [target]);
      good = await takeApart(file, shop.tempDir);
      // Each test has a repository of its own: the lists of referrers are part of it.
      await copyImage(source, await at(`lies${count}:2`).sink(), { progress: silent });
    });

    /** Stores a delta that says whatever it says, in a list that says whatever it says. */
    async function put(
      { config, blobs }: OpenBundle,
      lies: {
        subject?: Descriptor;
        annotations?: Record<string, string>;
        sizes?: (descriptor: Descriptor) => number;
      } = {},
    ): Promise<void> {
      const bytes = encodeBundleConfig(config);
      const configDescriptor = { mediaType: bundleTypes.config, digest: digestOf(bytes), size: bytes.length };
      const { mediaType, digest, size } = image;
      const layers = blobsOf(config);
      const total = layers.reduce((sum, one) => sum + one.size, bytes.length);
      const needed = [...new Set(config.base.layers)].join(",");
      const annotations = {
        [deltaAnnotations.baseNames]: "app:1",
        [deltaAnnotations.baseLayers]: needed,
        [deltaAnnotations.size]: String(total),
        ...lies.annotations,
      };
      const manifest = encodeDocument({
        kind: "manifest",
        mediaType: mediaTypes.ociManifest,
        artifactType: bundleTypes.artifact,
        config: configDescriptor,
        layers: layers.map((one) => ({ ...one, size: lies.sizes?.(one) ?? one.size })),
        subject: lies.subject ?? { mediaType, digest, size },
        annotations,
      });
      const list = encodeDocument({
        kind: "index",
        mediaType: mediaTypes.ociIndex,
        manifests: [{ ...manifest.descriptor, artifactType: bundleTypes.artifact, annotations }],
      });
      const all: OutgoingBlob[] = [
        { descriptor: configDescriptor, open: async () => Readable.from([bytes]) },
        ...[...blobs.values()].map(({ descriptor, bytes: blob }) => ({
          descriptor,
          open: async () => Readable.from([blob]),
        })),
      ];
      const sink = await at(`lies${count}:sha256-${digest.slice(7)}`).sink();
      const documents = new Map(
        [manifest, list].map((document) => [document.descriptor.digest, document] as const),
      );
      const outgoing = { root: list.descriptor, documents, images: [], blobs: all, referrers: [] };
      await sink.write(outgoing, { progress: silent });
    }

    /** The pull must end with the image, whatever it makes of the delta. */
    async function pull(): Promise<Ran> {
      const ran = await cli("copy", place(`lies${count}:2`), `oci:${server}:app:2`);
      expect(ran).toMatchObject({ status: 0 });
      expect(identity(await shop.read(`oci:${server}:app:2`))).toEqual(identity(await shop.read(target)));
      return ran;
    }

    it("is one that works while it does not", async () => {
      await put(good);
      expect((await pull()).stdout).toMatch(/ instead of /);
    });

    it("about its subject", async () => {
      await put(good, { subject: { ...image, digest: digestOf(Buffer.from("another")) } });
      expect((await pull()).stderr).toMatch(/No delta of \S+ fits/);
    });

    it("about what its patch makes", async () => {
      replacePatch(good, 0, (patch) =>
        forgePatch(patch, ({ segments, literals }) => {
          const [largest] = [...segments.flat(), ...literals].sort((a, b) => b.rawLength - a.rawLength);
          if (largest === undefined) throw new Error("nothing to change");
          Object.assign(largest, { packing: 0, bytes: Buffer.alloc(largest.rawLength, 7) });
        }),
      );
      await put(good);
      expect((await pull()).stderr).toMatch(/could not be used, .*(?:another layer|damaged)/);
    });

    it("about the sizes of its blobs", async () => {
      await put(good, { sizes: ({ size }) => size - 1 });
      expect((await pull()).stderr).toMatch(/could not be used/);
    });

    it("about its own size, and is larger than what it saves", async () => {
      const large = Buffer.alloc(3_000_000, "x");
      const descriptor = { mediaType: "application/x", digest: digestOf(large), size: large.length };
      good.config.blobs.push(descriptor);
      good.blobs.set(descriptor.digest, { descriptor, bytes: large });
      await put(good, { annotations: { [deltaAnnotations.size]: "10" } });
      expect((await pull()).stderr).toMatch(/No delta of \S+ fits/);
    });

    it("about the size of a layer, which would fill the disk", async () => {
      for (const layer of patches(good)) layer.size = 2 ** 52;
      await put(good);
      expect((await pull()).stderr).toMatch(/could not be used/);
    });

    it("about the base that it needs", async () => {
      good.config.base.layers = good.config.base.layers.map((layer) => digestOf(Buffer.from(layer)));
      await put(good, { annotations: { [deltaAnnotations.baseLayers]: "" } });
      expect((await pull()).stderr).toMatch(/could not be used, .*more of its base/);
    });

    it("about the image that it makes", async () => {
      const store = new MemoryStore();
      const other = addImage(store, [{ tar: system(2) }, { tar: application(2) }], "linux/amd64", "evil");
      const bytes = store.blobs.get(other.digest) ?? Buffer.alloc(0);
      good.config.targets = [
        { root: { mediaType: other.mediaType, digest: other.digest, size: other.size } },
      ];
      for (const [digest, blob] of store.blobs) {
        if (blob[0] !== 0x7b) continue;
        const mediaType = blob.equals(bytes) ? mediaTypes.ociManifest : mediaTypes.ociConfig;
        good.config.documents.push({ mediaType, digest, size: blob.length, text: blob.toString() });
      }
      await put(good);
      expect((await pull()).stderr).toMatch(/could not be used, .*another image/);
    });

    it("with a layer in a packing that nobody can look into", async () => {
      const evil = Buffer.from("not the layer");
      const blob = { mediaType: "application/x-encrypted", digest: digestOf(evil), size: evil.length };
      const index = good.config.layers.findIndex((layer) => layer.from === "patch");
      const layer = good.config.layers[index];
      if (layer?.from !== "patch") throw new Error("no patch");
      good.config.layers[index] = { from: "blob", diffId: layer.diffId, blob };
      good.blobs.delete(layer.patch.digest);
      for (const one of patches(good)) one.copies = [];
      good.blobs.set(blob.digest, { descriptor: blob, bytes: evil });
      await put(good);
      expect((await pull()).stderr).toMatch(/could not be used/);
    });
  });
});

const engineMissing = firstMissing(
  notRoot(),
  toolMissing("docker-registry"),
  toolMissing("dockerd"),
  toolMissing("docker"),
);

describePlace("docker", engineMissing, () => {
  let registry: TestRegistry;
  let engine: TestEngine;
  let shop: Workshop;

  beforeAll(async () => {
    registry = await startRegistry();
    engine = await startDocker();
    shop = await openWorkshop();
  }, 120_000);
  afterAll(async () => {
    await engine.stop();
    await registry.stop();
    await shop.close();
  }, 60_000);

  const cli = (...args: string[]): Promise<Ran> =>
    ddiff(args, {
      cwd: shop.folder,
      env: {
        ...engine.env,
        DDIFF_URL: `http://${registry.host}`,
        DDIFF_TMPDIR: shop.tempDir,
        HOME: shop.folder,
      },
    });

  it("from engine to engine: the image ID is that of the image, a layout gets the very manifest", async () => {
    const store = new MemoryStore();
    const { arch } = process;
    const platform = `linux/${arch === "x64" ? "amd64" : arch}`;
    for (const version of [1, 2]) {
      const root = addImage(store, [{ tar: system(version) }, { tar: application(version) }], platform);
      const from = await shop.write(store, root, `work:app:${version}`);
      expect(await cli("copy", from, `docker-daemon:app:${version}`)).toMatchObject({ status: 0 });
    }
    const id = await engine.run("docker", "image", "inspect", "-f", "{{.Id}}", "app:2");
    const pushed = await cli("push", "app:1", "app:2", "--delta-from", "app:1");
    expect(pushed).toMatchObject({ status: 0 });
    await engine.run("docker", "rmi", "app:2");

    const pulled = await cli("pull", "app:2");
    expect(pulled.stdout).toMatch(/^docker-daemon:app:2: [\d.]+ kB fetched instead of \d+ kB, sha256:/);
    expect(await engine.run("docker", "image", "inspect", "-f", "{{.Id}}", "app:2")).toBe(id);

    const registryPlaceOf = (tag: string) => `docker://${registry.host}/app:${tag}`;
    const { stdout } = await cli("copy", registryPlaceOf("1"), "oci:server:app:1");
    expect(stdout).toMatch(/sent/);
    const copied = await cli("copy", registryPlaceOf("2"), "oci:server:app:2");
    expect(copied.stdout).toMatch(/instead of/);
    const source = await registryPlace(`//${registry.host}/app:2`, shop.context).source();
    expect((await shop.read(`oci:${shop.path("server")}:app:2`)).root.digest).toBe(
      (await source.root()).descriptor.digest,
    );
  }, 120_000);
});
