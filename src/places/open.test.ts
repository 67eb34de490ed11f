import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { copyImage } from "./copy.ts";
import { openPlace } from "./open.ts";
import { contextIn, newFolder, quiet } from "./testing/folders.ts";
import { MemoryStore } from "./testing/memory.ts";

const context = contextIn("/");

describe("a place", () => {
  it.each([
    ["docker://ghcr.io/me/app:1", "docker", "docker://ghcr.io/me/app:1"],
    ["docker://debian", "docker", "docker://debian:latest"],
    ["oci:/srv/layout:app:1", "oci", "oci:/srv/layout:app:1"],
    ["oci:relative", "oci", "oci:relative"],
    ["oci-archive:x.tar:1", "oci-archive", "oci-archive:x.tar:1"],
    ["docker-archive:x.tar:app:1", "docker-archive", "docker-archive:x.tar:app:1"],
    ["dir:/srv/image", "dir", "dir:/srv/image"],
  ])("%s is known by its transport", async (text, transport, label) => {
    expect(await openPlace(text, context)).toMatchObject({ transport, label });
  });

  it.each([
    ["docker:debian:12", "PLACE_INVALID", "docker://debian:12"],
    ["https://ghcr.io/me/app", "PLACE_UNKNOWN", "docker://ghcr.io/me/app"],
    [
      "s3://bucket/image",
      "PLACE_UNKNOWN",
      "docker://, docker-daemon:, containers-storage:, containerd:, oci:",
    ],
    ["tarball:./x.tar", "PLACE_UNKNOWN", "oci-archive:"],
    ["oci:", "PLACE_INVALID", "oci:PATH"],
    ["oci-archive::x", "PLACE_INVALID", "oci-archive:PATH"],
    ["./no/such.tar", "FILE_MISSING", "oci-archive:PATH"],
  ])("%s is refused with %s and what to write instead", async (text, code, hint) => {
    await expect(openPlace(text, context)).rejects.toMatchObject({
      code,
      hint: expect.stringContaining(hint),
    });
  });

  it("may be the path of what lies there: a layout, an archive of either kind, a folder of skopeo", async () => {
    const top = await newFolder();
    const here = contextIn(top);
    const store = new MemoryStore();
    const root = store.image("linux/amd64", ["one"]);
    const write = async (text: string) =>
      copyImage(store.source(root), await (await openPlace(text, here)).sink(), quiet);
    await write(`oci:${top}/layout:app:1`);
    await write(`oci-archive:${top}/o.tar:app:1`);
    await write(`docker-archive:${top}/d.tar:app:1`);
    await write(`dir:${top}/dir`);
    const packed = join(top, "d.tar.gz");
    await writeFile(packed, gzipSync("whatever it is"));
    const found = async (path: string) => (await openPlace(join(top, path), here)).transport;
    expect(await found("layout")).toBe("oci");
    expect(await found("layout:app:1")).toBe("oci");
    expect(await found("o.tar")).toBe("oci-archive");
    expect(await found("d.tar:app:1")).toBe("docker-archive");
    expect(await found("d.tar.gz")).toBe("docker-archive");
    expect(await found("dir")).toBe("dir");
    await expect(openPlace(top, here)).rejects.toMatchObject({ code: "PLACE_UNKNOWN" });
    await writeFile(join(top, "notes.txt"), "no archive".repeat(200));
    await expect(openPlace(join(top, "notes.txt"), here)).rejects.toMatchObject({ code: "PLACE_UNKNOWN" });
  });
});
