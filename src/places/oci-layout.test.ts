import { execFile } from "node:child_process";
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { readAll } from "../codec/read-all.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf, hexOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { copyImage, outgoingImage } from "./copy.ts";
import { readImage } from "./image-tree.ts";
import { ociLayoutPlace } from "./oci-layout.ts";
import { blobName } from "./oci-layout-source.ts";
import type { OutgoingImage } from "./place.ts";
import { contextIn, newFolder, quiet } from "./testing/folders.ts";
import { MemoryStore } from "./testing/memory.ts";

function place(rest: string, notes: string[] = []) {
  return ociLayoutPlace(rest, contextIn("/", notes));
}

/** A layout with one image `app:1` of two layers. */
async function layoutOf(
  folder: string,
  ...layers: string[]
): Promise<{ root: Descriptor; store: MemoryStore }> {
  const store = new MemoryStore();
  const root = store.image("linux/amd64", layers.length > 0 ? layers : ["base", "top"]);
  await copyImage(store.source(root), await place(`${folder}:app:1`).sink(), quiet);
  return { root, store };
}

async function digestAt(rest: string): Promise<string> {
  return (await (await place(rest).source()).root()).descriptor.digest;
}

async function outgoing(store: MemoryStore, root: Descriptor): Promise<OutgoingImage> {
  const source = store.source(root);
  return await outgoingImage(source, await readImage(source));
}

async function entriesIn(folder: string): Promise<Descriptor[]> {
  const text = await readFile(join(folder, "index.json"), "utf8");
  return (JSON.parse(text) as { manifests: Descriptor[] }).manifests;
}

async function writeIndex(folder: string, manifests: unknown[]): Promise<void> {
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

describe("an image of a layout", () => {
  it("is found by its name, the same name written otherwise, its place and its digest", async () => {
    const folder = join(await newFolder(), "lay");
    const { root } = await layoutOf(folder);
    const other = new MemoryStore();
    const second = other.image("linux/amd64", ["other"]);
    await copyImage(other.source(second), await place(`${folder}:2`).sink(), quiet);
    for (const name of ["app:1", "docker.io/library/app:1", "library/app:1", "@0", `@${root.digest}`]) {
      expect(await digestAt(`${folder}:${name}`), name).toBe(root.digest);
    }
    expect(await digestAt(`${folder}:2`)).toBe(second.digest);
    const names = [(await place(`${folder}:@0`).source()).name, (await place(`${folder}:2`).source()).name];
    expect(names).toEqual(["app:1", "lay:2"]);
  });

  it("needs a name only where there are several; the error lists them", async () => {
    const folder = join(await newFolder(), "lay");
    const { root } = await layoutOf(folder);
    expect(await digestAt(folder)).toBe(root.digest);
    const other = new MemoryStore();
    await copyImage(
      other.source(other.image("linux/amd64", ["other"])),
      await place(`${folder}:dev`).sink(),
      quiet,
    );
    const error = { code: "IMAGE_AMBIGUOUS", hint: expect.stringContaining("it has: app:1, dev") };
    await expect(place(folder).source()).rejects.toMatchObject(error);
    const missing = { code: "IMAGE_NOT_FOUND", hint: expect.stringContaining("app:1, dev") };
    await expect(place(`${folder}:app:2`).source()).rejects.toMatchObject(missing);
    await expect(place(`${folder}:@7`).source()).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it("may be one platform deep inside nested indexes", async () => {
    const folder = join(await newFolder(), "lay");
    const store = new MemoryStore();
    const arm = store.image("linux/arm64", ["arm"]);
    const root = store.index([store.index([store.image("linux/amd64", ["amd"]), arm])]);
    await copyImage(store.source(root), await place(`${folder}:all`).sink(), quiet);
    expect((await readImage(await place(folder).source())).images).toHaveLength(2);
    const one = await readImage(await place(`${folder}:@${arm.digest}`).source());
    expect(one.images.map((image) => image.manifest.digest)).toEqual([arm.digest]);
  });

  it("brings the manifests that refer to it, listed by subject or under a referrers tag", async () => {
    const folder = join(await newFolder(), "lay");
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["base"]);
    const [signature, sbom] = [store.referrer(root, "signature"), store.referrer(root, "sbom")];
    await copyImage(store.source(root), await place(`${folder}:1`).sink(), quiet);
    expect(await digestAt(folder)).toBe(root.digest);
    const both = [signature.digest, sbom.digest].sort();
    const found = await (await place(folder).source()).referrers(root.digest);
    expect(found.map((one) => one.digest).sort()).toEqual(both);
    expect(found[0]?.artifactType).toBe("application/vnd.example.signature");

    // As tools write it that know no referrers: one list, tagged with the subject's digest.
    const list = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: found }),
    );
    await writeFile(join(folder, blobName(digestOf(list))), list);
    await writeIndex(folder, [
      { ...root, annotations: { "org.opencontainers.image.ref.name": "1" } },
      {
        mediaType: mediaTypes.ociIndex,
        digest: digestOf(list),
        size: list.length,
        annotations: { "org.opencontainers.image.ref.name": `sha256-${hexOf(root.digest)}` },
      },
    ]);
    const again = await place(folder).source();
    expect((await again.referrers(root.digest)).map((one) => one.digest).sort()).toEqual(both);
    expect((await readImage(again)).referrers).toHaveLength(2);
  });

  it("shows up in the inventory with all its names; a damaged neighbour does not hide it", async () => {
    const folder = join(await newFolder(), "lay");
    const { root, store } = await layoutOf(folder);
    await copyImage(store.source(root), await place(`${folder}:app:latest`).sink(), quiet);
    const other = new MemoryStore();
    const damaged = other.image("linux/amd64", ["other"]);
    await copyImage(other.source(damaged), await place(`${folder}:bad`).sink(), quiet);
    await truncate(join(folder, blobName(damaged.digest)), 10);
    const notes: string[] = [];
    const list = await place(folder, notes).inventory();
    expect(list.map((image) => image.names)).toEqual([["app:1", "app:latest"]]);
    expect(list[0]?.layers).toEqual([digestOf(Buffer.from("base")), digestOf(Buffer.from("top"))]);
    expect((await (await list[0]?.open())?.root())?.descriptor.digest).toBe(root.digest);
    expect(notes).toEqual([expect.stringContaining(damaged.digest)]);
    expect((await readImage(await place(`${folder}:app:1`).source())).root.digest).toBe(root.digest);
  });
});

describe("writing a layout", () => {
  it("keeps other names, replaces its own, and leaves only the layout's own files", async () => {
    const folder = join(await newFolder(), "lay");
    await layoutOf(folder);
    const other = new MemoryStore();
    const second = other.image("linux/amd64", ["base", "changed"]);
    const copied = await copyImage(other.source(second), await place(`${folder}:app:2`).sink(), quiet);
    const third = other.image("linux/amd64", ["third"]);
    await copyImage(other.source(third), await place(`${folder}:app:1`).sink(), quiet);
    expect(await digestAt(`${folder}:app:1`)).toBe(third.digest);
    expect(await digestAt(`${folder}:app:2`)).toBe(second.digest);
    expect(await entriesIn(folder)).toHaveLength(2);
    expect((await readdir(folder)).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
    // The base layer was there already.
    const [, base] = [...other.blobs.values()];
    expect(copied.bytes).toBeLessThan([...other.blobs.values()].reduce((sum, one) => sum + one.length, 0));
    expect(base).toBeDefined();
  });

  it("keeps what others wrote into index.json", async () => {
    const folder = join(await newFolder(), "lay");
    const { root } = await layoutOf(folder);
    const foreign = {
      ...root,
      annotations: { "org.opencontainers.image.ref.name": "x" },
      "org.example": [1],
    };
    const index = { schemaVersion: 2, annotations: { a: "b" }, extra: { deep: true }, manifests: [foreign] };
    await writeFile(join(folder, "index.json"), JSON.stringify(index));
    const store = new MemoryStore();
    await copyImage(
      store.source(store.image("linux/amd64", ["y"])),
      await place(`${folder}:y`).sink(),
      quiet,
    );
    const written = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as typeof index;
    expect(written).toMatchObject({ annotations: { a: "b" }, extra: { deep: true } });
    expect(written.manifests[0]).toEqual(foreign);
  });

  it("without a name replaces the unnamed image and nothing else", async () => {
    const folder = join(await newFolder(), "lay");
    await layoutOf(folder);
    const store = new MemoryStore();
    const [first, second] = [store.image("linux/amd64", ["a"]), store.image("linux/amd64", ["b"])] as const;
    const signature = store.referrer(first, "signature");
    for (const root of [first, second])
      await copyImage(store.source(root), await place(folder).sink(), quiet);
    const digests = (await entriesIn(folder)).map((entry) => entry.digest);
    expect(digests).not.toContain(first.digest);
    expect(digests).toContain(second.digest);
    expect(digests).toContain(signature.digest);
    expect(digests).toHaveLength(3);
  });

  it("takes a blob's file as it is where it can, and checks it all the same", async () => {
    const top = await newFolder();
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["base"]);
    const image = await outgoing(store, root);
    const blob = image.blobs[0];
    if (blob === undefined) throw new Error("the image has a layer");
    const file = join(top, "layer");
    await writeFile(file, await readAll(await blob.open(), 1000, "the layer"));
    blob.file = file;
    blob.open = () => Promise.reject(new Error("the file was there"));
    await (await place(`${top}/lay:1`).sink()).write(image, quiet);
    const written = await stat(join(top, "lay", blobName(blob.descriptor.digest)));
    expect(written.ino).toBe((await stat(file)).ino);
    await writeFile(file, "not what it says");
    await rm(join(top, "lay2"), { force: true, recursive: true });
    await expect((await place(`${top}/lay2:1`).sink()).write(image, quiet)).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
    expect(await readdir(top)).not.toContain("lay2");
  });

  it("leaves no trace when a blob is damaged, and the old image where there was one", async () => {
    const top = await newFolder();
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["base", "top"]);
    const image = await outgoing(store, root);
    const blob = image.blobs[1];
    if (blob === undefined) throw new Error("the image has two layers");
    blob.open = async () => Readable.from([Buffer.alloc(blob.descriptor.size)]);
    const write = async (path: string) => (await place(path).sink()).write(image, quiet);
    await expect(write(`${top}/a/b/lay:1`)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await readdir(top)).toEqual([]);
    const before = await layoutOf(`${top}/lay`, "before");
    const files = (await readdir(`${top}/lay`, { recursive: true })).sort();
    await expect(write(`${top}/lay:app:1`)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect((await readdir(`${top}/lay`, { recursive: true })).sort()).toEqual(files);
    expect(await digestAt(`${top}/lay:app:1`)).toBe(before.root.digest);
  });

  it("stops when it is told to, without a trace", async () => {
    const top = await newFolder();
    const store = new MemoryStore();
    const image = await outgoing(store, store.image("linux/amd64", ["base"]));
    const blob = image.blobs[0];
    if (blob === undefined) throw new Error("the image has a layer");
    const stop = new AbortController();
    blob.open = async () =>
      new Readable({
        read() {
          setImmediate(() => stop.abort());
        },
      });
    const writing = (await place(`${top}/lay:1`).sink()).write(image, { ...quiet, signal: stop.signal });
    await expect(writing).rejects.toMatchObject({ name: "AbortError" });
    expect(await readdir(top)).toEqual([]);
  });

  it("by several writers at once loses none of their images", async () => {
    const folder = join(await newFolder(), "lay");
    const writers = Array.from({ length: 6 }, async (_, n) => {
      const store = new MemoryStore();
      const root = store.image("linux/amd64", ["shared", `own ${n}`]);
      await copyImage(store.source(root), await place(`${folder}:app:${n}`).sink(), quiet);
      return root.digest;
    });
    const digests = await Promise.all(writers);
    for (const [n, digest] of digests.entries()) expect(await digestAt(`${folder}:app:${n}`)).toBe(digest);
    expect((await readdir(folder)).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
  });

  it("never takes another folder for a layout, nor a digest for a name", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "thesis.txt"), "precious");
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["base"]);
    const write = async (rest: string) => copyImage(store.source(root), await place(rest).sink(), quiet);
    await expect(write(`${folder}:1`)).rejects.toMatchObject({ code: "NOT_A_LAYOUT" });
    expect(await readdir(folder)).toEqual(["thesis.txt"]);
    await expect(write(`${folder}/thesis.txt:1`)).rejects.toMatchObject({ code: "NOT_A_LAYOUT" });
    await expect(write(`${folder}/new:@${root.digest}`)).rejects.toMatchObject({ code: "PLACE_INVALID" });
    await expect(write(`${folder}/new:@0`)).rejects.toMatchObject({ code: "PLACE_INVALID" });
  });
});

describe("a hostile or damaged layout", () => {
  it("whose blobs lie elsewhere is neither read nor written", async () => {
    const top = await newFolder();
    const folder = join(top, "lay");
    const { root, store } = await layoutOf(folder);
    await rename(join(folder, "blobs"), join(top, "elsewhere"));
    await symlink(join(top, "elsewhere"), join(folder, "blobs"));
    const source = await place(`${folder}:app:1`).source();
    await expect(source.root()).rejects.toMatchObject({ code: "LINK_OUTSIDE" });
    const other = store.image("linux/amd64", ["new"]);
    const files = await readdir(join(top, "elsewhere/sha256"));
    const writing = copyImage(store.source(other), await place(`${folder}:2`).sink(), quiet);
    await expect(writing).rejects.toMatchObject({ code: "LINK_OUTSIDE" });
    expect(await readdir(join(top, "elsewhere/sha256"))).toEqual(files);
    expect(await entriesIn(folder)).toHaveLength(1);
    expect(root.digest).toBe((await entriesIn(folder))[0]?.digest);
  });

  it("with a blob that is a link out, a pipe, or a folder is refused; a link inside is followed", async () => {
    const top = await newFolder();
    const folder = join(top, "lay");
    const { root } = await layoutOf(folder);
    const blob = join(folder, blobName(root.digest));
    const source = await place(`${folder}:app:1`).source();
    await rename(blob, join(folder, "moved"));
    await symlink("../../moved", blob);
    expect((await source.root()).descriptor.digest).toBe(root.digest);
    await rename(join(folder, "moved"), join(top, "moved"));
    await rm(blob);
    await symlink("../../../moved", blob);
    await expect(source.root()).rejects.toMatchObject({ code: "LINK_OUTSIDE" });
    await rm(blob);
    await symlink(blob, blob);
    await expect(source.root()).rejects.toMatchObject({ code: "LINK_OUTSIDE" });
    await rm(blob);
    await promisify(execFile)("mkfifo", [blob]);
    await expect(source.root()).rejects.toMatchObject({ code: "BLOB_MISSING" });
    await rm(blob);
    await mkdir(blob);
    await expect(source.root()).rejects.toMatchObject({ code: "BLOB_MISSING" });
  });

  it("with a missing, a cut, a longer or an exchanged blob says which", async () => {
    const folder = join(await newFolder(), "lay");
    const { root } = await layoutOf(folder);
    const blob = join(folder, blobName(root.digest));
    const bytes = await readFile(blob);
    const codeOf = async () => {
      const source = await place(`${folder}:app:1`).source();
      const error: unknown = await source.root().catch((caught: unknown) => caught);
      return error;
    };
    const named = (code: string) => ({ code, message: expect.stringContaining(hexOf(root.digest)) });
    await truncate(blob, bytes.length - 1);
    expect(await codeOf()).toMatchObject(named("SIZE_MISMATCH"));
    await writeFile(blob, bytes);
    await appendFile(blob, " ");
    expect(await codeOf()).toMatchObject(named("SIZE_MISMATCH"));
    bytes[0] = 0x20;
    await writeFile(blob, bytes);
    expect(await codeOf()).toMatchObject(named("DIGEST_MISMATCH"));
    await rm(blob);
    expect(await codeOf()).toMatchObject(named("BLOB_MISSING"));
  });

  it("with an index.json or a version that is not right is refused", async () => {
    const folder = join(await newFolder(), "lay");
    const { root } = await layoutOf(folder);
    const codeWith = async (index: string) => {
      await writeFile(join(folder, "index.json"), index);
      return await place(folder)
        .source()
        .then(
          () => "fine",
          (error: unknown) => (error as { code: string }).code,
        );
    };
    const entry = JSON.stringify(root);
    expect(await codeWith(`{"schemaVersion":2,"manifests":[${entry}]}`)).toBe("fine");
    expect(await codeWith(`{"schemaVersion":2,"manifests":[${entry}],"manifests":[]}`)).toBe("JSON_INVALID");
    expect(await codeWith(`{"schemaVersion":2,"manifests":{}}`)).toBe("LAYOUT_INVALID");
    expect(await codeWith(`{"schemaVersion":1,"manifests":[${entry}]}`)).toBe("LAYOUT_INVALID");
    expect(await codeWith(`[]`)).toBe("LAYOUT_INVALID");
    expect(await codeWith(`{"schemaVersion":2,"manifests":[{"digest":"sha256:../../etc"}]}`)).toBe(
      "DESCRIPTOR_INVALID",
    );
    expect(await codeWith(`{"schemaVersion":2,"manifests":[`)).toBe("JSON_INVALID");
    expect(await codeWith(`{"schemaVersion":2,"manifests":[]}`)).toBe("IMAGE_NOT_FOUND");
    await rm(join(folder, "index.json"));
    await expect(place(folder).source()).rejects.toMatchObject({ code: "NOT_A_LAYOUT" });
    await writeIndex(folder, [root]);
    await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}');
    await expect(place(folder).source()).rejects.toMatchObject({ code: "LAYOUT_VERSION" });
    await rm(join(folder, "oci-layout"));
    await expect(place(folder).source()).rejects.toMatchObject({ code: "NOT_A_LAYOUT" });
  });

  it("whose blobs are damaged cannot be copied on", async () => {
    const top = await newFolder();
    const { root } = await layoutOf(`${top}/lay`);
    const source = await place(`${top}/lay`).source();
    const layer = (await readImage(source)).images[0]?.layers[0]?.descriptor;
    if (layer === undefined) throw new Error("the image has layers");
    const file = join(top, "lay", blobName(layer.digest));
    const bytes = await readFile(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(file, bytes);
    const copying = copyImage(source, await place(`${top}/copy:1`).sink(), quiet);
    await expect(copying).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await readdir(top)).toEqual(["lay"]);
    expect(root.size).toBeGreaterThan(0);
  });
});
