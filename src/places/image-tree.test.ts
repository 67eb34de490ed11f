import { describe, expect, test } from "vitest";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { formatPlatform, parsePlatform } from "../oci/platform.ts";
import { readImage } from "./image-tree.ts";
import { MemoryStore } from "./testing/memory.ts";

const linux = (...names: string[]) => names.map((name) => parsePlatform(`linux/${name}`));
const platformsOf = (tree: { images: { platform: Parameters<typeof formatPlatform>[0] }[] }) =>
  tree.images.map((image) => formatPlatform(image.platform));

/** An index of three platforms, each with its attestation. */
function multi(store: MemoryStore) {
  const images = ["linux/amd64", "linux/arm64", "linux/arm/v7"].map((name) =>
    store.image(name, ["base", name]),
  );
  const attestations = images.map((image) => store.attestation(image, `built ${image.digest}`));
  return { images, attestations, root: store.index([...images, ...attestations]) };
}

function remove(store: MemoryStore, ...descriptors: (Descriptor | undefined)[]): void {
  for (const descriptor of descriptors) if (descriptor !== undefined) store.blobs.delete(descriptor.digest);
}

describe("an image that is one manifest", () => {
  test("gives its layers with their diffIDs, bottom first", async () => {
    const store = new MemoryStore();
    const { platform: _, ...root } = store.image("linux/arm64", ["bottom", "top"]);
    const tree = await readImage(store.source(root));
    expect(tree.root).toEqual(root);
    expect(platformsOf(tree)).toEqual(["linux/arm64"]);
    expect(tree.images[0]?.layers.map((layer) => layer.diffId)).toEqual(
      ["bottom", "top"].map((text) => digestOf(Buffer.from(text))),
    );
    expect(tree.documents.size).toBe(2);
    expect(tree.artifactBlobs).toEqual([]);
  });

  test("is refused when its config counts other layers", async () => {
    const store = new MemoryStore();
    const config = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [] } };
    const layer = store.blob(mediaTypes.ociLayer, "layer");
    const root = store.manifest(store.blob(mediaTypes.ociConfig, JSON.stringify(config)), [layer]);
    await expect(readImage(store.source(root))).rejects.toMatchObject({
      code: "IMAGE_INVALID",
      message: expect.stringMatching(/lists 1 layers, its config 0/),
    });
  });

  test("is refused where another platform is asked for, with what there is", async () => {
    const store = new MemoryStore();
    const root = store.image("linux/arm64", ["a"]);
    await expect(readImage(store.source(root), { platforms: linux("amd64") })).rejects.toMatchObject({
      code: "PLATFORM_MISSING",
      hint: "It has linux/arm64.",
    });
  });

  test("is refused when its bytes are not what was named", async () => {
    const store = new MemoryStore();
    const root = store.image("linux/arm64", ["a"]);
    const other = store.image("linux/arm64", ["b"]);
    const lying = store.source(root, {
      root: async () => ({ descriptor: root, bytes: store.blobs.get(other.digest) ?? Buffer.alloc(0) }),
    });
    await expect(readImage(lying)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    const cut = store.source(root, {
      readDocument: async (descriptor) => ({ descriptor, bytes: Buffer.from("{}") }),
    });
    await expect(readImage(cut)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  });
});

describe("an image of several platforms", () => {
  test("gives all of them and their attestations, which do not count as images", async () => {
    const store = new MemoryStore();
    const { root, attestations } = multi(store);
    const tree = await readImage(store.source(root));
    expect(platformsOf(tree)).toEqual(["linux/amd64", "linux/arm64", "linux/arm/v7"]);
    expect(tree.documents.size).toBe(1 + 2 * (3 + 3));
    expect(tree.artifactBlobs.map((blob) => blob.mediaType)).toEqual(
      attestations.map(() => "application/vnd.in-toto+json"),
    );
  });

  test("gives the asked one alone with its attestation, and reads nothing of the others", async () => {
    const store = new MemoryStore();
    const { root, images, attestations } = multi(store);
    const tree = await readImage(store.source(root), { platforms: linux("arm64") });
    expect(platformsOf(tree)).toEqual(["linux/arm64"]);
    expect(tree.root.digest).toBe(root.digest);
    expect(tree.documents.has(attestations[1]?.digest ?? root.digest)).toBe(true);
    expect(tree.artifactBlobs).toHaveLength(1);
    for (const other of [images[0], images[2], attestations[0], attestations[2]]) {
      expect(store.asked).not.toContain(other?.digest);
    }
  });

  test("gives each platform asked for its best, or says what there is", async () => {
    const store = new MemoryStore();
    const { root } = multi(store);
    const source = store.source(root);
    expect(platformsOf(await readImage(source, { platforms: linux("arm/v8", "amd64") }))).toEqual([
      "linux/amd64",
      "linux/arm/v7",
    ]);
    await expect(readImage(source, { platforms: linux("amd64", "s390x") })).rejects.toMatchObject({
      code: "PLATFORM_MISSING",
      message: "memory:image has no image for linux/s390x",
      hint: "It has linux/amd64, linux/arm64, linux/arm/v7.",
    });
  });

  test("may be nested, with entries that name no platform, and with shared children", async () => {
    const store = new MemoryStore();
    const amd = store.image("linux/amd64", ["a"]);
    const { platform: _, ...nameless } = store.image("linux/arm64", ["b"]);
    const nested = store.index([store.index([nameless, amd]), amd]);
    const root = store.index([amd, nested, nested]);
    expect(platformsOf(await readImage(store.source(root)))).toEqual(["linux/amd64", "linux/arm64"]);
    const tree = await readImage(store.source(root), { platforms: linux("arm64") });
    expect(platformsOf(tree)).toEqual(["linux/arm64"]);
    expect(tree.documents.has(amd.digest)).toBe(false);
    expect(tree.documents.has(nested.digest)).toBe(true);
  });

  test("loses the platforms that an engine never fetched, manifest or config", async () => {
    const store = new MemoryStore();
    const { root, images, attestations } = multi(store);
    const config = (await readImage(store.source(root))).images[2]?.configDescriptor;
    remove(store, images[0], config, attestations[0], attestations[2]);
    const tree = await readImage(store.source(root));
    expect(platformsOf(tree)).toEqual(["linux/arm64"]);
    expect(tree.documents.has(images[2]?.digest ?? root.digest)).toBe(false);
    await expect(readImage(store.source(root), { platforms: linux("amd64") })).rejects.toMatchObject({
      code: "PLATFORM_MISSING",
      message: expect.stringMatching(/does not hold its content/),
    });
  });

  test("loses an attestation whose content the engine never fetched", async () => {
    const store = new MemoryStore();
    const image = store.image("linux/amd64", ["a"]);
    const attestation = store.attestation(image, "statement");
    const root = store.index([image, attestation]);
    store.blobs.delete(digestOf(Buffer.from("statement")));
    const tree = await readImage(store.source(root));
    expect(platformsOf(tree)).toEqual(["linux/amd64"]);
    expect(tree.documents.has(attestation.digest)).toBe(false);
    expect(tree.artifactBlobs).toEqual([]);
  });

  test("of which nothing is held is refused", async () => {
    const store = new MemoryStore();
    const { root, images } = multi(store);
    remove(store, ...images);
    await expect(readImage(store.source(root))).rejects.toMatchObject({ code: "BLOB_MISSING" });
  });

  test("is not emptied by a source that fails", async () => {
    const store = new MemoryStore();
    const { root, images } = multi(store);
    const source = store.source(root);
    const failing = store.source(root, {
      readDocument: (descriptor) =>
        descriptor.digest === images[1]?.digest
          ? Promise.reject(new Error("reset"))
          : source.readDocument(descriptor),
    });
    await expect(readImage(failing)).rejects.toThrow("reset");
  });

  test("takes the platform from the index, where the config names the builder's", async () => {
    const store = new MemoryStore();
    const wrong = { ...store.image("linux/amd64", ["a"]), platform: parsePlatform("linux/arm64") };
    const tree = await readImage(store.source(store.index([wrong])), { platforms: linux("arm64") });
    expect(platformsOf(tree)).toEqual(["linux/arm64"]);
  });
});

describe("what is no image", () => {
  test("is read as an artifact: a chart, a signature in an image's clothes, an index of cache layers", async () => {
    const store = new MemoryStore();
    const chart = store.manifest(store.blob("application/vnd.cncf.helm.config.v1+json", '{"name":"a"}'), [
      store.blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "chart"),
    ]);
    const signature = store.manifest(store.blob(mediaTypes.ociConfig, '{"architecture":"","config":{}}'), [
      store.blob("application/vnd.dev.cosign.simplesigning.v1+json", "{}"),
    ]);
    for (const root of [chart, signature]) {
      const tree = await readImage(store.source(root));
      expect(tree.images).toEqual([]);
      expect(tree.documents.size).toBe(2);
      expect(tree.artifactBlobs).toHaveLength(1);
    }
    const cache = store.index([
      store.blob(mediaTypes.ociLayerGzip, "x"),
      store.blob("application/vnd.buildkit.cacheconfig.v0", "{}"),
    ]);
    expect((await readImage(store.source(cache))).artifactBlobs).toHaveLength(2);
  });

  test("has a config that is no document when it is too large to hold", async () => {
    const store = new MemoryStore();
    const large = store.blob("application/vnd.example.model", Buffer.alloc(5 << 20));
    const tree = await readImage(store.source(store.manifest(large, [])));
    expect(tree.artifactBlobs.map((blob) => blob.digest)).toEqual([large.digest]);
    expect(tree.documents.size).toBe(1);
  });

  test("lists one content once, though it is config and layer at a time", async () => {
    const store = new MemoryStore();
    const empty = store.blob(mediaTypes.ociEmpty, "{}");
    const tree = await readImage(store.source(store.manifest(empty, [empty], { artifactType: "a/b" })));
    expect(tree.documents.has(empty.digest)).toBe(true);
    expect(tree.artifactBlobs).toEqual([]);
  });
});

describe("referrers", () => {
  test("of index, manifests and of other referrers come along, each once", async () => {
    const store = new MemoryStore();
    const { root, images } = multi(store);
    const first = images[0] ?? root;
    const sbom = store.referrer(first, "sbom");
    const ofIndex = store.referrer(root, "signature");
    const ofSbom = store.referrer(sbom, "signature of the sbom");
    const tree = await readImage(store.source(root));
    expect(tree.referrers.map((one) => one.digest).toSorted()).toEqual(
      [sbom, ofIndex, ofSbom].map((one) => one.digest).toSorted(),
    );
    for (const one of tree.referrers) expect(tree.documents.has(one.digest)).toBe(true);
    expect(
      tree.artifactBlobs.filter((blob) => blob.mediaType === "application/vnd.example.signature"),
    ).toHaveLength(3);
    expect((await readImage(store.source(root), { referrers: false })).referrers).toEqual([]);
  });

  test("of a platform that stays behind stay behind", async () => {
    const store = new MemoryStore();
    const { root, images } = multi(store);
    store.referrer(images[0] ?? root, "of amd64");
    const mine = store.referrer(images[1] ?? root, "of arm64");
    const tree = await readImage(store.source(root), { platforms: linux("arm64") });
    expect(tree.referrers.map((one) => one.digest)).toEqual([mine.digest]);
  });

  test("that are images or indexes are never run", async () => {
    const store = new MemoryStore();
    const { platform: _, ...root } = store.image("linux/amd64", ["a"]);
    const image = store.image("linux/amd64", ["tool"]);
    const index = store.index([image], { subject: root });
    const tree = await readImage(store.source(root));
    expect(tree.images).toHaveLength(1);
    expect(tree.referrers.map((one) => one.digest)).toEqual([index.digest]);
    expect(tree.documents.has(image.digest)).toBe(true);
    expect(tree.artifactBlobs).toHaveLength(1);
  });

  test("that refer to something else, or are not held, are left out", async () => {
    const store = new MemoryStore();
    const { platform: _, ...root } = store.image("linux/amd64", ["a"]);
    const elsewhere = store.referrer(store.image("linux/amd64", ["b"]), "elsewhere");
    const unheld = store.referrer(root, "unheld");
    const hollow = store.referrer(root, "hollow");
    store.blobs.delete(digestOf(Buffer.from("hollow")));
    const source = store.source(root, { referrers: async () => [elsewhere, unheld, hollow] });
    remove(store, unheld);
    expect((await readImage(source)).referrers).toEqual([]);
  });
});

describe("a hostile image", () => {
  test("that nests without end is refused", async () => {
    const store = new MemoryStore();
    let root = store.image("linux/amd64", ["a"]);
    for (let i = 0; i < 9; i++) root = store.index([root]);
    await expect(readImage(store.source(root))).rejects.toMatchObject({ code: "IMAGE_INVALID" });
  });

  test("that lists the same child at every turn costs one reading of it", async () => {
    const store = new MemoryStore();
    const leaf = store.image("linux/amd64", ["a"]);
    let root = leaf;
    for (let i = 0; i < 7; i++) root = store.index(Array.from({ length: 500 }, () => root));
    await readImage(store.source(root));
    expect(store.asked.filter((digest) => digest === leaf.digest)).toHaveLength(1);
    expect(store.asked).toHaveLength(9);
  });

  test("with ever new referrers is refused", async () => {
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["a"]);
    const endless = store.source(root, {
      referrers: async (subject) =>
        Array.from({ length: 100 }, (_, i) => store.referrer({ ...root, digest: subject }, `${subject}${i}`)),
    });
    await expect(readImage(endless)).rejects.toMatchObject({ code: "TOO_LARGE" });
  });

  test("whose manifest claims gigabytes is refused before a byte is read", async () => {
    const store = new MemoryStore();
    const child = { ...store.image("linux/amd64", ["a"]), size: 8e9 };
    const root = store.index([child]);
    await expect(readImage(store.source(root))).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(store.asked).toEqual([root.digest]);
  });
});
