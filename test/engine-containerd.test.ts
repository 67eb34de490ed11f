import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readAll } from "../src/codec/read-all.ts";
import { digestOf } from "../src/oci/digest.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { formatPlatform, parsePlatform } from "../src/oci/platform.ts";
import { contentSource } from "../src/places/containerd/content-store.ts";
import { ctrOf } from "../src/places/containerd/ctr.ts";
import { copyImage } from "../src/places/copy.ts";
import { readImage } from "../src/places/image-tree.ts";
import { openPlace } from "../src/places/open.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { silent } from "../src/util/progress.ts";
import { containerdMissing, lines } from "./support/engine-kinds.ts";
import { type TestEngine, startContainerd } from "./support/engines.ts";
import { hardLayer, hostArchitecture, imageOf, layerTar } from "./support/layers.ts";
import { describePlace } from "./support/tools.ts";

const base = hardLayer(randomBytes(1 << 20));
const own = layerTar([{ path: "own", data: "of one image" }]);

describePlace("containerd", containerdMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startContainerd();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);

  it("keeps every platform of an index, in the namespace that was asked for", async () => {
    const store = new MemoryStore();
    const other = process.arch === "arm64" ? "linux/amd64" : "linux/arm64";
    const foreign = layerTar([{ path: "foreign", data: "elsewhere" }]);
    const index = store.index([
      imageOf(store, [base, foreign], { packing: "gzip", platform: other }),
      imageOf(store, [base, own], { packing: "gzip" }),
    ]);
    const context = engine.context({ containerdNamespace: "k8s.io" });
    const sink = await (await openPlace("containerd:multi:1", context)).sink();
    const written = await copyImage(store.source(index), sink, { progress: silent });
    expect(written.digest).toBe(index.digest);
    // containerd removes at once what nothing refers to any more when an image is removed in this way.
    await engine.run(
      "ctr",
      "--namespace",
      "k8s.io",
      "images",
      "tag",
      "docker.io/library/multi:1",
      "example.org/x:1",
    );
    await engine.run("ctr", "--namespace", "k8s.io", "images", "rm", "--sync", "example.org/x:1");
    const tree = await readImage(await (await openPlace("containerd:multi:1", context)).source());
    expect(tree.root.digest).toBe(index.digest);
    expect(tree.images).toHaveLength(2);
    const check = await engine.run("ctr", "--namespace", "k8s.io", "images", "check");
    expect(check).toMatch(/multi:1\s.*complete \(3\/3\).*true/);
    // Another namespace lies in the same folder and still has none of it.
    const missing = await (await openPlace("containerd:multi:1", engine.context()))
      .source()
      .catch((e: unknown) => e);
    expect(missing).toMatchObject({ code: "IMAGE_NOT_FOUND", hint: expect.stringContaining("k8s.io") });
    const again = await (await openPlace("containerd:multi:1", engine.context())).sink();
    const bytes = (await copyImage(store.source(index), again, { progress: silent })).bytes;
    expect(bytes).toBeGreaterThan(0);
  });

  it("takes the platforms that were asked for and leaves the others out of the index's reach", async () => {
    const store = new MemoryStore();
    const host = imageOf(store, [base, own], { packing: "gzip", note: "sparse" });
    const others = ["linux/s390x", "linux/riscv64"].map((platform) =>
      imageOf(store, [own], { packing: "gzip", platform }),
    );
    const index = store.index([...others, host]);
    for (const wanted of [
      ["linux/s390x"],
      [`linux/${hostArchitecture()}`],
      ["linux/riscv64", `linux/${hostArchitecture()}`],
    ]) {
      const name = `sparse:${wanted.length}-${wanted[0]?.replace("/", "-")}`;
      const sink = await (await openPlace(`containerd:${name}`, engine.context())).sink();
      const platforms = wanted.map((text) => parsePlatform(text));
      const written = await copyImage(store.source(index), sink, { progress: silent, platforms });
      expect(written.digest).toBe(index.digest);
      await engine.run("ctr", "images", "tag", `docker.io/library/${name}`, "example.org/x:1");
      await engine.run("ctr", "images", "rm", "--sync", "example.org/x:1");
      const source = await (await openPlace(`containerd:${name}`, engine.context())).source();
      const { images } = await readImage(source, { platforms });
      expect(images.map((image) => formatPlatform(image.platform)).sort()).toEqual([...wanted].sort());
    }
  });

  it("is read through its command where its files are not for us", async () => {
    const store = new MemoryStore();
    const root = imageOf(store, [base, own], { packing: "gzip" });
    const sink = await (await openPlace("containerd:remote:1", engine.context())).sink();
    await copyImage(store.source(root), sink, { progress: silent });
    const { content } = ctrOf(engine.context());
    const source = contentSource(content, { label: "through ctr", name: undefined, root });
    const { images } = await readImage(source);
    for (const layer of images[0]?.layers ?? []) {
      expect(digestOf(await readAll(await source.openLayer(layer), 1 << 24, "a layer"))).toBe(layer.diffId);
    }
    const absent = { mediaType: mediaTypes.ociLayer, digest: digestOf(Buffer.from("absent")), size: 6 };
    expect(await source.hasBlob(absent)).toBe(false);
    await expect(readAll(await source.openBlob(absent), 100, "a blob")).rejects.toMatchObject({
      code: "ENGINE_REFUSED",
    });
  });

  it("says what to do where nobody answers", async () => {
    const env = { ...engine.env, CONTAINERD_ADDRESS: join(engine.folder, "nobody.sock") };
    const failure = (await openPlace("containerd:x:1", engine.context({ env }))).source();
    await expect(failure).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
      hint: expect.stringContaining("CONTAINERD_ADDRESS"),
    });
  });

  it("removes the temporary name that a killed process left", async () => {
    const store = new MemoryStore();
    const sink = async (name: string) => (await openPlace(`containerd:${name}`, engine.context())).sink();
    await copyImage(store.source(imageOf(store, [own])), await sink("kept:1"), { progress: silent });
    const names = async () => lines(await engine.run("ctr", "images", "ls", "--quiet"));
    const { processMark } = await import("../src/util/process-mark.ts");
    const dead = processMark().replace(/^\d+-\d+/, "4194303-1");
    await engine.run("ctr", "images", "tag", "docker.io/library/kept:1", `ddiff.invalid/loading:${dead}`);
    await engine.run(
      "ctr",
      "images",
      "tag",
      "docker.io/library/kept:1",
      `ddiff.invalid/loading:${processMark()}`,
    );
    await copyImage(store.source(imageOf(store, [own])), await sink("kept:2"), { progress: silent });
    const left = (await names()).filter((name) => name.startsWith("ddiff.invalid/"));
    expect(left).toHaveLength(1);
    expect(left[0]).not.toContain(dead);
  });
});
