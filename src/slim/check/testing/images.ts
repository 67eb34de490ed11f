import { Readable } from "node:stream";
import { makeTar, type TarSpec } from "../../../delta/testing/tars.ts";
import { stackLayers } from "../../../inspect/stack.ts";
import { FileTree } from "../../../inspect/file-tree.ts";
import { readLayer } from "../../../inspect/read-layer.ts";
import { parseConfig } from "../../../oci/config.ts";
import { digestOf } from "../../../oci/digest.ts";
import { mediaTypes } from "../../../oci/media-types.ts";
import { readRunConfig } from "../../../oci/run-config.ts";
import { MemoryStore } from "../../../places/testing/memory.ts";
import type { CheckedImage } from "../image.ts";

/** An image of these layers, bottom first; `config` is the part of its settings that says how it is run. */
export async function testImage(
  layers: readonly (readonly TarSpec[])[],
  config: Record<string, unknown> = {},
  architecture = process.arch === "arm64" ? "arm64" : "amd64",
): Promise<CheckedImage> {
  const store = new MemoryStore();
  const tars = layers.map((members) => makeTar(members));
  const platform = { os: "linux", architecture };
  const rootfs = { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) };
  const bytes = Buffer.from(JSON.stringify({ ...platform, config, rootfs }));
  const configDescriptor = store.blob(mediaTypes.ociConfig, bytes);
  const descriptors = tars.map((tar) => store.blob(mediaTypes.ociLayer, tar));
  const manifest = store.manifest(configDescriptor, descriptors);
  const source = store.source(manifest, {
    openLayer: async ({ diffId }) => Readable.from([store.blobs.get(diffId) ?? Buffer.alloc(0)]),
  });
  const inventories = await Promise.all(tars.map((tar) => readLayer(digestOf(tar), Readable.from([tar]))));
  return {
    name: "image",
    image: {
      manifest,
      config: parseConfig(bytes),
      configDescriptor,
      platform,
      layers: descriptors.map((descriptor) => ({ descriptor, diffId: descriptor.digest })),
    },
    source,
    run: readRunConfig(bytes),
    tree: new FileTree(stackLayers(inventories)),
  };
}
