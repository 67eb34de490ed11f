import { readdir } from "node:fs/promises";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readAll } from "../codec/read-all.ts";
import { digestOf } from "../oci/digest.ts";
import { MemoryStore } from "../places/testing/memory.ts";
import { BaseLayers } from "./base-layers.ts";
import { openBundleFile, readBundle } from "./bundle-read.ts";
import { type RebuiltLayers, rebuildLayers } from "./rebuild.ts";
import { addImage, openWorkshop, type Workshop } from "./testing/images.ts";
import { makeContent, makeTar } from "./testing/tars.ts";

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

const content = (seed: number, size = 700_000) => makeContent({ kind: "binary", seed, size, edits: 0 });
const kept = content(1);
const fresh = content(2);

const oldLayer = makeTar([
  { path: "kept", bytes: kept },
  { path: "edited", bytes: content(3) },
]);
const newLayers = [
  // Copies from itself.
  makeTar([
    { path: "first", bytes: fresh },
    { path: "again", bytes: fresh },
    { path: "kept", bytes: kept },
  ]),
  // Copies from the layer below.
  makeTar([{ path: "third", bytes: fresh }]),
  makeTar([{ path: "edited", bytes: makeContent({ kind: "binary", seed: 3, size: 700_000, edits: 9 }) }]),
];

async function withLayers(
  work: (rebuilt: RebuiltLayers) => Promise<void>,
  openLayer = () => Readable.from([oldLayer]),
  context = shop.context,
): Promise<void> {
  const store = new MemoryStore();
  const older = await shop.write(store, addImage(store, [{ tar: oldLayer, pack: "none" }]), "old:1");
  const newer = await shop.write(
    store,
    addImage(
      store,
      newLayers.map((tar) => ({ tar })),
    ),
    "new:1",
  );
  const { file } = await shop.diff([older], [newer]);
  const opened = await openBundleFile(file, shop.tempDir, process.stdin);
  const base = new BaseLayers();
  try {
    const root = addImage(store, [{ tar: oldLayer, pack: "none" }]);
    await base.addSource(store.source(root, { openLayer: async () => openLayer() }));
    const rebuilt = await rebuildLayers(await readBundle(opened), base, context, { late: true });
    try {
      await work(rebuilt);
    } finally {
      await rebuilt.close();
    }
  } finally {
    opened.close();
  }
  expect(await readdir(shop.tempDir)).toEqual([]);
}

it("gives layers while they are made, as often as they are asked for", async () => {
  await withLayers(async ({ spools, streams }) => {
    const digests = newLayers.map((tar) => digestOf(tar));
    // What another layer copies from must lie in a file; the others need none.
    expect([...spools.keys()]).toEqual(digests.slice(0, 1));
    expect([...streams.keys()]).toEqual(digests.slice(1));
    for (let time = 0; time < 2; time++) {
      for (const [digest, { size, open }] of streams) {
        const made = await readAll(open(), size, "a layer");
        expect(made.length).toBe(size);
        expect(digestOf(made)).toBe(digest);
      }
    }
  });
});

it("leaves nothing where the readers go away, before the first byte or in the middle", async () => {
  await withLayers(async ({ streams }) => {
    for (const { open } of streams.values()) {
      open();
      open().destroy();
      for await (const _ of open()) break;
      open().read();
    }
  });
});

it("fails a layer's stream where its base is another than it says", async () => {
  const damaged = Buffer.from(oldLayer);
  damaged[oldLayer.length - 400_000] = (damaged[oldLayer.length - 400_000] ?? 0) ^ 1;
  const late = withLayers(
    async ({ streams }) => {
      const { open, size } = streams.get(digestOf(newLayers[2] as Buffer)) ?? expect.fail("it is no stream");
      await readAll(open(), size, "a layer");
    },
    () => Readable.from([damaged]),
  );
  await expect(late).rejects.toMatchObject({
    code: "DIGEST_MISMATCH",
    message: expect.stringMatching(/^base layer/),
  });
});

it("reads a base no further once it is to be given up", async () => {
  const stop = new AbortController();
  const stalled = (): Readable => {
    setImmediate(() => stop.abort(new Error("enough")));
    return new Readable({ read() {} });
  };
  const context = { ...shop.context, signal: stop.signal };
  await expect(withLayers(async () => {}, stalled, context)).rejects.toThrow("aborted");
  expect(await readdir(shop.tempDir)).toEqual([]);
});
