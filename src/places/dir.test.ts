import { appendFile, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hexOf } from "../oci/digest.ts";
import { copyImage } from "./copy.ts";
import { dirPlace } from "./dir.ts";
import { contextIn, newFolder, quiet } from "./testing/folders.ts";
import { MemoryStore } from "./testing/memory.ts";

function place(rest: string, notes: string[] = []) {
  return dirPlace(rest, contextIn("/", notes));
}

describe("dir:", () => {
  it("holds an index with its images as skopeo does, and gives every byte back", async () => {
    const folder = join(await newFolder(), "image");
    const store = new MemoryStore();
    const arm = store.image("linux/arm64", ["arm"]);
    const root = store.index([store.image("linux/amd64", ["amd"]), arm]);
    await copyImage(store.source(root), await place(folder).sink(), quiet);
    const names = await readdir(folder);
    expect(names).toContain(`${hexOf(arm.digest)}.manifest.json`);
    expect(names).toHaveLength(store.blobs.size + 1);
    expect(await readFile(join(folder, "version"), "utf8")).toBe("Directory Transport Version: 1.1\n");
    const back = new MemoryStore();
    await copyImage(await place(folder).source(), back.sink(), quiet);
    expect(back.blobs).toEqual(store.blobs);
    expect((await place(folder).inventory()).map((image) => image.platform.architecture)).toEqual([
      "amd64",
      "arm64",
    ]);
  });

  it("holds one image: another takes its place, what both share is kept, referrers are left out with a note", async () => {
    const folder = join(await newFolder(), "image");
    const store = new MemoryStore();
    const first = store.image("linux/amd64", ["base", "one"]);
    await copyImage(store.source(first), await place(folder).sink(), quiet);
    const other = new MemoryStore();
    const second = other.image("linux/amd64", ["base", "two"]);
    const files = other.blobs.size;
    other.referrer(second, "signature");
    await writeFile(join(folder, "signature-1"), "");
    const notes: string[] = [];
    const { progress } = contextIn("/", notes);
    const copied = await copyImage(other.source(second), await place(folder).sink(), { ...quiet, progress });
    expect(notes).toEqual([expect.stringContaining("referrers")]);
    expect(await readdir(folder)).toHaveLength(files + 1);
    expect(await readdir(folder)).not.toContain("signature-1");
    const config = [...other.blobs.values()].find((bytes) => bytes.includes("rootfs"));
    const layer = [...other.blobs.values()].filter((bytes) => bytes[0] === 0x1f)[1];
    expect(copied.bytes).toBe((config?.length ?? 0) + (layer?.length ?? 0));
    const root = await (await place(folder).source()).root();
    expect(root.descriptor.digest).toBe(second.digest);
  });

  it("is never written into a folder of something else", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "thesis.txt"), "precious");
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["base"]);
    const write = async (path: string) => copyImage(store.source(root), await place(path).sink(), quiet);
    await expect(write(folder)).rejects.toMatchObject({ code: "NOT_A_DIR" });
    await expect(write(join(folder, "thesis.txt"))).rejects.toMatchObject({ code: "NOT_A_DIR" });
    expect(await readdir(folder)).toEqual(["thesis.txt"]);
    await expect(place(folder).source()).rejects.toMatchObject({ code: "NOT_A_DIR" });
    expect(() => place("")).toThrow(expect.objectContaining({ code: "PLACE_INVALID" }));
  });

  it("with a blob that is missing, damaged or a link out is refused by the file's name", async () => {
    const top = await newFolder();
    const folder = join(top, "image");
    await mkdir(folder);
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["base"]);
    await copyImage(store.source(root), await place(folder).sink(), quiet);
    const blobs = [...store.blobs.keys()].filter((digest) => digest !== root.digest);
    expect(blobs).toHaveLength(2);
    for (const digest of blobs) {
      const path = join(folder, hexOf(digest));
      const bytes = await readFile(path);
      const copying = async () => copyImage(await place(folder).source(), new MemoryStore().sink(), quiet);
      const refused = (code: string) =>
        expect(copying(), code).rejects.toMatchObject({
          code,
          message: expect.stringContaining(hexOf(digest)),
        });
      await appendFile(path, "x");
      await refused("SIZE_MISMATCH");
      await writeFile(path, Buffer.alloc(bytes.length, 0x20));
      await refused("DIGEST_MISMATCH");
      await rm(path);
      await refused("BLOB_MISSING");
      await writeFile(join(top, "outside"), bytes);
      await symlink("../outside", path);
      await refused("LINK_OUTSIDE");
      await rm(path);
      await writeFile(path, bytes);
    }
  });
});
