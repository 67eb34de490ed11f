import { execFile, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { verified } from "../src/codec/verify.ts";
import { copyImage } from "../src/places/copy.ts";
import { readImage } from "../src/places/image-tree.ts";
import { openPlace } from "../src/places/open.ts";
import type { Written } from "../src/places/place.ts";
import { contextIn, newFolder, quiet } from "../src/places/testing/folders.ts";
import { describePlace, findTool, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const run = promisify(execFile);
/** Every way to write one image into a file or a folder. */
const forms = ["oci", "oci-archive", "docker-archive", "dir"] as const;

async function tool(name: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(findTool(name) ?? name, args, { maxBuffer: 1 << 24 });
  return stdout;
}

const skopeo = (...args: string[]) => tool("skopeo", "--insecure-policy", ...args);

async function copy(from: string, to: string, tempDir: string): Promise<Written> {
  const context = contextIn(tempDir);
  const source = await (await openPlace(from, context)).source();
  try {
    return await copyImage(source, await (await openPlace(to, context)).sink(), quiet);
  } finally {
    await source.close();
  }
}

/** What names an image everywhere: its config's digest, which lists the diffIDs. Every layer is read and checked. */
async function identity(place: string, tempDir: string): Promise<string> {
  const source = await (await openPlace(place, contextIn(tempDir))).source();
  try {
    const { images } = await readImage(source);
    for (const layer of images.flatMap((image) => image.layers)) {
      const bytes = verified(await source.openLayer(layer), { digest: layer.diffId }, layer.diffId);
      for await (const _ of bytes);
    }
    return images.map((image) => image.configDescriptor.digest).join();
  } finally {
    await source.close();
  }
}

/** A place of this form in a folder; the directory has no names. */
function at(form: (typeof forms)[number], path: string): string {
  return form === "dir" ? `dir:${path}` : `${form}:${path}:torch-app:2`;
}

/** A layout `lay` with an image `1` of two layers, which umoci made, one file of it random. */
async function umociImage(folder: string, bytes = 200_000): Promise<void> {
  const umoci = (...args: string[]) => run(findTool("umoci") ?? "umoci", args, { cwd: folder });
  await mkdir(join(folder, "files/opt"), { recursive: true });
  await writeFile(join(folder, "files/opt/random"), randomBytes(bytes));
  await writeFile(join(folder, "files/opt/zeros"), Buffer.alloc(bytes));
  await writeFile(join(folder, "one"), "one\n");
  await umoci("init", "--layout", "lay");
  await umoci("new", "--image", "lay:1");
  await umoci("insert", "--image", "lay:1", "files", "/");
  await umoci("insert", "--image", "lay:1", "one", "/etc/one");
}

describePlace("skopeo", firstMissing(toolMissing("skopeo"), toolMissing("umoci")), () => {
  it("writes what ddiff reads, and reads what ddiff wrote, in every pair of forms", async () => {
    const folder = await newFolder();
    await umociImage(folder);
    const id = await identity(`oci:${folder}/lay:1`, folder);
    for (const from of forms) {
      const theirs = at(from, join(folder, `theirs-${from}`));
      await skopeo("copy", "-q", `oci:${folder}/lay:1`, theirs);
      for (const to of forms) {
        const ours = at(to, join(folder, `ours-${from}-${to}`));
        await copy(theirs, ours, folder);
        expect(await identity(ours, folder), `${from} to ${to}`).toBe(id);
        await skopeo("copy", "-q", ours, `dir:${folder}/back`);
        expect(await identity(`dir:${folder}/back`, folder), `${to} back`).toBe(id);
      }
    }
  }, 120_000);

  it("keeps a registry's digest through every form but docker-archive", async () => {
    const folder = await newFolder();
    await umociImage(folder);
    const { digest } = await copy(`oci:${folder}/lay:1`, at("oci", join(folder, "start")), folder);
    let last = at("oci", join(folder, "start"));
    for (const form of ["dir", "oci-archive", "oci"] as const) {
      const next = at(form, join(folder, `next-${form}`));
      expect((await copy(last, next, folder)).digest).toBe(digest);
      expect((JSON.parse(await skopeo("inspect", next)) as { Digest: string }).Digest).toBe(digest);
      last = next;
    }
  });

  it("and umoci add to a layout of ddiff, and ddiff to theirs", async () => {
    const folder = await newFolder();
    await umociImage(folder);
    await copy(`oci:${folder}/lay:1`, `oci:${folder}/lay:2`, folder);
    await copy(`oci:${folder}/lay:1`, `oci:${folder}/ours:1`, folder);
    await writeFile(join(folder, "two"), "two\n");
    await tool(
      "umoci",
      "insert",
      "--image",
      `${folder}/ours:1`,
      "--tag",
      "3",
      join(folder, "two"),
      "/etc/two",
    );
    await skopeo("copy", "-q", `oci:${folder}/lay:2`, `oci:${folder}/ours:4`);
    await copy(`oci:${folder}/ours:3`, `oci:${folder}/lay:3`, folder);
    expect((await tool("umoci", "ls", "--layout", `${folder}/lay`)).trim().split("\n")).toEqual([
      "1",
      "2",
      "3",
    ]);
    await tool("umoci", "unpack", "--rootless", "--image", `${folder}/lay:3`, `${folder}/bundle`);
    const files = await readdir(join(folder, "bundle/rootfs/etc"));
    expect(files.sort()).toEqual(["one", "two"]);
    expect(await identity(`oci:${folder}/ours:4`, folder)).toBe(
      await identity(`oci:${folder}/lay:1`, folder),
    );
  });
});

describePlace("podman", firstMissing(toolMissing("podman"), toolMissing("umoci"), notRoot()), () => {
  it("loads the archives of ddiff, and ddiff reads what it saves", async () => {
    const folder = await newFolder();
    await umociImage(folder);
    const store = ["--root", `${folder}/root`, "--runroot", `${folder}/run`, "--storage-driver", "vfs"];
    const podman = (...args: string[]) => tool("podman", ...store, ...args);
    const id = await identity(`oci:${folder}/lay:1`, folder);
    for (const form of ["oci-archive", "docker-archive"] as const) {
      await copy(`oci:${folder}/lay:1`, `${form}:${folder}/${form}.tar:localhost/torch-app:2`, folder);
      expect(await podman("load", "-q", "-i", `${folder}/${form}.tar`)).toContain("localhost/torch-app:2");
      expect(`sha256:${(await podman("images", "--no-trunc", "-q")).trim().replace(/^sha256:/, "")}`).toBe(
        id,
      );
      await podman("save", "-q", "--format", form, "-o", `${folder}/saved-${form}`, "localhost/torch-app:2");
      const saved = `${form}:${folder}/saved-${form}`;
      expect(await identity(saved, folder)).toBe(id);
      const held = await (await openPlace(saved, contextIn(folder))).inventory();
      expect(held.map((image) => [image.names, image.id])).toEqual([[["localhost/torch-app:2"], id]]);
      await podman("rmi", "-f", "localhost/torch-app:2");
    }
  }, 120_000);
});

/** A module of ddiff, fit for an import statement. */
function quoted(name: string): string {
  return JSON.stringify(new URL(name, import.meta.url).pathname);
}

/** A script that copies an image, for a process that can be killed. It says when it begins. */
function copyScript(from: string, to: string, tempDir: string): string {
  return `
    import { copyImage } from ${quoted("../src/places/copy.ts")};
    import { openPlace } from ${quoted("../src/places/open.ts")};
    import { silent } from ${quoted("../src/util/progress.ts")};
    const context = { env: {}, progress: silent, tempDir: ${JSON.stringify(tempDir)}, insecure: false };
    const source = await (await openPlace(${JSON.stringify(from)}, context)).source();
    const sink = await (await openPlace(${JSON.stringify(to)}, context)).sink();
    console.log("begins");
    await copyImage(source, sink, context);
    console.log("done");
  `;
}

describePlace("killed writer", toolMissing("umoci"), () => {
  it("of a new layout leaves none, an empty one or the whole image, and a place for the next run", async () => {
    const folder = await newFolder();
    await umociImage(folder, 2_000_000);
    const id = await identity(`oci:${folder}/lay:1`, folder);
    const outcomes = new Set<string>();
    for (let n = 0; n < 12; n++) {
      const target = `oci:${folder}/new-${n}:1`;
      const script = copyScript(`oci:${folder}/lay:1`, target, folder);
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(child, "exit");
      await once(child.stdout, "data");
      await sleep(n * 6);
      child.kill("SIGKILL");
      await ended;
      const outcome = await identity(target, folder).catch(
        (error: unknown) => (error as { code: string }).code,
      );
      expect(["NOT_A_LAYOUT", "IMAGE_NOT_FOUND", id]).toContain(outcome);
      outcomes.add(outcome);
      await copy(`oci:${folder}/lay:1`, target, folder);
      expect(await identity(target, folder)).toBe(id);
      expect((await readdir(join(folder, `new-${n}`))).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
    }
    expect(outcomes).toContain("NOT_A_LAYOUT");
  }, 60_000);

  it.each(["oci", "docker-archive", "dir"] as const)(
    "of %s leaves the old image or the new one, whole, and the next run tidies up",
    async (form) => {
      const folder = await newFolder();
      await mkdir(join(folder, "temp"));
      await mkdir(join(folder, "a"));
      await mkdir(join(folder, "b"));
      await umociImage(join(folder, "a"), 4_000_000);
      await umociImage(join(folder, "b"), 4_000_000);
      const images = [`oci:${folder}/a/lay:1`, `oci:${folder}/b/lay:1`] as const;
      const ids = [await identity(images[0], folder), await identity(images[1], folder)];
      const target = at(form, join(folder, "out/image"));
      await copy(images[0], target, folder);
      let killed = 0;
      // The span in which to kill is learned from the first run, and as long as a run takes.
      let span = 0;
      for (let n = 0; n < 18; n++) {
        const from = images[(n + 1) % 2] ?? images[0];
        const script = copyScript(from, target, join(folder, "temp"));
        const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        await once(child.stdout, "data");
        const begun = performance.now();
        const ended = once(child, "exit") as Promise<[number | null, string | null]>;
        if (n > 0) {
          await sleep((span * ((n * 7) % 17)) / 16);
          child.kill("SIGKILL");
        }
        const [, signal] = await ended;
        if (n === 0) span = performance.now() - begun;
        if (signal === "SIGKILL") killed++;
        expect(ids).toContain(await identity(target, folder));
      }
      expect(killed).toBeGreaterThan(0);
      await copy(images[1], target, join(folder, "temp"));
      expect(await identity(target, folder)).toBe(ids[1]);
      expect(await readdir(join(folder, "temp"))).toEqual([]);
      expect(await readdir(join(folder, "out"))).toEqual(["image"]);
      if (form === "docker-archive") return;
      const top = (await readdir(join(folder, "out/image"))).filter((name) => name.startsWith("."));
      expect(top).toEqual([]);
    },
    180_000,
  );
});

/** Runs `work` with a disk of 4 MiB. */
async function withDisk(folder: string, work: (disk: string) => Promise<void>): Promise<void> {
  const disk = join(folder, "disk");
  await mkdir(disk);
  await run("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
  try {
    await work(disk);
  } finally {
    await run("umount", [disk]);
  }
}

/** A sentence where file systems cannot be mounted, which a full disk needs. */
function mountMissing(): string | undefined {
  try {
    execFileSync(findTool("unshare") ?? "unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], {
      stdio: "pipe",
    });
    return undefined;
  } catch {
    return "it needs the right to mount a file system";
  }
}

describePlace("full disk", firstMissing(toolMissing("umoci"), mountMissing()), () => {
  it.each(forms)("under %s gives a clear error and leaves nothing behind", async (form) => {
    const folder = await newFolder();
    await umociImage(folder, 6_000_000);
    await withDisk(folder, async (disk) => {
      await writeFile(join(disk, "kept"), "kept");
      const target = at(form, join(disk, "new/image"));
      await expect(copy(`oci:${folder}/lay:1`, target, folder)).rejects.toMatchObject({
        code: "DISK_FULL",
        message: expect.stringContaining(disk),
      });
      expect(await readdir(disk)).toEqual(["kept"]);
    });
  });

  it("where a packed archive is unpacked gives a clear error and leaves nothing behind", async () => {
    const folder = await newFolder();
    await umociImage(folder, 6_000_000);
    await copy(`oci:${folder}/lay:1`, `docker-archive:${folder}/image`, folder);
    await run("gzip", ["-1", join(folder, "image")]);
    await withDisk(folder, async (disk) => {
      const reading = copy(`docker-archive:${folder}/image.gz`, `dir:${folder}/d`, disk);
      await expect(reading).rejects.toMatchObject({
        code: "DISK_FULL",
        message: expect.stringContaining(disk),
      });
      expect(await readdir(disk)).toEqual([]);
    });
    expect(await readdir(folder)).not.toContain("d");
  });
});
