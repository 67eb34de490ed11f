import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dockerMissing, podmanMissing } from "./support/engine-kinds.ts";
import { startDocker, startPodman, type TestEngine } from "./support/engines.ts";
import { noise, writeImage } from "./support/images.ts";
import { type LayerEntry, layerTar } from "./support/layers.ts";
import { packagesTar, writeRealImage } from "./support/real-image.ts";
import { startRegistry, type TestRegistry } from "./support/registry.ts";
import { ddiff, run } from "./support/run.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";
import { silent } from "../src/util/progress.ts";

/** A folder that the system's packages do not name: engines give it whatever time. */
const unnamed: LayerEntry[] = [
  { path: "usr/", type: "directory" },
  { path: "usr/lib64/", type: "directory" },
];
/** Files of all kinds, some of which differ between the base and the image in one thing only. */
const shared: LayerEntry[] = [
  { path: "srv/", type: "directory", mode: 0o2750, pax: { uid: "7", gid: "8", mtime: "1600000000.5" } },
  { path: "srv/same", data: "1".repeat(5000), mode: 0o4755, pax: { mtime: "1600000000.123456789" } },
  {
    path: "srv/link",
    type: "hardlink",
    link: "srv/same",
    mode: 0o4755,
    pax: { mtime: "1600000000.123456789" },
  },
  { path: "srv/soft", type: "symlink", link: "/nowhere", pax: { uid: "5", mtime: "1500000000.75" } },
  { path: "srv/fifo", type: "fifo", mode: 0o600 },
  { path: "srv/null", type: "char", device: [1, 3], mode: 0o666 },
  { path: "srv/line\nbreak é", data: "2" },
  { path: `srv/${"long".repeat(60)}`, data: "3" },
];
const onlyBase: LayerEntry[] = [
  ...unnamed,
  { path: "opt/", type: "directory" },
  { path: "opt/gone/", type: "directory" },
  { path: "opt/gone/file", data: "4".repeat(3000) },
  { path: "opt/emptied/", type: "directory" },
  { path: "opt/emptied/a", data: "5" },
  { path: "opt/emptied/b", data: "6" },
  { path: "opt/becomes-file/", type: "directory" },
  { path: "opt/becomes-file/in", data: "7" },
  { path: "opt/becomes-folder", data: "8" },
  { path: "opt/becomes-link", data: "9" },
  { path: "opt/owner", data: "a".repeat(700), pax: { uid: "1" } },
  { path: "opt/time", data: "b".repeat(700), pax: { mtime: "1600000000.1" } },
  { path: "opt/one", data: "c" },
  { path: "opt/able", data: "d", mode: 0o755 },
];
const capability = Buffer.from("0100000200040000000000000000000000000000", "hex");
const onlyImage: LayerEntry[] = [
  { path: "opt/", type: "directory", mode: 0o700 },
  { path: "opt/emptied/", type: "directory" },
  { path: "opt/emptied/new", data: "x" },
  { path: "opt/becomes-file", data: "7" },
  { path: "opt/becomes-folder/", type: "directory", pax: { mtime: "1700000000.000000001" } },
  { path: "opt/becomes-folder/in", data: "8" },
  { path: "opt/becomes-link", type: "symlink", link: "one" },
  { path: "opt/owner", data: "a".repeat(700), pax: { uid: "2" } },
  { path: "opt/time", data: "b".repeat(700), pax: { mtime: "1600000000.2" } },
  { path: "opt/one", data: "c" },
  { path: "opt/two", type: "hardlink", link: "opt/one" },
  { path: "opt/able", data: "d", mode: 0o755, pax: { "SCHILY.xattr.security.capability": capability } },
];
const later: LayerEntry[] = [
  ...unnamed,
  { path: "srv/", type: "directory", mode: 0o2750, pax: { uid: "7", gid: "8", mtime: "1600000000.5" } },
  { path: "srv/.wh.fifo" },
  { path: "srv/note", data: "y", pax: { "SCHILY.xattr.user.note": "of the image" } },
];

const settings = {
  Env: ["PATH=/usr/bin:/bin", "TOLD=yes"],
  Entrypoint: ["/bin/sh", "-c"],
  Cmd: ["echo $TOLD; cat /opt/two; id -u"],
  User: "0:0",
};

/** What a container lists of itself, but for what engines put there. */
const listing = `find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /etc -o -path /.dockerenv \\) -prune -o -path / -o -printf '%p %y %U:%G %m %s %T@ %l\\n' | sort; cat /opt/two /srv/link`;

interface Report {
  saved: number;
  before: { tar: number; packed?: number };
  after: { tar: number; packed?: number };
  written: { bytes: number; digest: string } | null;
  platforms: { reasons: { reason: string; bytes: number }[]; layers: { bytes: number }[] }[];
}

let folder = "";
const layout = (name: string): string => `oci:${join(folder, "layout")}:${name}`;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ddiff-rebase-"));
  if (podmanMissing !== undefined && dockerMissing !== undefined) return;
  const context = { env: {}, progress: silent, tempDir: folder, insecure: false };
  const system = await packagesTar(["dash", "coreutils", "findutils"]);
  await writeRealImage(layout("base"), [system, layerTar([...shared, ...onlyBase])], {}, context);
  await writeImage(layout("other"), [{ noise: noise("other", 5000) }], folder);
  // The same system in another layer, as a build of its own makes it.
  const own = Buffer.concat([layerTar(shared, 0), system]);
  await writeRealImage(layout("app"), [own, layerTar(onlyImage), layerTar(later)], settings, context);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs `ddiff rebase --json`. */
async function rebase(args: string[], env: Record<string, string> = {}): Promise<Report> {
  const made = await ddiff(["rebase", "--json", "--insecure", ...args], {
    env: { ...env, DDIFF_CACHE_DIR: join(folder, "cache") },
  });
  expect(made, made.stderr).toMatchObject({ status: 0, stderr: "" });
  return JSON.parse(made.stdout) as Report;
}

/** All files below a folder, as the system tells of them. */
async function tree(root: string): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await run("python3", [join(import.meta.dirname, "support", "tree.py"), root]);
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Bytes of all blobs below a folder. */
async function blobBytes(root: string): Promise<number> {
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  const blobs = files.filter((file) => file.isFile() && /^(?:data|[0-9a-f]{64})$/.test(file.name));
  const sizes = await Promise.all(
    blobs.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function copy(from: string, to: string): Promise<void> {
  const copied = await ddiff(["copy", "--quiet", "--insecure", from, to]);
  expect(copied, copied.stderr).toMatchObject({ status: 0 });
}

describePlace(
  "rebase-podman",
  firstMissing(podmanMissing, toolMissing("skopeo"), toolMissing("umoci")),
  () => {
    let engine: TestEngine;
    beforeAll(async () => {
      engine = await startPodman();
    });
    afterAll(() => engine.stop());

    const podman = (...args: string[]): Promise<string> =>
      engine.run("podman", "--runtime=runc", "--cgroup-manager=cgroupfs", ...args);
    const inContainer = (name: string, ...command: string[]): Promise<string> =>
      podman(
        "run",
        "--rm",
        "--network=none",
        "--ulimit=nofile=1024:4096",
        "--ulimit=nproc=4096:4096",
        name,
        ...command,
      );

    const layers = async (name: string): Promise<string[]> =>
      JSON.parse(
        await podman("image", "inspect", "--format", "{{json .RootFS.Layers}}", `localhost/${name}:1`),
      ) as string[];

    it("makes an image whose tree is the same in all that the system tells of a file, and that runs", {
      timeout: 120_000,
    }, async () => {
      const report = await rebase([layout("app"), "--onto", layout("base"), layout("shared")]);
      expect(report.platforms[0]?.reasons.map(({ reason }) => reason).sort()).toEqual([
        "attributes",
        "frame",
        "mode",
        "names",
        "new",
        "owner",
        "time",
        "type",
      ]);
      const trees: Record<string, unknown>[] = [];
      for (const name of ["app", "shared"]) {
        const image = `localhost/${name}:1`;
        await engine.run("skopeo", "copy", "--quiet", layout(name), `containers-storage:${image}`);
        trees.push(await tree((await podman("image", "mount", image)).trim()));
        await podman("image", "unmount", image);
        expect(await inContainer(image)).toBe("yes\nc0\n");
      }
      expect(Object.keys(trees[0] ?? {}).length).toBeGreaterThan(400);
      expect(trees[1]).toEqual(trees[0]);
      expect(trees[0]?.["opt/gone"]).toBeUndefined();
    });

    it("makes one that umoci unpacks to the same tree", { timeout: 120_000 }, async () => {
      await rebase([layout("app"), "--onto", layout("base"), layout("unpacked")]);
      const trees: Record<string, unknown>[] = [];
      for (const name of ["app", "unpacked"]) {
        const bundle = join(folder, `bundle-${name}`);
        await engine.run("umoci", "unpack", "--image", `${join(folder, "layout")}:${name}`, bundle);
        trees.push(await tree(join(bundle, "rootfs")));
      }
      expect(trees[1]).toEqual(trees[0]);
    });

    it("works in its storage", { timeout: 120_000 }, async () => {
      for (const name of ["app", "base"])
        await engine.run(
          "skopeo",
          "copy",
          "--quiet",
          layout(name),
          `containers-storage:localhost/in-${name}:1`,
        );
      const [app, base, made] = ["in-app:1", "in-base:1", "in-shared:1"].map(
        (name) => `containers-storage:localhost/${name}`,
      );
      const report = await rebase([app ?? "", "--onto", base ?? "", made ?? ""], engine.env);
      expect(report.saved).toBe(report.before.tar - report.after.tar);
      expect(await inContainer("localhost/in-shared:1")).toBe("yes\nc0\n");
      const below = await layers("in-base");
      expect((await layers("in-shared")).slice(0, below.length)).toEqual(below);
    });
  },
);

describePlace("rebase-docker", dockerMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startDocker();
  });
  afterAll(() => engine.stop());

  it("makes an image in Docker that shows and does the same", { timeout: 120_000 }, async () => {
    for (const name of ["app", "base"]) {
      const copied = await ddiff(["copy", "--quiet", layout(name), `docker-daemon:${name}:1`], {
        env: engine.env,
      });
      expect(copied, copied.stderr).toMatchObject({ status: 0 });
    }
    await rebase(
      ["docker-daemon:app:1", "--onto", "docker-daemon:base:1", "docker-daemon:shared:1"],
      engine.env,
    );
    const inContainer = (name: string, ...command: string[]): Promise<string> =>
      engine.run("docker", "run", "--rm", "--network=none", name, ...command);
    expect(await inContainer("shared:1")).toBe("yes\nc0\n");
    const [before, after] = [await inContainer("app:1", listing), await inContainer("shared:1", listing)];
    expect(before.split("\n").length).toBeGreaterThan(300);
    expect(after).toBe(before);
  });
});

describePlace(
  "rebase-registry",
  firstMissing(toolMissing("docker-registry"), toolMissing("dpkg"), notRoot()),
  () => {
    let registry: TestRegistry;
    beforeAll(async () => {
      registry = await startRegistry();
    });
    afterAll(() => registry.stop());

    const at = (name: string): string => `docker://${registry.host}/${name}`;
    const stored = (): Promise<number> => blobBytes(join(registry.folder, "data"));

    it("stores in a registry what was foretold, to the byte, and sends nothing of the base", {
      timeout: 120_000,
    }, async () => {
      await copy(layout("base"), at("base:1"));
      const base = await stored();
      await copy(layout("app"), at("app:1"));
      const before = (await stored()) - base;
      const foretold = await rebase(["--dry-run", at("app:1"), "--onto", at("base:1")]);
      expect(foretold.written).toBeNull();
      expect((await stored()) - base).toBe(before);
      const made = await rebase([at("app:1"), "--onto", at("base:1"), at("team/app:2")]);
      const after = (await stored()) - base - before;
      expect(made.before.packed).toBe(before);
      expect(made.after.packed).toBe(after);
      expect([foretold.saved, made.saved]).toEqual([before - after, before - after]);
      expect(made.written?.bytes).toBeLessThanOrEqual(after);
      expect(after).toBeLessThan(before / 100);
    });

    it("stores in a layout what was foretold, to the byte", async () => {
      const [one, other] = [join(folder, "one"), join(folder, "other")];
      await copy(layout("base"), `oci:${one}:base`);
      await copy(layout("app"), `oci:${one}:app`);
      await copy(layout("base"), `oci:${other}:base`);
      const made = await rebase([`oci:${one}:app`, "--onto", `oci:${other}:base`, `oci:${other}:app`]);
      expect((await blobBytes(one)) - (await blobBytes(other))).toBe(made.saved);
    });

    it("says where it would be of no use, and writes nothing", async () => {
      const place = layout("useless");
      const made = await ddiff(["rebase", layout("other"), "--onto", layout("base"), place]);
      expect(made).toMatchObject({ status: 1 });
      expect(made.stdout).toContain("A rebase saves nothing here: nothing is written.");
      expect((await ddiff(["show", place])).status).not.toBe(0);
    });
  },
);
