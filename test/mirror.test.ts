import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addImage, openWorkshop, type Workshop } from "../src/delta/testing/images.ts";
import { makeTar } from "../src/delta/testing/tars.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { digestOf, hexOf } from "../src/oci/digest.ts";
import { copyImage } from "../src/places/copy.ts";
import { readImage } from "../src/places/image-tree.ts";
import { ociLayoutPlace } from "../src/places/oci-layout.ts";
import { registryPlace } from "../src/places/registry.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { createMirror, type RunningMirror } from "../src/registry/mirror/mirror.ts";
import { startRegistry as startOurs, type Running } from "../src/registry/testing/start.ts";
import { silent } from "../src/util/progress.ts";
import { containerdMissing } from "./support/engine-kinds.ts";
import { startContainerd } from "./support/engines.ts";
import { startRegistry, type TestRegistry } from "./support/registry.ts";
import { describePlace, findTool, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const run = promisify(execFile);
const missing = firstMissing(toolMissing("docker-registry"), toolMissing("skopeo"), toolMissing("htpasswd"));
const layer = (): Buffer => makeTar([{ path: "large", bytes: randomBytes(8_000_000) }]);
const login = { username: "ann", password: "secret" };

describePlace("registry", missing, () => {
  let upstream: TestRegistry;
  let mirroring: Awaited<ReturnType<typeof startMirror>>;
  let shop: Workshop;
  let index: Descriptor;

  /** A registry of ours that mirrors the upstream as ghcr.io. */
  async function startMirror(tempDir: string) {
    const problems: string[] = [];
    let mirror: RunningMirror | undefined;
    const ours: Running = await startOurs({
      wrap(store) {
        mirror = createMirror({
          store,
          upstreams: [{ host: "ghcr.io", url: `http://${upstream.host}`, credentials: login }],
          freshFor: 0,
          tempDir,
          onProblem: (sentence) => void problems.push(sentence),
        });
        return store;
      },
      mirror: {
        manifest: async (...of) => mirror?.manifest(...of),
        blob: async (...of) => mirror?.blob(...of),
      },
    });
    const close = async (): Promise<void> => {
      await mirror?.close();
      await ours.close();
    };
    return { ours, problems, close };
  }

  beforeAll(async () => {
    shop = await openWorkshop();
    upstream = await startRegistry({ users: { [login.username]: login.password } });
    const store = new MemoryStore();
    const amd = addImage(store, [{ tar: layer(), pack: "none" }, { tar: layer() }], "linux/amd64");
    index = store.index([amd, addImage(store, [{ tar: layer() }], "linux/arm64")]);
    const env = {
      DDIFF_URL: `http://${upstream.host}`,
      DDIFF_USERNAME: login.username,
      DDIFF_PASSWORD: login.password,
    };
    const sink = await registryPlace(`//${upstream.host}/lab/app:1`, { ...shop.context, env }).sink();
    await copyImage(store.source(index), sink, { progress: silent });
    mirroring = await startMirror(shop.tempDir);
  }, 120_000);
  afterAll(async () => {
    await mirroring.close();
    await upstream.stop();
    await shop.close();
  });

  const name = (): string => `127.0.0.1:${mirroring.ours.port}/ghcr.io/lab/app:1`;

  it("gives 20 clients at once an image that needs a login upstream", async () => {
    const trees = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const to = `copy-${i}:app:1`;
        const source = await registryPlace(`//${name()}`, { ...shop.context }).source();
        const sink = await ociLayoutPlace(shop.path(to), shop.context).sink();
        await copyImage(source, sink, { progress: silent });
        return shop.read(`oci:${shop.path(to)}`);
      }),
    );
    for (const tree of trees) expect(tree.root.digest).toBe(index.digest);
    expect(mirroring.problems).toEqual([]);
  }, 120_000);

  it("stands in for the upstream where skopeo and Podman are told so", async () => {
    const conf = shop.path("registries.conf");
    const mirrored = `[[registry.mirror]]\nlocation = "127.0.0.1:${mirroring.ours.port}/ghcr.io"\ninsecure = true\n`;
    await writeFile(conf, `[[registry]]\nprefix = "ghcr.io"\nlocation = "ghcr.io"\n${mirrored}`);
    const args = ["--registries-conf", conf, "inspect", "--raw", "docker://ghcr.io/lab/app:1"];
    const { stdout } = await run(findTool("skopeo") ?? "skopeo", args);
    expect(digestOf(Buffer.from(stdout))).toBe(index.digest);
  });

  it.skipIf(containerdMissing !== undefined)(
    "stands in for the upstream where containerd is told so, which says the host by ns",
    async () => {
      const engine = await startContainerd();
      try {
        const hosts = shop.path("hosts");
        await mkdir(join(hosts, "ghcr.io"), { recursive: true });
        const host = `[host."http://127.0.0.1:${mirroring.ours.port}"]\ncapabilities = ["pull", "resolve"]\n`;
        await writeFile(join(hosts, "ghcr.io", "hosts.toml"), `server = "https://ghcr.io"\n${host}`);
        const args = ["--hosts-dir", hosts, "--all-platforms", "ghcr.io/lab/app:1"];
        await engine.run("ctr", "content", "fetch", ...args);
        const content = await engine.run("ctr", "content", "ls", "-q");
        expect(content).toContain(index.digest);
      } finally {
        await engine.stop();
      }
    },
    60_000,
  );

  it.skipIf(notRoot() !== undefined)("gives clients what its full disk cannot keep", async () => {
    const disk = shop.path("disk");
    await mkdir(disk);
    await run("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
    const before = process.env["TMPDIR"];
    // The folder of the registry's store is made there.
    process.env["TMPDIR"] = disk;
    const small = await startMirror(disk);
    process.env["TMPDIR"] = before;
    try {
      const source = await registryPlace(`//127.0.0.1:${small.ours.port}/ghcr.io/lab/app:1`, {
        ...shop.context,
      }).source();
      const sink = await ociLayoutPlace(shop.path("from-full:app:1"), shop.context).sink();
      const written = await copyImage(source, sink, { progress: silent });
      expect(written.digest).toBe(index.digest);
      expect(small.problems.join()).toMatch(/disk is full/);
      await expect.poll(() => small.ours.store.staleUploads(Date.now() + 1000)).toEqual([]);
    } finally {
      await small.close();
      await run("umount", [disk]);
    }
  });

  it("goes on with what it has when the upstream has gone", async () => {
    await upstream.stop();
    const folder = shop.path("skopeo");
    const skopeo = findTool("skopeo") ?? "skopeo";
    await run(skopeo, [
      "--insecure-policy",
      "copy",
      "--all",
      "--preserve-digests",
      "--src-tls-verify=false",
      `docker://${name()}`,
      `oci:${folder}:app`,
    ]);
    const file = await readFile(join(folder, "blobs", "sha256", hexOf(index.digest)));
    expect(file.length).toBe(index.size);
    expect(mirroring.problems.join()).toMatch(/^ghcr\.io failed for lab\/app/);
    const other = `//${name().replace(/1$/, "2")}`;
    const source = await registryPlace(other, { ...shop.context }, { retries: 0 }).source();
    await expect(readImage(source)).rejects.toMatchObject({ message: expect.stringMatching(/502|upstream/) });
  }, 120_000);
});
