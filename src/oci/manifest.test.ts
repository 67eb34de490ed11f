import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDdiffError } from "../util/errors.ts";
import { digestOf } from "./digest.ts";
import { parseDocument } from "./manifest.ts";
import { mediaTypes } from "./media-types.ts";

const blob = (mediaType: string, text: string) => ({
  mediaType,
  digest: digestOf(Buffer.from(text)),
  size: text.length,
});
const config = blob(mediaTypes.ociConfig, "config");
const layer = blob(mediaTypes.ociLayerZstd, "layer");
const child = { ...blob(mediaTypes.ociManifest, "child"), platform: { os: "linux", architecture: "arm64" } };
const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };
const { mediaType: _, ...silentManifest } = manifest;
const { mediaType: __, ...silentIndex } = index;
const read = (value: unknown, type?: string) => parseDocument(Buffer.from(JSON.stringify(value)), type);

describe("a manifest or index", () => {
  test("of an image gives its config and layers in order", () => {
    const second = { ...layer, size: 7 };
    expect(read({ ...manifest, layers: [layer, second] }, mediaTypes.ociManifest)).toStrictEqual({
      kind: "manifest",
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [layer, second],
    });
  });

  test("of several platforms gives their manifests", () => {
    expect(read(index, mediaTypes.ociIndex)).toStrictEqual({
      kind: "index",
      mediaType: mediaTypes.ociIndex,
      manifests: [child],
    });
  });

  test("may be Docker's, an artifact, empty, nested, or have members that nobody knows", () => {
    const subject = blob(mediaTypes.ociManifest, "subject");
    expect(read({ ...manifest, mediaType: mediaTypes.dockerManifest }).kind).toBe("manifest");
    expect(read({ ...index, mediaType: mediaTypes.dockerManifestList }).kind).toBe("index");
    expect(read({ ...manifest, layers: [] })).toMatchObject({ layers: [] });
    expect(read({ ...manifest, layers: null })).toMatchObject({ layers: [] });
    expect(read({ ...index, manifests: [] })).toMatchObject({ manifests: [] });
    expect(read({ ...index, manifests: [blob(mediaTypes.ociIndex, "nested")] }).kind).toBe("index");
    expect(read({ ...manifest, subject, artifactType: "a/b", annotations: { a: "b" }, x: [] })).toMatchObject(
      {
        subject,
        artifactType: "a/b",
        annotations: { a: "b" },
      },
    );
    expect(read({ ...index, subject, annotations: null })).toMatchObject({ subject });
  });

  test("without a media type is what its place says, else OCI's", () => {
    expect(read(silentManifest).mediaType).toBe(mediaTypes.ociManifest);
    expect(read(silentIndex).mediaType).toBe(mediaTypes.ociIndex);
    expect(read(silentManifest, mediaTypes.dockerManifest).mediaType).toBe(mediaTypes.dockerManifest);
    expect(read(silentIndex, mediaTypes.dockerManifestList).mediaType).toBe(mediaTypes.dockerManifestList);
  });

  test("is read from servers that do not know what they serve", () => {
    for (const type of ["application/json", "text/plain; charset=utf-8", "application/octet-stream", ""]) {
      expect(read(manifest, type).mediaType).toBe(mediaTypes.ociManifest);
    }
    expect(read(manifest, `${mediaTypes.ociManifest}; charset=utf-8`).kind).toBe("manifest");
  });

  test.each<[string, unknown, RegExp, string?]>([
    ["layers and manifests", { ...manifest, manifests: [child] }, /two kinds/],
    ["manifests and a config", { ...index, config }, /two kinds/],
    ["manifests and layers, saying nothing", { ...silentManifest, manifests: [child] }, /two kinds/],
    [
      "manifests and layers, by its place",
      { ...silentManifest, manifests: [child] },
      /two kinds/,
      mediaTypes.ociManifest,
    ],
    ["schema 1 layers in an index", { ...index, fsLayers: [] }, /two kinds/],
    ["a type that its content is not", { ...manifest, mediaType: mediaTypes.ociIndex }, /two kinds/],
    ["a type that its content is not, by its place", silentIndex, /two kinds/, mediaTypes.ociManifest],
    ["another type than its place says", manifest, /was given as/, mediaTypes.ociIndex],
    ["Docker's type where OCI's is said", manifest, /was given as/, mediaTypes.dockerManifest],
    ["a type that is none", { ...manifest, mediaType: "application/vnd.example+json" }, /neither/],
    ["a place that says it is none", manifest, /neither/, mediaTypes.ociLayer],
    [
      "the withdrawn artifact type",
      { ...manifest, mediaType: "application/vnd.oci.artifact.manifest.v1+json" },
      /neither/,
    ],
    ["Layers for layers", { ...manifest, Layers: [] }, /some readers/],
    ["MANIFESTS in a manifest", { ...manifest, MANIFESTS: [child] }, /some readers/],
    ["schema 1", { schemaVersion: 1, fsLayers: [], history: [] }, /schema 1/],
    [
      "signed schema 1",
      { schemaVersion: 1, mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws" },
      /schema 1/,
    ],
    ["schema 3", { ...manifest, schemaVersion: 3 }, /schemaVersion is not 2/],
    ["schema 2 as text", { ...manifest, schemaVersion: "2" }, /schemaVersion is not 2/],
    ["no schema version", { ...manifest, schemaVersion: undefined }, /schemaVersion is not 2/],
    ["no config", { ...manifest, config: undefined }, /config is missing/],
    ["no layers", { ...manifest, layers: undefined }, /layers is missing/],
    ["no manifests", { ...index, manifests: undefined }, /manifests is missing/],
    ["nothing", {}, /schemaVersion/],
    ["layers that are no list", { ...manifest, layers: {} }, /layers is an object/],
    [
      "a bad layer",
      { ...manifest, layers: [layer, { ...layer, size: -1 }] },
      /layers\[1\]\.size is negative/,
    ],
    ["a bad child", { ...index, manifests: [{ ...child, digest: "x" }] }, /manifests\[0\]\.digest/],
    ["a bad subject", { ...manifest, subject: "x" }, /subject is a text/],
    ["a list for a document", [manifest], /is a list/],
    ["null for a document", null, /is null/],
  ])("with %s is refused", (_, value, names, type) => {
    expect(() => read(value, type)).toThrow(expect.objectContaining({ code: "MANIFEST_INVALID" }));
    expect(() => read(value, type)).toThrow(names);
  });

  test("with a name twice, or above 4 MiB, is refused as a manifest", () => {
    const twice = Buffer.from(JSON.stringify(manifest).replace('"layers"', '"layers":[],"layers"'));
    expect(() => parseDocument(twice)).toThrow(expect.objectContaining({ code: "MANIFEST_INVALID" }));
    const large = { ...manifest, annotations: { a: "a".repeat(4 << 20) } };
    expect(() => read(large)).toThrow(expect.objectContaining({ code: "MANIFEST_INVALID" }));
    const nearly = { ...manifest, annotations: { a: "a".repeat((4 << 20) - 1000) } };
    expect(read(nearly).kind).toBe("manifest");
  });

  test("that is damaged anywhere is read or refused, never anything else", () => {
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(config, [layer], [child], mediaTypes.ociIndex, 2),
    );
    const names = fc.constantFrom(
      "schemaVersion",
      "mediaType",
      "config",
      "layers",
      "manifests",
      "subject",
      "annotations",
    );
    fc.assert(
      fc.property(fc.constantFrom(manifest, index), fc.dictionary(names, values), (good, changes) => {
        try {
          const document = read({ ...good, ...changes });
          expect(document.kind === "index" ? document.manifests : document.layers).toBeInstanceOf(Array);
        } catch (error) {
          expect(isDdiffError(error, "MANIFEST_INVALID")).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
