import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readAll } from "../src/codec/read-all.ts";
import { diffImages } from "../src/delta/diff.ts";
import { loadBundle } from "../src/delta/load.ts";
import { digestOf } from "../src/oci/digest.ts";
import { parsePlatform } from "../src/oci/platform.ts";
import { copyImage } from "../src/places/copy.ts";
import { dockerApi } from "../src/places/docker/api.ts";
import { engineHttp } from "../src/places/docker/http.ts";
import { dockerSource } from "../src/places/docker/source.ts";
import { findEngine } from "../src/places/engine.ts";
import { readImage } from "../src/places/image-tree.ts";
import { openPlace } from "../src/places/open.ts";
import type { Layer } from "../src/places/place.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { silent } from "../src/util/progress.ts";
import { dockerMissing, fileInContainer, newDocker, newDockerMissing } from "./support/engine-kinds.ts";
import { type TestEngine, startDocker } from "./support/engines.ts";
import { hardLayer, hostArchitecture, imageOf, layerTar } from "./support/layers.ts";
import { describePlace } from "./support/tools.ts";

const base = hardLayer(randomBytes(1 << 20));
const own = layerTar([{ path: "own", data: "of one image" }]);

/** Where the engine keeps a file of an image's top layer. */
async function fileOfLayer(engine: TestEngine, id: string, path: string): Promise<string> {
  const format = "{{.GraphDriver.Data.UpperDir}}";
  return join((await engine.run("docker", "image", "inspect", "-f", format, id)).trim(), path);
}

describePlace("docker", dockerMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startDocker();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);

  it("is read the same from the store's files and through docker save", async () => {
    const folder = join(engine.folder, "build");
    await mkdir(join(folder, "app"), { recursive: true });
    await writeFile(join(folder, "app/large"), randomBytes(2 << 20));
    await writeFile(join(folder, "app/small"), "small");
    await writeFile(
      join(folder, "Dockerfile"),
      'FROM scratch\nCOPY app /app\nCOPY app/small /app/large\nCMD ["/x"]\n',
    );
    await engine.run("docker", "build", "-q", "-t", "built:1", folder);

    const api = dockerApi(engineHttp({ kind: "unix", path: join(engine.folder, "docker.sock") }, "Docker"));
    const context = engine.context();
    const direct = await dockerSource(api, "built:1", "direct", context);
    const elsewhere = { ...api, info: async () => ({ driver: "zfs", rootDir: "/", containerdStore: false }) };
    const saved = await dockerSource(elsewhere, "built:1", "saved", context);
    try {
      const [a, b] = await Promise.all([readImage(direct), readImage(saved)]);
      expect(a.root).toEqual(b.root);
      for (const layer of a.images[0]?.layers ?? []) {
        const one = await readAll(await direct.openLayer(layer), 1 << 24, "a layer");
        const other = await readAll(await saved.openLayer(layer), 1 << 24, "a layer");
        expect(one.equals(other)).toBe(true);
        expect(digestOf(one)).toBe(layer.diffId);
      }
    } finally {
      await direct.close();
      await saved.close();
    }
    expect((await readdir(engine.folder)).filter((name) => name.endsWith(".tar"))).toEqual([]);
  });

  it("is read by a user without root, and says whom to ask where the socket is not for them", async () => {
    const store = new MemoryStore();
    const sink = await (await openPlace("docker-daemon:plain:1", engine.context())).sink();
    await copyImage(store.source(imageOf(store, [base, own])), sink, { progress: silent });
    const tempDir = join(engine.folder, "for-everybody");
    await mkdir(tempDir);
    await chmod(tempDir, 0o777);
    await chmod(engine.folder, 0o755);
    const socket = join(engine.folder, "docker.sock");
    const read = async () => {
      const source = await (await openPlace("docker-daemon:plain:1", engine.context({ tempDir }))).source();
      try {
        const [layer] = (await readImage(source)).images[0]?.layers ?? [];
        return digestOf(await readAll(await source.openLayer(layer as Layer), 1 << 24, "a layer"));
      } finally {
        await source.close();
      }
    };
    const nobody = 65_534;
    process.seteuid?.(nobody);
    try {
      await expect(read()).rejects.toMatchObject({
        code: "ENGINE_DENIED",
        hint: expect.stringContaining("sudo"),
      });
      process.seteuid?.(0);
      await chmod(socket, 0o666);
      process.seteuid?.(nobody);
      expect(await read()).toBe(digestOf(base));
    } finally {
      process.seteuid?.(0);
    }
    expect(await readdir(tempDir)).toEqual([]);
  });

  it("gives a bundle its base from the store's files, and is named where one of them is damaged", async () => {
    const store = new MemoryStore();
    const make = async (name: string, data: Buffer): Promise<void> => {
      const sink = await (await openPlace(`docker-daemon:${name}`, engine.context())).sink();
      const layer = layerTar([
        { path: "kept", data: old },
        { path: "note", data },
      ]);
      await copyImage(store.source(imageOf(store, [layer])), sink, { progress: silent });
    };
    const old = randomBytes(1 << 20);
    await make("patched:1", Buffer.from("one"));
    await make("patched:2", Buffer.from("two"));
    const [before, after] = [await identityOf("patched:1"), await identityOf("patched:2")];
    const context = engine.context();
    const out = join(engine.folder, "patched.ddiff");
    const source = async (name: string) => (await openPlace(`docker-daemon:${name}`, context)).source();
    const [base, target] = [await source("patched:1"), await source("patched:2")];
    await diffImages({
      bases: [base],
      targets: [target],
      effort: "fast",
      wholeLayers: false,
      out,
      context,
    });
    await engine.run("docker", "rmi", "patched:2");
    await loadBundle({ bundle: out, bases: [], context });
    expect(await identityOf("patched:2")).toBe(after);
    await engine.run("docker", "rmi", "patched:2");

    const file = await fileOfLayer(engine, before, "kept");
    const damaged = Buffer.from(old);
    damaged[1000] = (damaged[1000] ?? 0) ^ 1;
    await writeFile(file, damaged);
    const held = await holdings();
    await expect(loadBundle({ bundle: out, bases: [], context })).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
      message: expect.stringMatching(/^base layer sha256:[0-9a-f]{64} should be/),
    });
    await expect(identityOf("patched:2")).rejects.toThrow(/No such image/);
    // The layer was on its way to Docker when it came out wrong.
    await expect.poll(holdings, { timeout: 10_000 }).toEqual(held);
  });

  /** Every image, layer and temporary file of the engine, named or not. */
  async function holdings(): Promise<string[]> {
    const images = await engine.run("docker", "images", "--all", "--no-trunc", "--quiet");
    const root = (await engine.run("docker", "info", "-f", "{{.DockerRootDir}} {{.Driver}}")).trim();
    const [folder = "", driver = ""] = root.split(" ");
    const folders = [`image/${driver}/layerdb/sha256`, `image/${driver}/layerdb/tmp`, driver, "tmp"];
    const names = await Promise.all(folders.map((name) => readdir(join(folder, name))));
    return [images, ...names.flat().sort()];
  }

  /** The image ID. */
  async function identityOf(name: string): Promise<string> {
    return (await engine.run("docker", "image", "inspect", "-f", "{{.Id}}", name)).trim();
  }

  it("says so when the daemon dies while it loads, and holds nothing when it is back", async () => {
    const dying = await startDocker();
    try {
      const store = new MemoryStore();
      const big = layerTar([{ path: "big", data: randomBytes(32 << 20) }]);
      const root = imageOf(store, [big]);
      const source = store.source(root, {
        openBlob: async (wanted) => {
          const bytes = store.blobs.get(wanted.digest) as Buffer;
          const slow = async function* (): AsyncGenerator<Buffer> {
            yield bytes.subarray(0, 8 << 20);
            await dying.kill();
            yield bytes.subarray(8 << 20);
          };
          return Readable.from(slow());
        },
      });
      const sink = await (await openPlace("docker-daemon:dying:1", dying.context())).sink();
      const failure = await copyImage(source, sink, { progress: silent }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "ENGINE_LOST", message: expect.stringContaining("Docker") });
      const gone = await (await openPlace("docker-daemon:dying:1", dying.context()))
        .source()
        .catch((e: unknown) => e);
      expect(gone).toMatchObject({
        code: "ENGINE_UNREACHABLE",
        hint: expect.stringContaining("DOCKER_HOST"),
      });
    } finally {
      await dying.stop();
    }
  });

  it("is the engine of bare names where it answers", async () => {
    const { DOCKER_HOST: _, ...elsewhere } = engine.env;
    expect(await findEngine(engine.context())).toBe("docker-daemon");
    const forced = { ...engine.env, DDIFF_FORCE_PODMAN: "yes" };
    expect(await findEngine(engine.context({ env: forced }))).toBe("containers-storage");
    const nothing = { ...elsewhere, PATH: "/nonexistent", CONTAINERD_ADDRESS: "/nonexistent/c.sock" };
    // The machine that runs the tests may have engines of its own.
    const answer = await findEngine(engine.context({ env: nothing })).catch((error: unknown) => error);
    if (answer !== "docker-daemon" && answer !== "containers-storage") {
      expect(answer).toMatchObject({ code: "ENGINE_MISSING", hint: expect.stringContaining("oci:") });
    }
  });
});

describePlace("docker (containerd store)", newDockerMissing, () => {
  it("is read the same from the content store's files and through docker save, index and all", async () => {
    const engine = await startDocker({ program: newDocker ?? "" });
    try {
      const store = new MemoryStore();
      const other = process.arch === "arm64" ? "linux/amd64" : "linux/arm64";
      const index = store.index([
        imageOf(store, [base, own], { packing: "gzip" }),
        imageOf(store, [base], { packing: "gzip", platform: other }),
      ]);
      const context = engine.context();
      const sink = await (await openPlace("docker-daemon:multi:1", context)).sink();
      const written = await copyImage(store.source(index), sink, { progress: silent });
      expect(written.digest).toBe(index.digest);
      const sparse = await (await openPlace("docker-daemon:sparse:1", context)).sink();
      const platforms = [parsePlatform(`linux/${hostArchitecture()}`)];
      await copyImage(store.source(index), sparse, { progress: silent, platforms });
      expect(await fileInContainer("docker", engine, "sparse:1", "/own")).toBe("of one image");
      const api = dockerApi(engineHttp({ kind: "unix", path: join(engine.folder, "docker.sock") }, "Docker"));
      const elsewhere = { ...api, info: async () => ({ ...(await api.info()), rootDir: "/nonexistent" }) };
      for (const one of [api, elsewhere]) {
        const source = await dockerSource(one, "multi:1", "multi", context);
        const tree = await readImage(source);
        expect(tree.root.digest).toBe(index.digest);
        expect(tree.images).toHaveLength(2);
        for (const layer of tree.images.flatMap((image) => image.layers)) {
          const bytes = await readAll(await source.openLayer(layer), 1 << 24, "a layer");
          expect(digestOf(bytes)).toBe(layer.diffId);
        }
        await source.close();
      }
    } finally {
      await engine.stop();
    }
  });
});
