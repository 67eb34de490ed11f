import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleBytes } from "../src/codec/exact/testing/sample.ts";
import { loadBundle } from "../src/delta/load.ts";
import { describeBundle } from "../src/delta/show.ts";
import { addImage, openWorkshop, type Workshop } from "../src/delta/testing/images.ts";
import { makeContent, makeTar } from "../src/delta/testing/tars.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { type Running, startRegistry } from "../src/registry/testing/start.ts";
import { startContainerd, startDocker, startPodman, type TestEngine } from "./support/engines.ts";
import { ddiff, type Ran, run } from "./support/run.ts";
import { isSigned, signImage, signingKeys } from "./support/signed.ts";
import { describePlace, findTool, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

/** Files of one version of an application: of a large library a little changes, beside it stand a script and noise. */
async function writeVersion(folder: string, version: number): Promise<void> {
  await mkdir(join(folder, "lib"), { recursive: true });
  await mkdir(join(folder, "app"), { recursive: true });
  const library = sampleBytes(3_000_000);
  for (let at = 5000; at < library.length; at += 400_000) library[at] = version;
  await writeFile(join(folder, "lib", "library.so"), library);
  const script = makeContent({ kind: "text", seed: 3, size: 20_000, edits: version });
  await writeFile(join(folder, "app", "main.py"), script);
  await writeFile(join(folder, "Dockerfile"), 'FROM scratch\nCOPY lib /lib\nCOPY app /app\nCMD ["/app"]\n');
}

const at = (registry: Running, name: string): string => `127.0.0.1:${registry.port}/${name}`;

async function skopeo(...args: string[]): Promise<string> {
  const ran = await run(findTool("skopeo") ?? "skopeo", args);
  if (ran.status !== 0) throw new Error(`skopeo ${args.join(" ")}: ${ran.stderr}`);
  return ran.stdout.trim();
}

const digestOfImage = (registry: Running, name: string): Promise<string> =>
  skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", `docker://${at(registry, name)}`);

/** Packs as Python's gzip module does. */
function packByPython(tar: Buffer): Buffer {
  const program = "import gzip, sys; sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read(), 6))";
  return execFileSync("python3", ["-c", program], { input: tar, maxBuffer: 64 << 20 });
}

const missing = firstMissing(
  ...["dockerd", "podman", "buildah", "skopeo", "umoci", "containerd"].map(toolMissing),
  notRoot(),
);

describePlace("exact", missing, () => {
  let folder: string;
  let factory: Running;
  let server: Running;
  let shop: Workshop;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-exact-"));
    [factory, server, shop] = [await startRegistry(), await startRegistry(), await openWorkshop()];
    for (const version of [1, 2]) await writeVersion(join(folder, String(version)), version);
  });
  afterAll(async () => {
    await shop.close();
    for (const registry of [factory, server]) await registry.close();
    await rm(folder, { recursive: true });
  });

  async function cli(...args: string[]): Promise<Ran> {
    const env = { HOME: folder, DDIFF_TMPDIR: folder, DDIFF_CACHE_DIR: join(folder, "cache") };
    const ran = await ddiff(args, { cwd: folder, env });
    if (ran.status !== 0) throw new Error(`ddiff ${args.join(" ")}: ${ran.stderr}`);
    return ran;
  }

  describe("an image that docker built, pushed, and somebody signed", () => {
    const keys = signingKeys();
    let digest = "";
    let bundle = "";

    beforeAll(async () => {
      bundle = join(folder, "app.ddiff");
      const engine = await startDocker({ driver: "vfs" });
      try {
        for (const version of [1, 2]) {
          const name = at(factory, `app:${version}`);
          await engine.run("docker", "build", "-q", "-t", name, join(folder, String(version)));
          await engine.run("docker", "push", "-q", name);
        }
      } finally {
        await engine.stop();
      }
      digest = await digestOfImage(factory, "app:2");
      await signImage(factory, "app", digest, keys.privateKey);
      const [from, to] = [factory, server].map((registry) => `docker://${at(registry, "app:1")}`);
      await skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", from ?? "", to ?? "");
      const versions = [1, 2].map((version) => `docker://${at(factory, `app:${version}`)}`);
      await cli("diff", "--require-exact", "-o", bundle, ...versions);
    }, 120_000);

    it("has the same digest in another registry, where its signature verifies", async () => {
      const shown = await cli("show", bundle);
      expect(shown.stdout).toMatch(/as a patch +3 MB +[\d.]+ k?B +go1\.8-level6/);
      expect(await isSigned(server, "app", digest, keys.publicKey).catch(() => false)).toBe(false);
      await cli("load", "--require-exact", bundle, "--to", `docker://${at(server, "app:2")}`);
      expect(await digestOfImage(server, "app:2")).toBe(digest);
      expect(await digestOfImage(server, `app@${digest}`)).toBe(digest);
      expect(await isSigned(server, "app", digest, keys.publicKey)).toBe(true);
      expect(await isSigned(server, "app", digest, signingKeys().publicKey)).toBe(false);
    }, 60_000);

    it("is a bundle of a hundredth of it", async () => {
      const { size } = await readFile(bundle).then(({ length }) => ({ size: length }));
      expect(size).toBeLessThan(40_000);
    });

    it("has it in an OCI layout and in containerd, from the base of Docker's classic store", async () => {
      const engines: TestEngine[] = [];
      try {
        const docker = await startDocker({ driver: "vfs" });
        engines.push(docker);
        await docker.run("docker", "pull", "-q", at(server, "app:1"));
        const env = { ...docker.env, HOME: folder, DDIFF_TMPDIR: folder };
        const base = `docker-daemon:${at(server, "app:1")}`;
        const args = ["load", "--require-exact", bundle, "--base", base, "--to"];
        expect(await ddiff([...args, "oci:layout:app:2"], { cwd: folder, env })).toMatchObject({ status: 0 });
        expect((await shop.read(`oci:${folder}/layout:app:2`)).root.digest).toBe(digest);
        const containerd = await startContainerd();
        engines.push(containerd);
        const both = { ...env, ...containerd.env };
        const loaded = await ddiff([...args, "containerd:app:2"], { cwd: folder, env: both });
        expect(loaded).toMatchObject({ status: 0 });
        expect(await containerd.run("ctr", "images", "ls")).toContain(digest);
      } finally {
        for (const engine of engines) await engine.stop();
      }
    }, 120_000);

    it("is pulled by a delta that lies in the registry, with its digest", async () => {
      for (const version of [1, 2]) {
        await cli("copy", `docker://${at(factory, `app:${version}`)}`, `oci:work:app:${version}`);
      }
      const env = { HOME: folder, DDIFF_TMPDIR: folder, DDIFF_URL: `http://${at(server, "").slice(0, -1)}` };
      const pushed = await ddiff(["push", "oci:work:app:2", "--delta-from", "oci:work:app:1"], {
        cwd: folder,
        env,
      });
      expect(pushed).toMatchObject({ status: 0, stdout: expect.stringMatching(/delta from .*instead of/) });
      await cli("copy", "oci:work:app:1", "oci:home:app:1");
      const copied = await cli("copy", `docker://${at(server, "app:2")}`, "oci:home:app:2");
      expect(copied.stdout).toMatch(/instead of/);
      expect((await shop.read(`oci:${folder}/home:app:2`)).root.digest).toBe(digest);
    }, 60_000);
  });

  describe("a layer", () => {
    /** An image of one uncompressed layer, in a layout. */
    let plain = "";
    let podman: TestEngine;
    beforeAll(async () => {
      const store = new MemoryStore();
      const tar = makeTar([
        { path: "lib", bytes: sampleBytes(3_000_000, 9) },
        { path: "text", bytes: makeContent({ kind: "text", seed: 5, size: 800_000, edits: 0 }) },
      ]);
      plain = await shop.write(store, addImage(store, [{ tar, pack: "none" }]), "plain:made");
      podman = await startPodman({ driver: "vfs" });
    });
    afterAll(() => podman.stop());

    const pushed = async (program: string): Promise<string> => {
      const to = `docker://${at(factory, `${program}:made`)}`;
      await podman.run("skopeo", "copy", "-q", plain, `containers-storage:localhost/${program}:made`);
      await podman.run(program, "push", "-q", "--tls-verify=false", `localhost/${program}:made`, to);
      return to;
    };
    /** Has a program compress the layer; answers where the image then lies. */
    const makers: Record<string, () => Promise<string>> = {
      podman: () => pushed("podman"),
      buildah: () => pushed("buildah"),
      async skopeo() {
        const to = `docker://${at(factory, "skopeo:made")}`;
        await skopeo("copy", "--dest-tls-verify=false", plain, to);
        return to;
      },
      async umoci() {
        const umoci = (...args: string[]) => run(findTool("umoci") ?? "", args, { cwd: folder });
        await umoci("init", "--layout", "umoci");
        await umoci("new", "--image", "umoci:made");
        await umoci("insert", "--image", "umoci:made", "2/lib", "/lib");
        return `oci:${folder}/umoci:made`;
      },
      async Python() {
        const store = new MemoryStore();
        return shop.write(
          store,
          addImage(store, [
            { tar: makeTar([{ path: "lib", bytes: sampleBytes(3_000_000, 9) }]), pack: packByPython },
          ]),
          "python:made",
        );
      },
    };

    it.each(Object.keys(makers))(
      "that %s compressed is compressed again as it was",
      async (name) => {
        const made = await makers[name]?.();
        await cli("copy", made ?? "", `oci:${name}-copy:made`);
        const target = `oci:${folder}/${name}-copy:made`;
        const { file } = await shop.diff([], [target], { requireExact: true });
        const to = `oci:${folder}/${name}-again:made`;
        await loadBundle({ bundle: file, to, bases: [], context: shop.context, requireExact: true });
        expect((await shop.read(to)).root.digest).toBe((await shop.read(target)).root.digest);
        const { layers } = await describeBundle(file, shop.context);
        expect(layers.map(({ from }) => from)).toEqual(["patch"]);
      },
      60_000,
    );
  });
});
