import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hexOf } from "../oci/digest.ts";
import { parsePlatform } from "../oci/platform.ts";
import { silent } from "../util/progress.ts";
import { copyImage } from "./copy.ts";
import { readImage } from "./image-tree.ts";
import { ociLayoutPlace } from "./oci-layout.ts";
import type { PlaceContext } from "./place.ts";
import { MemoryStore } from "./testing/memory.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ddiff-copy-"));
});
afterEach(() => rm(folder, { recursive: true }));

const layout = (name: string) => {
  const context: PlaceContext = { env: {}, progress: silent, tempDir: folder, insecure: false };
  return ociLayoutPlace(`${join(folder, name)}:app:1`, context);
};

function signedIndex(store: MemoryStore) {
  const images = [
    store.image("linux/amd64", ["base", "amd"]),
    store.image("linux/arm64", ["base", "arm"]),
  ] as const;
  const root = store.index([...images, store.attestation(images[0], "statement")]);
  const signature = store.referrer(root, "signature");
  return { root, signature };
}

test("an image goes through two layouts and back with every byte", async () => {
  const store = new MemoryStore();
  const { root, signature } = signedIndex(store);
  await copyImage(store.source(root), await layout("one").sink(), { progress: silent });
  await copyImage(await layout("one").source(), await layout("two").sink(), { progress: silent });
  const back = new MemoryStore();
  const sink = back.sink();
  const written = await copyImage(await layout("two").source(), sink, { progress: silent });
  expect(written.digest).toBe(root.digest);
  expect(back.blobs).toEqual(store.blobs);
  expect(sink.written?.referrers.map((one) => one.digest)).toEqual([signature.digest]);
});

test("a layout that received one platform gives that one on", async () => {
  const store = new MemoryStore();
  const { root } = signedIndex(store);
  const platforms = [parsePlatform("linux/arm64")];
  await copyImage(store.source(root), await layout("one").sink(), { progress: silent, platforms });
  const source = await layout("one").source();
  const tree = await readImage(source);
  expect(tree.root.digest).toBe(root.digest);
  expect(tree.images.map((image) => image.platform.architecture)).toEqual(["arm64"]);
});

test("a blob that is damaged on its way leaves nothing behind that can be seen", async () => {
  const store = new MemoryStore();
  const { root } = signedIndex(store);
  const good = store.source(root);
  const bad = store.source(root, {
    openBlob: (descriptor) => good.openBlob({ ...descriptor, digest: root.digest }),
  });
  await expect(copyImage(bad, await layout("one").sink(), { progress: silent })).rejects.toMatchObject({
    code: expect.stringMatching(/^(DIGEST|SIZE)_MISMATCH$/),
  });
  await expect(layout("one").source()).rejects.toThrow();
  const left = await readdir(folder, { recursive: true });
  expect(left.filter((name) => /[0-9a-f]{64}/.test(name))).toEqual([]);
});

test("what lies in the layout is what its names say", async () => {
  const store = new MemoryStore();
  const { root } = signedIndex(store);
  await copyImage(store.source(root), await layout("one").sink(), { progress: silent });
  for (const [digest, bytes] of store.blobs) {
    expect(await readFile(join(folder, "one", "blobs", "sha256", hexOf(digest)))).toEqual(bytes);
  }
});
