import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readAll } from "../src/codec/read-all.ts";
import { verified } from "../src/codec/verify.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { digestOf } from "../src/oci/digest.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { copyImage } from "../src/places/copy.ts";
import { readImage } from "../src/places/image-tree.ts";
import { openPlace } from "../src/places/open.ts";
import type { Source, Written } from "../src/places/place.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { silent } from "../src/util/progress.ts";
import {
  type EngineKind,
  containerd,
  containerdMissing,
  docker,
  dockerMissing,
  newDocker,
  newDockerMissing,
  podman,
  podmanMissing,
} from "./support/engine-kinds.ts";
import type { TestEngine } from "./support/engines.ts";
import { hardLayer, imageOf, layerTar, whiteoutLayer } from "./support/layers.ts";
import { describePlace } from "./support/tools.ts";

const random = randomBytes(3 << 20);
const base = hardLayer(random);
const removed = whiteoutLayer();
const empty = layerTar([]);
const own = layerTar([{ path: "own", data: "of one image" }]);

describePlace("docker", dockerMissing, () => suite(docker()));
describePlace("docker (vfs)", dockerMissing, () => suite(docker({ driver: "vfs" })));
describePlace("docker (containerd store)", newDockerMissing, () =>
  suite({ ...docker({ program: newDocker ?? "" }), keepsBlobs: true }),
);
describePlace("podman", podmanMissing, () => suite(podman()));
describePlace("podman (vfs)", podmanMissing, () => suite(podman({ driver: "vfs" })));
describePlace("podman (socket)", podmanMissing, () => suite(podman({ service: true })));
describePlace("containerd", containerdMissing, () => suite(containerd));

/** What holds for every engine. */
function suite(kind: EngineKind): void {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await kind.start();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);

  const place = (name: string) => openPlace(`${kind.transport}:${name}`, engine.context());
  const write = async (
    store: MemoryStore,
    root: Descriptor,
    name: string,
    more: Partial<Source> = {},
    signal?: AbortSignal,
  ): Promise<Written> => {
    const sink = await (await place(name)).sink();
    return copyImage(store.source(root, more), sink, { progress: silent, ...(signal && { signal }) });
  };

  test.each(["none", "gzip", "zstd"] as const)(
    "takes and gives back every byte of hard layers (%s)",
    async (packing) => {
      const store = new MemoryStore();
      const tars = [base, removed, empty, own];
      const root = imageOf(store, tars, { packing, note: packing });
      await write(store, root, `hard:${packing}`);

      const source = await (await place(`hard:${packing}`)).source();
      try {
        expect(source.name).toBe(`hard:${packing}`);
        const { images } = await readImage(source);
        const [image] = images;
        const [original] = (await readImage(store.source(root))).images;
        expect(images).toHaveLength(1);
        expect(image?.configDescriptor.digest).toBe(original?.configDescriptor.digest);
        expect(image?.layers.map((layer) => layer.diffId)).toEqual(tars.map((tar) => digestOf(tar)));
        for (const [i, layer] of (image?.layers ?? []).entries()) {
          const bytes = await readAll(await source.openLayer(layer), 1 << 26, "a layer");
          expect(bytes.equals(tars[i] as Buffer)).toBe(true);
          const blob = verified(await source.openBlob(layer.descriptor), layer.descriptor, "a blob");
          await readAll(blob, 1 << 26, "a blob");
        }
        if (kind.keepsBlobs) expect((await source.root()).descriptor.digest).toBe(root.digest);
      } finally {
        await source.close();
      }
      expect(await kind.fileIn(engine, `hard:${packing}`, "/own")).toBe("of one image");
      expect(await kind.fileIn(engine, `hard:${packing}`, "/usr/lib/random.so")).toBe(
        random.toString("latin1"),
      );
      await expect(kind.fileIn(engine, `hard:${packing}`, "/opaque/old")).rejects.toThrow();
    },
  );

  test("takes images without layers and with the same layer twice", async () => {
    const store = new MemoryStore();
    const bottom = layerTar([{ path: "first", data: "1" }]);
    const shapes = { nothing: [], twice: [bottom, empty, empty, bottom] };
    for (const [name, tars] of Object.entries(shapes)) {
      await write(store, imageOf(store, tars, { note: name }), `${name}:1`);
      const source = await (await place(`${name}:1`)).source();
      const [image] = (await readImage(source)).images;
      expect(image?.layers.map((layer) => layer.diffId)).toEqual(tars.map((tar) => digestOf(tar)));
      for (const layer of image?.layers ?? []) {
        await readAll(verified(await source.openLayer(layer), { digest: layer.diffId }, name), 1 << 20, name);
      }
      await source.close();
    }
  });

  test("does not send layers that the engine has", async () => {
    const store = new MemoryStore();
    const first = imageOf(store, [base], { note: "sharing 1" });
    await write(store, first, "sharing:1");
    const layer = {
      descriptor: { mediaType: mediaTypes.ociLayer, digest: digestOf(base), size: base.length },
      diffId: digestOf(base),
    };
    expect(await (await (await place("sharing:2")).sink()).has(layer)).toBe(true);

    const more = layerTar([{ path: "more", data: "of it" }]);
    store.asked.length = 0;
    const written = await write(store, imageOf(store, [base, more], { note: "sharing 2" }), "sharing:2");
    expect(written.bytes).toBe(more.length);
    expect(store.asked).not.toContain(digestOf(base));
    expect(await kind.fileIn(engine, "sharing:2", "/more")).toBe("of it");
    expect(await kind.fileIn(engine, "sharing:2", "/usr/lib/random.so")).toBe(random.toString("latin1"));
  });

  test("lists what it holds and opens it again", async () => {
    const store = new MemoryStore();
    const tars = [base, layerTar([{ path: "listed", data: "yes" }])];
    const root = imageOf(store, tars, { note: "listed" });
    const id = (await readImage(store.source(root))).images[0]?.configDescriptor.digest;
    await write(store, root, "listed:1");
    await write(store, root, "listed:2");
    const held = await (await openPlace(`${kind.transport}:`, engine.context())).inventory();
    const found = held.filter((image) => image.id === id);
    expect(found.flatMap((image) => image.names).sort()).toEqual(["listed:1", "listed:2"]);
    expect(found[0]?.layers).toEqual(tars.map((tar) => digestOf(tar)));
    expect(found[0]?.platform.os).toBe("linux");
    const source = await (found[0] as NonNullable<(typeof found)[0]>).open();
    expect((await readImage(source)).images[0]?.configDescriptor.digest).toBe(id);
    await source.close();
  });

  test("replaces the image that a name stood for", async () => {
    const store = new MemoryStore();
    await write(store, imageOf(store, [base], { note: "before" }), "replaced:1");
    await write(store, imageOf(store, [layerTar([{ path: "state", data: "after" }])]), "replaced:1");
    expect(await kind.fileIn(engine, "replaced:1", "/state")).toBe("after");
  });

  test("shows nothing and keeps the old image when the bytes are wrong, the source fails or the user stops", async () => {
    const store = new MemoryStore();
    await write(store, imageOf(store, [layerTar([{ path: "state", data: "old" }])]), "failing:1");
    const before = (await kind.names(engine)).sort();
    const filesBefore = await temporaryFiles(engine);
    const stop = new AbortController();
    const big = layerTar([{ path: "big", data: randomBytes(24 << 20) }]);
    const halfOf = (digest: string, then: () => AsyncGenerator<Buffer>): Partial<Source> => ({
      openBlob: async (wanted) => {
        const bytes = store.blobs.get(wanted.digest) as Buffer;
        if (wanted.digest !== digest) return Readable.from([bytes]);
        const half = async function* (): AsyncGenerator<Buffer> {
          for (let at = 0; at < bytes.length / 2; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
          yield* then();
        };
        return Readable.from(half());
      },
    });
    const endings: [string, () => AsyncGenerator<Buffer>][] = [
      ["ends after", async function* () {}],
      ["the line broke", () => failing(new Error("the line broke"))],
      ["stopped by hand", () => stopping(stop)],
    ];
    for (const [says, then] of endings) {
      const root = imageOf(store, [base, big], { note: says });
      for (const name of ["failing:1", "failing:2"]) {
        await expect(write(store, root, name, halfOf(digestOf(big), then), stop.signal)).rejects.toThrow(
          says,
        );
      }
      expect((await kind.names(engine)).sort()).toEqual(before);
    }
    // The engine tidies up in its own time.
    await expect.poll(() => temporaryFiles(engine), { timeout: 10_000 }).toEqual(filesBefore);
    expect(await kind.fileIn(engine, "failing:1", "/state")).toBe("old");
    // And what failed is no hindrance.
    await write(store, imageOf(store, [base, big], { note: "at last" }), "failing:1");
    expect((await kind.fileIn(engine, "failing:1", "/big")).length).toBe(24 << 20);
  });

  test("says what it has when an image is not there", async () => {
    const store = new MemoryStore();
    await write(store, imageOf(store, [own]), "torch-app:2");
    const failure = await (await place("torch-ap:2")).source().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "IMAGE_NOT_FOUND", hint: expect.stringContaining("torch-app:2") });
  });
}

/** What lies where the engine and ddiff keep what they are about to throw away. */
async function temporaryFiles(engine: TestEngine): Promise<string[]> {
  const folders = [
    ".",
    "data/tmp",
    "data/image/overlay2/layerdb/tmp",
    "data/image/vfs/layerdb/tmp",
    "data/containerd/daemon/io.containerd.content.v1.content/ingest",
    "root/io.containerd.content.v1.content/ingest",
  ];
  const lists = await Promise.all(
    folders.map((folder) => readdir(join(engine.folder, folder)).catch(() => [] as string[])),
  );
  return lists
    .flatMap((names, i) => names.map((name) => `${folders[i]}/${name}`))
    .filter((name) => !/file-/.test(name))
    .sort();
}

async function* failing(error: Error): AsyncGenerator<Buffer> {
  yield Buffer.from("x");
  throw error;
}

async function* stopping(stop: AbortController): AsyncGenerator<Buffer> {
  stop.abort(new Error("stopped by hand"));
  await new Promise((resolve) => setTimeout(resolve, 300));
  yield Buffer.from("x");
}
