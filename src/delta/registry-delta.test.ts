import { expect, test } from "vitest";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { readImage } from "../places/image-tree.ts";
import { MemoryStore } from "../places/testing/memory.ts";
import { bundleTypes } from "./bundle-config.ts";
import { deltaAnnotations, setDeltasAside } from "./registry-delta.ts";

const layer = digestOf(Buffer.from("a layer"));
const said = {
  [deltaAnnotations.baseNames]: "app:1,lab/app:1",
  [deltaAnnotations.baseLayers]: layer,
  [deltaAnnotations.size]: "1234",
};
const delta = (annotations: Record<string, string>): Descriptor => ({
  mediaType: mediaTypes.ociManifest,
  digest: digestOf(Buffer.from(JSON.stringify(annotations))),
  size: 100,
  artifactType: bundleTypes.artifact,
  annotations,
});

test("deltas are kept apart from an image's other referrers, and each image is asked about once", async () => {
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["a"]);
  const signature = store.referrer(root, "signed");
  const source = store.source(root);
  const asked: string[] = [];
  const referrers = async (subject: string) => {
    asked.push(subject);
    return subject === root.digest ? [delta(said), signature] : [];
  };
  const aside = setDeltasAside({ ...source, referrers });

  for (let i = 0; i < 2; i++) {
    const tree = await readImage(aside.source);
    expect(tree.referrers.map(({ digest }) => digest)).toEqual([signature.digest]);
  }
  expect(aside.deltas.get(root.digest)).toEqual([
    { descriptor: delta(said), baseLayers: [layer], baseNames: ["app:1", "lab/app:1"], size: 1234 },
  ]);
  expect(new Set(asked).size).toBe(asked.length);
});

test.each([
  ["no base", { ...said, [deltaAnnotations.baseLayers]: "sha256:x" }],
  ["no size", { [deltaAnnotations.baseLayers]: layer }],
  ["a negative size", { ...said, [deltaAnnotations.size]: "-1" }],
  ["a size beyond all bounds", { ...said, [deltaAnnotations.size]: "1e999" }],
])("a delta that says %s is not chosen", async (_, annotations) => {
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["a"]);
  const aside = setDeltasAside({ ...store.source(root), referrers: async () => [delta(annotations)] });
  await aside.source.referrers(root.digest);
  expect(aside.deltas.get(root.digest)).toEqual([]);
});

test("names that could paint a terminal are left out", async () => {
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["a"]);
  const evil = delta({ ...said, [deltaAnnotations.baseNames]: "\u001b[2Japp:1,app:2" });
  const aside = setDeltasAside({ ...store.source(root), referrers: async () => [evil] });
  await aside.source.referrers(root.digest);
  expect(aside.deltas.get(root.digest)?.[0]?.baseNames).toEqual(["app:2"]);
});
