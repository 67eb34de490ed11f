import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readAll } from "../codec/read-all.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf, hexOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { TarMember } from "../tar/writer.ts";
import { copyImage } from "./copy.ts";
import { dockerArchivePlace } from "./docker-archive.ts";
import { readImage } from "./image-tree.ts";
import { blobName } from "./oci-layout-source.ts";
import { dockerConfig, file, linkTo, manifestJson, writeTar } from "./testing/archives.ts";
import { contextIn, newFolder, quiet } from "./testing/folders.ts";
import { MemoryStore } from "./testing/memory.ts";

/** A docker-archive at `path` in its own folder; `temp` is where it may unpack. */
async function archive(members: TarMember[]) {
  const folder = await newFolder();
  const path = join(folder, "image.tar");
  await writeTar(path, members);
  return { folder, path, open: (name = "") => at(name === "" ? path : `${path}:${name}`, folder) };
}

function at(rest: string, tempDir: string) {
  return dockerArchivePlace(rest, contextIn(tempDir));
}

async function layersOf(place: ReturnType<typeof at>): Promise<string[]> {
  const source = await place.source();
  const tree = await readImage(source);
  const texts: string[] = [];
  for (const layer of tree.images[0]?.layers ?? []) {
    const direct = (await readAll(await source.openLayer(layer), 1000, "layer")).toString();
    const blob = (await readAll(await source.openBlob(layer.descriptor), 1000, "layer")).toString();
    expect(blob).toBe(direct);
    expect(layer.descriptor).toMatchObject({ digest: layer.diffId, size: direct.length });
    texts.push(direct);
  }
  await source.close();
  return texts;
}

/** What reading or copying a hand-made archive ends with: an error's code, or "fine". Nothing may be left behind. */
async function code(
  members: TarMember[],
  use: (place: ReturnType<typeof at>) => Promise<unknown>,
): Promise<string> {
  const { open, folder } = await archive(members);
  const result = await use(open()).then(
    () => "fine",
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
  expect(await readdir(folder)).toEqual(["image.tar"]);
  return result;
}

async function copyToMemory(place: ReturnType<typeof at>): Promise<void> {
  const source = await place.source();
  try {
    await copyImage(source, new MemoryStore().sink(), quiet);
  } finally {
    await source.close();
  }
}

/** Writes an image from memory as `torch-app:2` into an archive. */
async function written(store: MemoryStore, root: Descriptor) {
  const folder = await newFolder();
  const rest = `${folder}/new/out.tar:torch-app:2`;
  const result = await copyImage(store.source(root), await at(rest, folder).sink(), quiet);
  return { folder, rest, result };
}

function tarOf(hex: string): string {
  return `${hex}.tar`;
}

const two = dockerConfig(["one", "two"]);
const [one, second] = two.diffIds as [string, string];

describe("an archive of docker save", () => {
  it("in Docker's old form is read: layer folders, a link for a layer that is there twice, repositories", async () => {
    const config = dockerConfig(["one", "two", "one"]);
    const { open } = await archive([
      file("aa/layer.tar", "one"),
      file("aa/VERSION", "1.0"),
      file("bb/layer.tar", "two"),
      linkTo("cc/layer.tar", "../aa/layer.tar"),
      file(`${config.name}.json`, config.text),
      manifestJson([
        {
          Config: `${config.name}.json`,
          RepoTags: ["torch-app:2"],
          Layers: ["aa/layer.tar", "bb/layer.tar", "cc/layer.tar"],
        },
      ]),
      file("repositories", '{"torch-app":{"2":"cc"}}'),
    ]);
    expect(await layersOf(open())).toEqual(["one", "two", "one"]);
    const source = await open().source();
    expect(source.name).toBe("torch-app:2");
    const { images } = await readImage(source);
    expect(hexOf(images[0]?.configDescriptor.digest ?? "sha256:")).toBe(config.name);
    await source.close();
  });

  it("may have its layers packed, and be packed itself", async () => {
    const { folder, path } = await archive([
      manifestJson([{ Config: `${two.name}.json`, RepoTags: ["a:1"], Layers: ["x.tar.gz", "y.tar"] }]),
      file("x.tar.gz", gzipSync("one")),
      file("y.tar", zstdCompressSync("two")),
      file(`${two.name}.json`, two.text),
    ]);
    expect(await layersOf(at(path, folder))).toEqual(["one", "two"]);
    const plain = await readFile(path);
    for (const pack of [gzipSync, zstdCompressSync]) {
      await writeFile(`${path}.packed`, pack(plain));
      expect(await layersOf(at(`${path}.packed`, folder))).toEqual(["one", "two"]);
    }
    // What was unpacked on the way is gone.
    expect((await readdir(folder)).sort()).toEqual(["image.tar", "image.tar.packed"]);
  });

  it("with several images is asked by name, number or ID", async () => {
    const other = dockerConfig(["one", "other"]);
    const { open } = await archive([
      manifestJson([
        { Config: `${two.name}.json`, RepoTags: ["app:1", "app:latest"], Layers: two.diffIds.map(tarOf) },
        { Config: `${other.name}.json`, RepoTags: ["ghcr.io/me/app:2"], Layers: other.diffIds.map(tarOf) },
      ]),
      file(tarOf(one), "one"),
      file(tarOf(second), "two"),
      file(tarOf(other.diffIds[1] ?? ""), "other"),
      file(`${two.name}.json`, two.text),
      file(`${other.name}.json`, other.text),
    ]);
    expect(await layersOf(open("app:1"))).toEqual(["one", "two"]);
    expect(await layersOf(open("docker.io/library/app"))).toEqual(["one", "two"]);
    expect(await layersOf(open("ghcr.io/me/app:2"))).toEqual(["one", "other"]);
    expect(await layersOf(open("@1"))).toEqual(["one", "other"]);
    expect(await layersOf(open(`@sha256:${two.name}`))).toEqual(["one", "two"]);
    await expect(open().source()).rejects.toMatchObject({ code: "IMAGE_AMBIGUOUS" });
    const missing = { code: "IMAGE_NOT_FOUND", hint: expect.stringContaining("app:1, app:latest") };
    await expect(open("app:3").source()).rejects.toMatchObject(missing);
    const held = await open().inventory();
    expect(held.map((image) => image.names)).toEqual([["app:1", "app:latest"], ["ghcr.io/me/app:2"]]);
    const again = await held[1]?.open();
    expect((await again?.root())?.bytes.includes(other.name)).toBe(true);
    await again?.close();
  });

  it("in the form of Docker 25 is read as the OCI layout that it is, packed layers included", async () => {
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["one", "two"]);
    const blobs = [...store.blobs].map(([digest, bytes]) => file(blobName(digest), bytes));
    const annotations = {
      "io.containerd.image.name": "docker.io/library/app:1",
      "org.opencontainers.image.ref.name": "1",
    };
    const { open } = await archive([
      file("oci-layout", '{"imageLayoutVersion":"1.0.0"}'),
      file("index.json", JSON.stringify({ schemaVersion: 2, manifests: [{ ...root, annotations }] })),
      ...blobs,
      manifestJson([{ Config: "blobs/sha256/x", RepoTags: ["app:1"], Layers: [] }]),
    ]);
    for (const name of ["", "app:1", "1"]) {
      const source = await open(name).source();
      expect((await source.root()).descriptor.digest).toBe(root.digest);
      expect(source.name).toBe("app:1");
      const layer = (await readImage(source)).images[0]?.layers[1];
      if (layer === undefined) throw new Error("two layers");
      expect((await readAll(await source.openLayer(layer), 100, "layer")).toString()).toBe("two");
      await source.close();
    }
    expect((await open().inventory()).map((image) => image.names)).toEqual([["app:1"]]);
  });
});

describe("a hostile or damaged archive", () => {
  const item = { Config: `${two.name}.json`, RepoTags: ["a:1"], Layers: ["1.tar", "2.tar"] };
  const good = [file("1.tar", "one"), file("2.tar", "two"), file(`${two.name}.json`, two.text)];

  it.each<[string, TarMember[], string]>([
    ["nothing wrong", [manifestJson([item]), ...good], "fine"],
    ["names with ./", [file("./manifest.json", JSON.stringify([item])), ...good], "fine"],
    ["a member above the archive", [manifestJson([item]), ...good, file("../x", "")], "ARCHIVE_INVALID"],
    ["a member behind a ..", [manifestJson([item]), ...good, file("a/../../x", "")], "ARCHIVE_INVALID"],
    ["an absolute member", [manifestJson([item]), ...good, file("/etc/passwd", "")], "ARCHIVE_INVALID"],
    ["two manifest.json", [manifestJson([item]), ...good, manifestJson([])], "ARCHIVE_INVALID"],
    ["two layers of one name", [manifestJson([item]), ...good, file("1.tar", "x")], "ARCHIVE_INVALID"],
    ["no manifest.json", good, "ARCHIVE_INVALID"],
    ["a manifest.json that is no list", [file("manifest.json", "{}"), ...good], "ARCHIVE_INVALID"],
    ["a manifest.json that is no JSON", [file("manifest.json", "[}"), ...good], "JSON_INVALID"],
    ["no config", [manifestJson([item]), ...good.slice(0, 2)], "BLOB_MISSING"],
    ["no layer", [manifestJson([item]), ...good.slice(1)], "BLOB_MISSING"],
    [
      "a config that is not what its name says",
      [manifestJson([item]), ...good.slice(0, 2), file(`${two.name}.json`, dockerConfig(["x", "y"]).text)],
      "DIGEST_MISMATCH",
    ],
    [
      "more layers than its config",
      [manifestJson([{ ...item, Layers: ["1.tar", "2.tar", "1.tar"] }]), ...good],
      "ARCHIVE_INVALID",
    ],
    [
      "a layer that links out of the archive",
      [manifestJson([item]), linkTo("1.tar", "../../../etc/passwd"), ...good.slice(1)],
      "BLOB_MISSING",
    ],
    [
      "a layer that links to an absolute path",
      [manifestJson([item]), linkTo("1.tar", "/etc/passwd"), ...good.slice(1)],
      "BLOB_MISSING",
    ],
    [
      "a link to itself",
      [manifestJson([item]), linkTo("1.tar", "1.tar", "hardlink"), ...good.slice(1)],
      "ARCHIVE_INVALID",
    ],
    [
      "a packed layer that is not what the config says",
      [manifestJson([item]), file("1.tar", gzipSync("eno")), ...good.slice(1)],
      "DIGEST_MISMATCH",
    ],
    [
      "a packed layer that is cut short",
      [manifestJson([item]), file("1.tar", gzipSync("one").subarray(0, 12)), ...good.slice(1)],
      "DECOMPRESSION_FAILED",
    ],
  ])("with %s", async (_, members, expected) => {
    expect(await code(members, layersOf)).toBe(expected);
  });

  it("whose plain layer is not what the config says cannot be copied on", async () => {
    expect(await code([manifestJson([item]), file("1.tar", "eno"), ...good.slice(1)], copyToMemory)).toBe(
      "DIGEST_MISMATCH",
    );
  });

  it("cut short anywhere says so", async () => {
    const { path, folder } = await archive([...good, manifestJson([item])]);
    const bytes = await readFile(path);
    const cut = join(folder, "cut.tar");
    // Every member has one header and one block of data; behind them come two empty blocks.
    for (let length = 0; length <= bytes.length - 1024; length += 256) {
      await writeFile(cut, bytes.subarray(0, length));
      const result = at(cut, folder).source();
      // The padding of the last member may be missing.
      if (length === bytes.length - 1024 || length === bytes.length - 1280) await (await result).close();
      else await expect(result, String(length)).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
    }
    await writeFile(cut, gzipSync(bytes).subarray(0, 200));
    await expect(at(cut, folder).source()).rejects.toMatchObject({ code: "DECOMPRESSION_FAILED" });
    await expect(at(folder, folder).source()).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
    await expect(at(`${folder}/none`, folder).source()).rejects.toMatchObject({ code: "FILE_MISSING" });
    await writeFile(cut, "no archive at all".repeat(100));
    await expect(at(cut, folder).source()).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
  });
});

describe("writing an archive", () => {
  it("unpacks the layers, keeps the config, and gives the same bytes each time", async () => {
    const store = new MemoryStore();
    const layers = [
      store.blob(mediaTypes.ociLayerZstd, zstdCompressSync("one")),
      store.blob(mediaTypes.ociLayer, "two"),
    ];
    const root = store.manifest(store.blob(mediaTypes.ociConfig, two.text), layers);
    const { folder, rest, result } = await written(store, root);
    expect(result.digest).toBe(`sha256:${two.name}`);
    expect(await layersOf(at(rest, folder))).toEqual(["one", "two"]);
    expect(await readdir(join(folder, "new"))).toEqual(["out.tar"]);
    const bytes = await readFile(join(folder, "new/out.tar"));
    expect(await readFile(join((await written(store, root)).folder, "new/out.tar"))).toEqual(bytes);
  });

  it("takes the image for this machine out of several, and says when there is none", async () => {
    const store = new MemoryStore();
    const both = store.index([store.image("linux/riscv64", ["risc"]), store.image("linux/s390x", ["z"])]);
    await expect(written(store, both)).rejects.toMatchObject({
      code: "PLATFORM_MISSING",
      message: expect.stringContaining("linux/riscv64, linux/s390x"),
    });
    const { folder, rest } = await written(store, store.image("linux/s390x", ["z"]));
    expect(await layersOf(at(rest, folder))).toEqual(["z"]);
  });

  it("that fails leaves the old archive and nothing else", async () => {
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["one"]);
    const { folder, rest } = await written(store, root);
    const path = join(folder, "new/out.tar");
    const before = await readFile(path);
    const layer = [...store.blobs].find(([, bytes]) => bytes[0] === 0x1f);
    if (layer === undefined) throw new Error("the layer is packed");
    store.blobs.set(layer[0], gzipSync("another"));
    const writing = copyImage(store.source(root), await at(rest, folder).sink(), quiet);
    await expect(writing).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    expect(await readdir(join(folder, "new"))).toEqual(["out.tar"]);
    expect(digestOf(await readFile(path))).toBe(digestOf(before));
    const onFolder = copyImage(store.source(root), await at(`${folder}/new:x`, folder).sink(), quiet);
    await expect(onFolder).rejects.toMatchObject({ code: "NOT_WRITABLE" });
  });
});
