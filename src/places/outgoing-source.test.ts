import { expect, test } from "vitest";
import { readAll } from "../codec/read-all.ts";
import { copyImage, outgoingImage } from "./copy.ts";
import { readImage } from "./image-tree.ts";
import { outgoingSource } from "./outgoing-source.ts";
import { MemoryStore } from "./testing/memory.ts";
import { silent } from "../util/progress.ts";

async function outgoing() {
  const from = new MemoryStore();
  const root = from.index([from.image("linux/amd64", ["one", "two"]), from.image("linux/arm64", ["one"])]);
  const source = from.source(root);
  return { from, root, image: await outgoingImage(source, await readImage(source)) };
}

test("an image that was not written yet can be read as if it were", async () => {
  const { from, root, image } = await outgoing();
  const to = new MemoryStore();
  const written = await copyImage(outgoingSource(image, "the new image"), to.sink(), { progress: silent });
  expect(written.digest).toBe(root.digest);
  expect(to.blobs).toEqual(from.blobs);
});

test("its layers come unpacked", async () => {
  const { image } = await outgoing();
  const source = outgoingSource(image, "the new image");
  const layers = image.images[0]?.layers ?? [];
  const texts = await Promise.all(
    layers.map(async (layer) => (await readAll(await source.openLayer(layer), 100, "layer")).toString()),
  );
  expect(texts).toEqual(["one", "two"]);
});

test("what it does not have is missed by its digest", async () => {
  const { image } = await outgoing();
  const source = outgoingSource({ ...image, blobs: [] }, "the new image");
  const layer = image.images[0]?.layers[0];
  if (layer === undefined) throw new Error("no layer");
  expect(await source.hasBlob(layer.descriptor)).toBe(false);
  await expect(source.openLayer(layer)).rejects.toMatchObject({ code: "BLOB_MISSING" });
});
