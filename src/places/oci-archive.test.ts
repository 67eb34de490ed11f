import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { copyImage } from "./copy.ts";
import { ociArchivePlace } from "./oci-archive.ts";
import { blobName } from "./oci-layout-source.ts";
import { file, linkTo, writeTar } from "./testing/archives.ts";
import { contextIn, newFolder, quiet } from "./testing/folders.ts";
import { MemoryStore } from "./testing/memory.ts";

it("an image with all platforms and signatures goes through an archive, packed or not, with every byte", async () => {
  const folder = await newFolder();
  const store = new MemoryStore();
  const root = store.index([store.image("linux/amd64", ["a"]), store.image("linux/arm64", ["b"])]);
  store.referrer(root, "signature");
  const path = join(folder, "x.tar");
  const place = (rest: string) => ociArchivePlace(rest, contextIn(folder));
  await copyImage(store.source(root), await place(`${path}:app:1`).sink(), quiet);
  await writeFile(`${path}.gz`, gzipSync(await readFile(path)));
  for (const rest of [path, `${path}:app:1`, `${path}.gz:@0`]) {
    const source = await place(rest).source();
    const back = new MemoryStore();
    await copyImage(source, back.sink(), quiet);
    expect(back.blobs).toEqual(store.blobs);
    expect(source.name).toBe("app:1");
    await source.close();
  }
  const held = await place(path).inventory();
  expect(held.map((image) => [image.names, image.platform.architecture])).toEqual([
    [["app:1"], "amd64"],
    [["app:1"], "arm64"],
  ]);
  expect((await readdir(folder)).sort()).toEqual(["x.tar", "x.tar.gz"]);
});

it("an archive whose blobs are links out of it, damaged or absent is not copied on", async () => {
  const folder = await newFolder();
  const store = new MemoryStore();
  const root = store.image("linux/amd64", ["one"]);
  const blobs = [...store.blobs].map(([digest, bytes]) => file(blobName(digest), bytes));
  const layout = file("oci-layout", '{"imageLayoutVersion":"1.0.0"}');
  const index = file("index.json", JSON.stringify({ schemaVersion: 2, manifests: [root] }));
  const path = join(folder, "x.tar");
  for (const [n, blob] of blobs.entries()) {
    const without = blobs.filter((other) => other !== blob);
    const damaged = Buffer.from(blob.bytes ?? "");
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    const cases: [typeof blobs, string][] = [
      [without, "BLOB_MISSING"],
      [[...without, linkTo(blob.path, "../../../etc/hostname")], "BLOB_MISSING"],
      [[...without, linkTo(blob.path, "/etc/hostname", "hardlink")], "BLOB_MISSING"],
      [[...without, file(blob.path, `${blob.bytes?.toString("latin1")} `)], "SIZE_MISMATCH"],
      [[...without, file(blob.path, damaged)], "DIGEST_MISMATCH"],
      [[...blobs, blob], "ARCHIVE_INVALID"],
    ];
    for (const [members, code] of cases) {
      await writeTar(path, [layout, index, ...members]);
      const copying = async () => {
        const source = await ociArchivePlace(path, contextIn(folder)).source();
        try {
          await copyImage(source, new MemoryStore().sink(), quiet);
        } finally {
          await source.close();
        }
      };
      await expect(copying(), `blob ${n}, ${code}`).rejects.toMatchObject({ code });
    }
  }
});
