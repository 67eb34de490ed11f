import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { readAll } from "../codec/read-all.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf, hexOf } from "../oci/digest.ts";
import { openArchive } from "./archive-members.ts";
import { dockerArchive, type Lacks, ociArchive } from "./archive-stream.ts";
import { outgoingImage } from "./copy.ts";
import { readImage } from "./image-tree.ts";
import { readSmall } from "./named-blobs.ts";
import { blobName } from "./oci-layout-source.ts";
import type { OutgoingImage } from "./place.ts";
import { newFolder } from "./testing/folders.ts";
import { MemoryStore } from "./testing/memory.ts";

const everything: Lacks = () => true;
const lacksTop: Lacks = (blob) => blob.diffId === digestOf(Buffer.from("top"));
const hex = (text: string) => hexOf(digestOf(Buffer.from(text)));

async function outgoing(store: MemoryStore, root: Descriptor): Promise<OutgoingImage> {
  const source = store.source(root);
  return await outgoingImage(source, await readImage(source));
}

/** Writes the archive and answers how to look into it. */
async function written(stream: NodeJS.ReadableStream) {
  const folder = await newFolder();
  const path = join(folder, "a.tar");
  await pipeline(stream, createWriteStream(path));
  const files = await openArchive(path, folder);
  const json = async (name: string): Promise<unknown> =>
    JSON.parse((await readSmall(files, name, 1e6))?.toString() ?? "null");
  return { files, json };
}

describe("the archive for docker load", () => {
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["base", "top", "base"]);

  it("lists every layer, holds each once, and leaves out the file of one that is there", async () => {
    const image = await outgoing(store, root);
    const { files, json } = await written(
      dockerArchive(image, ["torch-app:2", "localhost:5000/a/b"], lacksTop),
    );
    const config = image.images[0]?.configDescriptor.digest ?? "sha256:";
    expect(await json("manifest.json")).toEqual([
      {
        Config: `${hexOf(config)}.json`,
        RepoTags: ["torch-app:2", "localhost:5000/a/b:latest"],
        Layers: ["base", "top", "base"].map((text) => `${hex(text)}/layer.tar`),
      },
    ]);
    expect(await files.size(`${hex("base")}/layer.tar`)).toBeUndefined();
    // A gzip layer goes as it is: engines read it, and its size need not be found out.
    const layer = await readAll(await files.open(`${hex("top")}/layer.tar`), 1000, "layer");
    expect(digestOf(layer)).toBe(image.images[0]?.layers[1]?.descriptor.digest);
    await files.close();
  });

  it("takes a layer of which we have a file from there", async () => {
    const image = await outgoing(store, root);
    const file = join(await newFolder(), "spool");
    const blob = image.blobs.find(lacksTop);
    if (blob === undefined) throw new Error("no such layer");
    await writeFile(file, store.blobs.get(blob.descriptor.digest) as Buffer);
    const asked = store.asked.length;
    const { files } = await written(
      dockerArchive({ ...image, blobs: [{ ...blob, file }] }, ["a"], () => true),
    );
    const layer = await readAll(await files.open(`${hex("top")}/layer.tar`), 1000, "layer");
    expect(digestOf(layer)).toBe(blob.descriptor.digest);
    expect(store.asked.length).toBe(asked);
    await files.close();
  });

  it("fails where that file is not as long as the layer", async () => {
    const image = await outgoing(store, root);
    const file = join(await newFolder(), "spool");
    await writeFile(file, "short");
    const blobs = image.blobs.map((blob) => ({ ...blob, file }));
    const archive = dockerArchive({ ...image, blobs }, ["a"], () => true);
    await expect(written(archive)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  });

  it("has the same bytes each time", async () => {
    const image = await outgoing(store, root);
    const read = () => readAll(dockerArchive(image, ["a:1"], everything), 1e6, "archive");
    expect((await read()).equals(await read())).toBe(true);
  });

  it("ends with the error of a layer that is damaged, and never as if it were whole", async () => {
    const image = await outgoing(store, root);
    const blob = image.blobs[0];
    if (blob === undefined) throw new Error("two layers");
    const wrong = Buffer.alloc(blob.descriptor.size);
    const broken = new MemoryStore();
    broken.blobs.set(blob.descriptor.digest, wrong);
    blob.open = () => broken.source(root).openBlob(blob.descriptor);
    for (const stream of [dockerArchive(image, [], everything), ociArchive(image, [], everything)]) {
      await expect(readAll(stream, 1e6, "archive")).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    }
  });
});

describe("the archive for podman load and ctr import", () => {
  it("names the image for both, keeps all platforms, and leaves out referrers and what is there", async () => {
    const store = new MemoryStore();
    const images = [
      store.image("linux/amd64", ["base", "amd"]),
      store.image("linux/arm64", ["base", "arm"]),
    ] as const;
    const root = store.index([...images, store.attestation(images[0], "statement")]);
    const signature = store.referrer(root, "signature");
    const image = await outgoing(store, root);
    const base = digestOf(Buffer.from("base"));
    const { files, json } = await written(
      ociArchive(image, ["torch-app:2", "x"], (blob) => blob.diffId !== base),
    );
    const entry = (full: string, tag: string) => ({
      mediaType: root.mediaType,
      digest: root.digest,
      size: root.size,
      annotations: { "io.containerd.image.name": full, "org.opencontainers.image.ref.name": tag },
    });
    expect(await json("index.json")).toMatchObject({
      schemaVersion: 2,
      manifests: [entry("docker.io/library/torch-app:2", "2"), entry("docker.io/library/x:latest", "latest")],
    });
    expect(await json("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
    const held = async (descriptor: Descriptor) =>
      (await files.size(blobName(descriptor.digest))) !== undefined;
    for (const document of image.documents.values()) {
      const isSignature = document.bytes.includes("signature") || document.descriptor.size === 2;
      expect(await held(document.descriptor)).toBe(!isSignature);
    }
    for (const blob of image.blobs) {
      const isLeftOut =
        blob.diffId === base || store.blobs.get(blob.descriptor.digest)?.toString() === "signature";
      expect(await held(blob.descriptor), blob.descriptor.digest).toBe(!isLeftOut);
    }
    expect(await held(signature)).toBe(false);
    await files.close();
  });
});
