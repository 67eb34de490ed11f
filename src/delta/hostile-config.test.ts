import { zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, it } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { type BundleConfig, bundleTypes, type PatchedLayer } from "./bundle-config.ts";
import { putTogether, takeApart } from "./testing/forge.ts";
import { type Forge, openForge } from "./testing/hostile.ts";
import { makeTar, type TarSpec } from "./testing/tars.ts";

let forge: Forge;
beforeAll(async () => {
  forge = await openForge();
});
afterAll(() => forge.close());

const withConfig = (change: (config: BundleConfig) => void) => forge.forged(({ config }) => change(config));

const patchOf = (config: BundleConfig, number = 0) =>
  config.layers.filter((layer): layer is PatchedLayer => layer.from === "patch")[number] as PatchedLayer;

describe("a bundle whose config lies", () => {
  const none = digestOf(Buffer.from("none"));

  it("is refused for another version with the way out", async () => {
    const bytes = await withConfig((config) => Object.assign(config, { version: 4 }));
    await forge.expectRefused(
      bytes,
      /has version 4 of the format, this ddiff reads versions 1 to 3/,
      "BUNDLE_VERSION",
    );
    await forge.expectRefused(
      await withConfig((config) => Object.assign(config, { version: "1" })),
      /version of its config/,
    );
  });

  it.each<[string, (config: BundleConfig) => unknown, RegExp]>([
    ["an unknown field", (config) => Object.assign(config, { extra: 1 }), /of its config/],
    [
      "an unknown way to carry a layer",
      (config) => Object.assign(patchOf(config), { from: "wherever" }),
      /layers\.0/,
    ],
    ["no targets", (config) => (config.targets = []), /targets of its config/],
    [
      "a target that is not carried",
      (config) => (config.targets = [{ root: { mediaType: mediaTypes.ociManifest, digest: none, size: 5 } }]),
      /does not hold the document/,
    ],
    [
      "a document whose size lies",
      (config) => ((config.documents[0] as { size: number }).size += 1),
      /documents\.0/,
    ],
    [
      "a document that is not its digest",
      (config) => ((config.documents[0] as { text: string }).text += " "),
      /documents\.0/,
    ],
    ["a missing document", (config) => config.documents.pop(), /does not hold|is no whole image/],
    [
      "a layer left out",
      (config) => config.layers.pop(),
      /does not say where layer sha256:\w+ comes from|does not name/,
    ],
    [
      "a layer too many",
      (config) => config.layers.push({ from: "base", diffId: none }),
      /belongs to no image/,
    ],
    ["a layer twice", (config) => config.layers.push(config.layers[0] as PatchedLayer), /stands there twice/],
    [
      "a base layer that is not named",
      (config) => (patchOf(config).bases = [7]),
      /refers to a base layer that is not named/,
    ],
    ["a copy from a later layer", (config) => (patchOf(config).copies = [1]), /cannot copy from/],
    ["a copy from itself", (config) => (patchOf(config, 1).copies = [1]), /cannot copy from/],
    [
      "base layers that its patches do not name",
      (config) => (patchOf(config).bases = []),
      /refers to layer 0, which it does not name/,
    ],
    [
      "copies that it does not name",
      (config) => (patchOf(config, 1).copies = []),
      /refers to layer 0, which it does not name/,
    ],
    [
      "a layer that is smaller than its patch makes it",
      (config) => (patchOf(config).size -= 512),
      /gives more bytes than it says|more new bytes/,
    ],
    ["a layer that is larger", (config) => (patchOf(config).size += 512), /gives fewer bytes than it says/],
    ["a layer of another digest", (config) => (patchOf(config).diffId = none), /does not say where/],
    [
      "a blob that is not there",
      (config) => config.blobs.push({ mediaType: "text/plain", digest: none, size: 4 }),
      /does not hold sha256/,
    ],
    [
      "a blob whose size lies",
      (config) => (patchOf(config).patch.size += 1),
      /does not hold sha256|bytes instead of/,
    ],
  ])("is refused with %s", async (_, change, sentence) => {
    await forge.expectRefused(await withConfig(change), sentence);
  });

  it("is refused when a whole layer is not the layer that its image names", async () => {
    const { file: whole } = await forge.shop.diff([forge.base], [forge.target], { wholeLayers: true });
    const open = await takeApart(whole, forge.shop.tempDir);
    const [one, other] = open.config.layers;
    if (one?.from !== "blob" || other?.from !== "blob") throw new Error("these layers travel whole");
    [one.blob, other.blob] = [other.blob, one.blob];
    await forge.expectRefused(await putTogether(open), /layer sha256:\w+ should be sha256:\w+ but is sha256/);
  });

  it("is refused when its config is a bomb or no JSON", async () => {
    const all = await forge.members();
    const withConfigBytes = (bytes: Buffer): Buffer => {
      const config = { mediaType: bundleTypes.config, digest: digestOf(bytes), size: bytes.length };
      const manifest = Buffer.from(JSON.stringify({ ...JSON.parse(String(all[2]?.bytes)), config }));
      const about = {
        mediaType: mediaTypes.ociManifest,
        digest: digestOf(manifest),
        size: manifest.length,
        artifactType: bundleTypes.artifact,
      };
      const index = Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [about] }),
      );
      return makeTar([
        all[0] as TarSpec,
        { path: "index.json", bytes: index },
        { path: `blobs/sha256/${about.digest.slice(7)}`, bytes: manifest },
        { path: `blobs/sha256/${config.digest.slice(7)}`, bytes },
        ...all.slice(4),
      ]);
    };
    await forge.expectRefused(
      withConfigBytes(zstdCompressSync(Buffer.alloc(200 << 20, 0x20))),
      /its config is not packed JSON/,
    );
    await forge.expectRefused(withConfigBytes(Buffer.from("not packed")), /its config is not packed JSON/);
    await forge.expectRefused(
      withConfigBytes(zstdCompressSync("[".repeat(100_000))),
      /its config is not packed JSON/,
    );
    await forge.expectRefused(
      withConfigBytes(zstdCompressSync('{"version":1,"version":1}')),
      /its config is not packed JSON/,
    );
  });
});
