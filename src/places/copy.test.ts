import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { parsePlatform } from "../oci/platform.ts";
import { silent } from "../util/progress.ts";
import { copyImage, outgoingImage } from "./copy.ts";
import { readImage } from "./image-tree.ts";
import { MemoryStore } from "./testing/memory.ts";

const options = { progress: silent };

function signedIndex(store: MemoryStore) {
  const images = [
    store.image("linux/amd64", ["base", "amd"]),
    store.image("linux/arm64", ["base", "arm"]),
  ] as const;
  const root = store.index([...images, store.attestation(images[0], "statement")]);
  store.referrer(root, "signature");
  return { root, images };
}

describe("a copy", () => {
  test("has every byte of the image, its attestations and its signatures", async () => {
    const from = new MemoryStore();
    const to = new MemoryStore();
    const { root } = signedIndex(from);
    const written = await copyImage(from.source(root), to.sink(), options);
    expect(written.digest).toBe(root.digest);
    expect(to.blobs).toEqual(from.blobs);
  });

  test("takes each blob once, and nothing that the place has already", async () => {
    const from = new MemoryStore();
    const to = new MemoryStore();
    const { root, images } = signedIndex(from);
    await copyImage(from.source(images[0]), to.sink(), options);
    from.asked.length = 0;
    const sink = to.sink();
    await copyImage(from.source(root), sink, options);
    const blobs = sink.written?.blobs.map((blob) => blob.descriptor.digest) ?? [];
    expect(new Set(blobs).size).toBe(blobs.length);
    const opened = blobs.filter((digest) => from.asked.includes(digest));
    // The statement, the signature, and the one layer that arm64 has for itself.
    expect(opened).toHaveLength(3);
    const again = await copyImage(from.source(root), to.sink(), options);
    expect(again.bytes).toBe(0);
  });

  test("of one platform keeps the index's digest and leaves the others behind", async () => {
    const from = new MemoryStore();
    const to = new MemoryStore();
    const { root, images } = signedIndex(from);
    const written = await copyImage(from.source(root), to.sink(), {
      ...options,
      platforms: [parsePlatform("linux/arm64")],
    });
    expect(written.digest).toBe(root.digest);
    expect(to.blobs.has(images[1].digest)).toBe(true);
    expect(to.blobs.has(images[0].digest)).toBe(false);
    const copied = await readImage(to.source(root));
    expect(copied.images).toHaveLength(1);
    expect(copied.referrers).toHaveLength(1);
  });

  test("fails where a blob is not what its descriptor says", async () => {
    const from = new MemoryStore();
    const root = from.image("linux/amd64", ["layer"]);
    const bad: [string, (good: Buffer) => Buffer][] = [
      ["DIGEST_MISMATCH", (good) => Buffer.from(good.map((byte, i) => (i === 12 ? byte ^ 1 : byte)))],
      ["SIZE_MISMATCH", (good) => good.subarray(1)],
      ["SIZE_MISMATCH", (good) => Buffer.concat([good, Buffer.alloc(1)])],
    ];
    for (const [code, damage] of bad) {
      const to = new MemoryStore();
      const sink = to.sink();
      const source = from.source(root, {
        openBlob: async ({ digest }) => Readable.from([damage(from.blobs.get(digest) ?? Buffer.alloc(0))]),
      });
      await expect(copyImage(source, sink, options)).rejects.toMatchObject({ code });
      expect(sink.written).toBeUndefined();
    }
  });

  test("does not begin when it was called off", async () => {
    const from = new MemoryStore();
    const root = from.image("linux/amd64", ["layer"]);
    await expect(
      copyImage(from.source(root), from.sink(), { ...options, signal: AbortSignal.abort() }),
    ).rejects.toThrow("aborted");
    expect(from.asked).toEqual([]);
  });
});

describe("an outgoing image", () => {
  test("says where a registry can mount its blobs from", async () => {
    const store = new MemoryStore();
    const { root } = signedIndex(store);
    const repository = { registry: "localhost:5000", repository: "team/app" };
    const source = store.source(root, { repository });
    const { blobs } = await outgoingImage(source, await readImage(source));
    expect(blobs.map((blob) => blob.mountFrom)).toEqual(blobs.map(() => repository));
    const other = store.source(root);
    expect((await outgoingImage(other, await readImage(other))).blobs[0]).not.toHaveProperty("mountFrom");
  });

  test("gives layers their diffIDs, artifacts none", async () => {
    const store = new MemoryStore();
    const { root } = signedIndex(store);
    const source = store.source(root);
    const { blobs, images } = await outgoingImage(source, await readImage(source));
    const layers = new Map(
      images.flatMap((image) => image.layers).map((layer) => [layer.descriptor.digest, layer.diffId]),
    );
    for (const blob of blobs) expect(blob.diffId).toBe(layers.get(blob.descriptor.digest));
    expect(blobs.filter((blob) => blob.diffId === undefined)).toHaveLength(2);
  });

  test("leaves out layers that may not be passed on and are not there", async () => {
    const store = new MemoryStore();
    const base = store.image("linux/amd64", ["base"]);
    const [image] = (await readImage(store.source(base))).images;
    if (image?.layers[0] === undefined) throw new Error("the image has a layer");
    const mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    const layer = { ...image.layers[0].descriptor, mediaType };
    const root = store.manifest(image.configDescriptor, [layer]);
    expect((await outgoingImage(store.source(root), await readImage(store.source(root)))).blobs).toHaveLength(
      1,
    );
    store.blobs.delete(layer.digest);
    expect((await outgoingImage(store.source(root), await readImage(store.source(root)))).blobs).toEqual([]);
  });
});
