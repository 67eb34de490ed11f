import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Descriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { parseDocument, type Index, type Manifest } from "./manifest.ts";
import { compressionOfType, isLayerType, mediaTypes } from "./media-types.ts";
import { encodeDocument, layerType, withLayers, withManifests } from "./rewrite.ts";

const blob = (mediaType: string, text: string): Descriptor => ({
  mediaType,
  digest: digestOf(Buffer.from(text)),
  size: text.length,
});
const oci: Manifest = {
  kind: "manifest",
  mediaType: mediaTypes.ociManifest,
  config: blob(mediaTypes.ociConfig, "config"),
  layers: [blob(mediaTypes.ociLayerGzip, "old")],
};
const docker: Manifest = {
  ...oci,
  mediaType: mediaTypes.dockerManifest,
  config: blob(mediaTypes.dockerConfig, "config"),
  layers: [blob(mediaTypes.dockerLayerGzip, "old")],
};
const layersOf = (bytes: Buffer) => {
  const document = parseDocument(bytes);
  return document.kind === "manifest" ? document.layers : [];
};

describe("a rewritten manifest", () => {
  test("is named by its new digest, size and type", () => {
    const { descriptor, bytes } = withLayers(oci, [blob(mediaTypes.ociLayer, "new")]);
    expect(descriptor).toEqual({ mediaType: oci.mediaType, digest: digestOf(bytes), size: bytes.length });
    expect(parseDocument(bytes, descriptor.mediaType)).toEqual({
      ...oci,
      layers: [blob(mediaTypes.ociLayer, "new")],
    });
  });

  test("spells its layers in its own family", () => {
    const mixed = [blob(mediaTypes.ociLayer, "a"), blob(mediaTypes.dockerLayerGzip, "b")];
    expect(layersOf(withLayers(docker, mixed).bytes).map((layer) => layer.mediaType)).toEqual([
      mediaTypes.dockerLayer,
      mediaTypes.dockerLayerGzip,
    ]);
    expect(layersOf(withLayers(oci, mixed).bytes).map((layer) => layer.mediaType)).toEqual([
      mediaTypes.ociLayer,
      mediaTypes.ociLayerGzip,
    ]);
  });

  test("leaves Docker's family when a layer is zstd, config and all", () => {
    const { bytes } = withLayers(docker, [
      blob(mediaTypes.ociLayerZstd, "a"),
      blob(mediaTypes.dockerLayerGzip, "b"),
    ]);
    expect(parseDocument(bytes)).toEqual({
      ...oci,
      layers: [blob(mediaTypes.ociLayerZstd, "a"), blob(mediaTypes.ociLayerGzip, "b")],
    });
  });

  test("keeps what ddiff does not know, and is the same however the original was written", () => {
    const text = `{"zeta":[{"b":1,"a":2}],"layers":[],"annotations":{"b":"2","a":"1"},
      "config":{"x":1,"size":6,"mediaType":"${mediaTypes.ociConfig}","digest":"${oci.config.digest}"},
      "schemaVersion":2}`;
    const value = JSON.parse(text) as Record<string, unknown>;
    const turned = JSON.stringify(Object.fromEntries(Object.entries(value).reverse()), null, 4);
    const one = withLayers(Buffer.from(text), oci.layers);
    expect(withLayers(Buffer.from(turned), oci.layers)).toEqual(one);
    expect(JSON.parse(one.bytes.toString())).toEqual({
      ...value,
      mediaType: oci.mediaType,
      layers: oci.layers,
    });
    expect(one.bytes.toString()).toMatch(
      /^\{"schemaVersion":2,"mediaType":.*"annotations":\{"a":"1","b":"2"\},"zeta"/,
    );
  });

  test("of bytes that are an index is refused", () => {
    const index = encodeDocument({ kind: "index", mediaType: mediaTypes.ociIndex, manifests: [] });
    expect(() => withLayers(index.bytes, [])).toThrow(expect.objectContaining({ code: "MANIFEST_INVALID" }));
    expect(() => withManifests(encodeDocument(oci).bytes, [])).toThrow(
      expect.objectContaining({ code: "MANIFEST_INVALID" }),
    );
  });
});

describe("a rewritten index", () => {
  const list: Index = { kind: "index", mediaType: mediaTypes.dockerManifestList, manifests: [] };

  test("stays Docker's while all its manifests are", () => {
    const child = {
      ...blob(mediaTypes.dockerManifest, "a"),
      platform: { os: "linux", architecture: "amd64" },
    };
    expect(parseDocument(withManifests(list, [child]).bytes)).toEqual({ ...list, manifests: [child] });
  });

  test("becomes OCI's with the first OCI manifest", () => {
    const child = blob(mediaTypes.ociManifest, "a");
    expect(withManifests(encodeDocument(list).bytes, [child]).descriptor.mediaType).toBe(mediaTypes.ociIndex);
  });
});

test("any manifest survives being written and read", () => {
  const descriptors = fc
    .record(
      {
        mediaType: fc.constantFrom(mediaTypes.ociLayer, mediaTypes.ociLayerZstd, "application/vnd.x"),
        size: fc.maxSafeNat(),
        annotations: fc.dictionary(fc.string(), fc.string()),
        urls: fc.array(fc.webUrl()),
      },
      { requiredKeys: ["mediaType", "size"] },
    )
    .map((parts) => ({ ...parts, digest: digestOf(Buffer.from(String(parts.size))) }));
  fc.assert(
    fc.property(fc.array(descriptors), fc.dictionary(fc.string(), fc.string()), (layers, annotations) => {
      const manifest: Manifest = { ...oci, layers, annotations };
      const { bytes } = encodeDocument(manifest);
      expect(parseDocument(bytes)).toEqual(manifest);
      expect(encodeDocument(parseDocument(bytes)).bytes).toEqual(bytes);
    }),
  );
});

test("layer types say how a layer is packed, and nothing else counts as a layer", () => {
  for (const docker of [true, false]) {
    for (const compression of ["none", "gzip", "zstd"] as const) {
      expect(compressionOfType(layerType(compression, docker))).toBe(compression);
    }
  }
  expect(compressionOfType("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")).toBe("gzip");
  expect(compressionOfType("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd")).toBe("zstd");
  for (const type of [
    "application/vnd.in-toto+json",
    mediaTypes.ociConfig,
    `${mediaTypes.ociLayerGzip}+encrypted`,
  ]) {
    expect(isLayerType(type)).toBe(false);
  }
});
