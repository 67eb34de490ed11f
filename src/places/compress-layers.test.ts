import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { silent } from "../util/progress.ts";
import { copyImage } from "./copy.ts";
import { readImage } from "./image-tree.ts";
import { MemoryStore } from "./testing/memory.ts";

let tempDir: string;
beforeEach(async () => {
  tempDir = await mkdtemp(join(tmpdir(), "compress-"));
});
afterEach(() => rm(tempDir, { recursive: true }));

/** An image as an engine without packed layers answers it. */
function unpackedImage(): { store: MemoryStore; tar: Buffer; manifest: ReturnType<MemoryStore["manifest"]> } {
  const store = new MemoryStore();
  const tar = Buffer.alloc(300_000, "layer ");
  const layer = store.blob(mediaTypes.dockerLayer, tar);
  const config = store.blob(
    mediaTypes.dockerConfig,
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    }),
  );
  const manifest = store.manifest(config, [layer], { mediaType: mediaTypes.dockerManifest });
  return { store, tar, manifest };
}

test("an image from an engine reaches a registry with gzip layers and its own image ID", async () => {
  const { store, tar, manifest } = unpackedImage();
  const source = { ...store.source(manifest), unpacked: true };
  const target = new MemoryStore();
  const sink = { ...target.sink(), wantsPacked: true };
  const written = await copyImage(source, sink, { progress: silent, tempDir });

  const copied = await readImage(
    target.source({
      ...manifest,
      digest: written.digest,
      size: target.blobs.get(written.digest)?.length ?? 0,
    }),
  );
  const [before, after] = [(await readImage(source)).images[0], copied.images[0]];
  expect(after?.configDescriptor.digest).toBe(before?.configDescriptor.digest);
  const layer = after?.layers[0]?.descriptor;
  expect(layer?.mediaType).toBe(mediaTypes.dockerLayerGzip);
  const bytes = target.blobs.get(layer?.digest ?? digestOf(tar)) as Buffer;
  expect(gunzipSync(bytes).equals(tar)).toBe(true);
  expect(await readdir(tempDir)).toEqual([]);
});

test("a place that keeps what it gets, digests and all, is not packed for", async () => {
  const { store, manifest } = unpackedImage();
  const target = new MemoryStore();
  const written = await copyImage({ ...store.source(manifest), unpacked: true }, target.sink(), {
    progress: silent,
    tempDir,
  });
  expect(written.digest).toBe(manifest.digest);
});
