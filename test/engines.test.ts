import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, it, test } from "vitest";
import { readAll } from "../src/codec/read-all.ts";
import { verified } from "../src/codec/verify.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { digestOf } from "../src/oci/digest.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { contentSource } from "../src/places/containerd/content-store.ts";
import { ctrOf } from "../src/places/containerd/ctr.ts";
import { formatPlatform, parsePlatform } from "../src/oci/platform.ts";
import { copyImage } from "../src/places/copy.ts";
import { dockerApi } from "../src/places/docker/api.ts";
import { engineHttp } from "../src/places/docker/http.ts";
import { dockerSource } from "../src/places/docker/source.ts";
import { findEngine } from "../src/places/engine.ts";
import { savedImageSource } from "../src/places/image-files/saved-image.ts";
import { readImage } from "../src/places/image-tree.ts";
import { openPlace } from "../src/places/open.ts";
import type { Layer, Source, Written } from "../src/places/place.ts";
import { podmanCommand } from "../src/places/podman/command-client.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { silent } from "../src/util/progress.ts";
import { startContainerd, startDocker, startPodman, type TestEngine } from "./support/engines.ts";
import { hardLayer, hostArchitecture, imageOf, layerTar, whiteoutLayer } from "./support/layers.ts";
import { describePlace, firstMissing, notRoot, toolMissing } from "./support/tools.ts";

const random = randomBytes(3 << 20);
const base = hardLayer(random);
const removed = whiteoutLayer();
const empty = layerTar([]);
const own = layerTar([{ path: "own", data: "of one image" }]);

/** One engine of a kind, and how its own tools see it. */
interface Kind {
  transport: "docker-daemon" | "containers-storage" | "containerd";
  start(): Promise<TestEngine>;
  /** All names that the engine itself lists. */
  names(engine: TestEngine): Promise<string[]>;
  /** A file of a container that the engine makes of the image. */
  fileIn(engine: TestEngine, name: string, path: string): Promise<string>;
  /** Whether the engine keeps packed layers and indexes as they are. */
  keepsBlobs: boolean;
}

async function dockerNames(engine: TestEngine): Promise<string[]> {
  return lines(await engine.run("docker", "images", "--format", "{{.Repository}}:{{.Tag}}"));
}

async function fileInContainer(
  program: "docker" | "podman",
  engine: TestEngine,
  name: string,
  path: string,
): Promise<string> {
  const id = (await engine.run(program, "create", name, "/bin/ping")).trim();
  const copy = join(engine.folder, `file-${randomBytes(4).toString("hex")}`);
  try {
    await engine.run(program, "cp", `${id}:${path}`, copy);
    return (await readAll(await open(copy), 1 << 26, copy)).toString("latin1");
  } finally {
    await engine.run(program, "rm", id);
  }
}

async function open(path: string): Promise<Readable> {
  return (await import("node:fs")).createReadStream(path);
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

const docker = (options: Parameters<typeof startDocker>[0] = {}): Kind => ({
  transport: "docker-daemon",
  start: () => startDocker(options),
  names: dockerNames,
  fileIn: (...args) => fileInContainer("docker", ...args),
  keepsBlobs: false,
});

const podman = (options: Parameters<typeof startPodman>[0] = {}): Kind => ({
  transport: "containers-storage",
  start: () => startPodman(options),
  names: async (engine) => {
    const { CONTAINER_HOST: _, ...local } = engine.env;
    const list = await { ...engine, env: local }.run(
      "podman",
      "images",
      "--format",
      "{{.Repository}}:{{.Tag}}",
    );
    return lines(list).map((name) => name.replace(/^localhost\//, ""));
  },
  fileIn: (...args) => fileInContainer("podman", ...args),
  keepsBlobs: false,
});

const containerd: Kind = {
  transport: "containerd",
  start: startContainerd,
  names: async (engine) =>
    lines(await engine.run("ctr", "images", "ls", "--quiet")).map((name) =>
      name.replace(/^docker.io\/library\//, ""),
    ),
  async fileIn(engine, name, path) {
    const mounted = join(engine.folder, `mounted-${randomBytes(4).toString("hex")}`);
    await mkdir(mounted);
    await engine.run("ctr", "images", "mount", `docker.io/library/${name}`, mounted);
    try {
      return (await readAll(await open(join(mounted, path)), 1 << 26, path)).toString("latin1");
    } finally {
      await engine.run("ctr", "images", "unmount", mounted);
    }
  },
  keepsBlobs: true,
};

const dockerMissing = firstMissing(toolMissing("dockerd"), toolMissing("docker"), notRoot());
const podmanMissing = firstMissing(toolMissing("podman"), notRoot());
const containerdMissing = firstMissing(toolMissing("containerd"), toolMissing("ctr"), notRoot());
/** A dockerd of version 29 or later, whose default store is containerd's; Debian has none yet. */
const newDocker = process.env["DDIFF_TEST_DOCKERD"];
const newDockerMissing =
  dockerMissing ??
  (newDocker === undefined ? "DDIFF_TEST_DOCKERD names no dockerd of version 29" : undefined);

describePlace("docker", dockerMissing, () => suite(docker()));
describePlace("docker (vfs)", dockerMissing, () => suite(docker({ driver: "vfs" })));
describePlace(
  "docker (containerd store)",
  dockerMissing ??
    (newDocker === undefined ? "DDIFF_TEST_DOCKERD names no dockerd of version 29" : undefined),
  () => suite({ ...docker({ program: newDocker ?? "" }), keepsBlobs: true }),
);
describePlace("podman", podmanMissing, () => suite(podman()));
describePlace("podman (vfs)", podmanMissing, () => suite(podman({ driver: "vfs" })));
describePlace("podman (socket)", podmanMissing, () => suite(podman({ service: true })));
describePlace("containerd", containerdMissing, () => suite(containerd));

/** What holds for every engine. */
function suite(kind: Kind): void {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await kind.start();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);

  const place = (name: string) => openPlace(`${kind.transport}:${name}`, engine.context());
  const write = async (
    store: MemoryStore,
    root: Descriptor,
    name: string,
    more: Partial<Source> = {},
    signal?: AbortSignal,
  ): Promise<Written> => {
    const sink = await (await place(name)).sink();
    return copyImage(store.source(root, more), sink, { progress: silent, ...(signal && { signal }) });
  };

  test.each(["none", "gzip", "zstd"] as const)(
    "takes and gives back every byte of hard layers (%s)",
    async (packing) => {
      const store = new MemoryStore();
      const tars = [base, removed, empty, own];
      const root = imageOf(store, tars, { packing, note: packing });
      await write(store, root, `hard:${packing}`);

      const source = await (await place(`hard:${packing}`)).source();
      try {
        expect(source.name).toBe(`hard:${packing}`);
        const { images } = await readImage(source);
        const [image] = images;
        const [original] = (await readImage(store.source(root))).images;
        expect(images).toHaveLength(1);
        expect(image?.configDescriptor.digest).toBe(original?.configDescriptor.digest);
        expect(image?.layers.map((layer) => layer.diffId)).toEqual(tars.map((tar) => digestOf(tar)));
        for (const [i, layer] of (image?.layers ?? []).entries()) {
          const bytes = await readAll(await source.openLayer(layer), 1 << 26, "a layer");
          expect(bytes.equals(tars[i] as Buffer)).toBe(true);
          const blob = verified(await source.openBlob(layer.descriptor), layer.descriptor, "a blob");
          await readAll(blob, 1 << 26, "a blob");
        }
        if (kind.keepsBlobs) expect((await source.root()).descriptor.digest).toBe(root.digest);
      } finally {
        await source.close();
      }
      expect(await kind.fileIn(engine, `hard:${packing}`, "/own")).toBe("of one image");
      expect(await kind.fileIn(engine, `hard:${packing}`, "/usr/lib/random.so")).toBe(
        random.toString("latin1"),
      );
      await expect(kind.fileIn(engine, `hard:${packing}`, "/opaque/old")).rejects.toThrow();
    },
  );

  test("takes images without layers and with the same layer twice", async () => {
    const store = new MemoryStore();
    const bottom = layerTar([{ path: "first", data: "1" }]);
    const shapes = { nothing: [], twice: [bottom, empty, empty, bottom] };
    for (const [name, tars] of Object.entries(shapes)) {
      await write(store, imageOf(store, tars, { note: name }), `${name}:1`);
      const source = await (await place(`${name}:1`)).source();
      const [image] = (await readImage(source)).images;
      expect(image?.layers.map((layer) => layer.diffId)).toEqual(tars.map((tar) => digestOf(tar)));
      for (const layer of image?.layers ?? []) {
        await readAll(verified(await source.openLayer(layer), { digest: layer.diffId }, name), 1 << 20, name);
      }
      await source.close();
    }
  });

  test("does not send layers that the engine has", async () => {
    const store = new MemoryStore();
    const first = imageOf(store, [base], { note: "sharing 1" });
    await write(store, first, "sharing:1");
    const layer = {
      descriptor: { mediaType: mediaTypes.ociLayer, digest: digestOf(base), size: base.length },
      diffId: digestOf(base),
    };
    expect(await (await (await place("sharing:2")).sink()).has(layer)).toBe(true);

    const more = layerTar([{ path: "more", data: "of it" }]);
    store.asked.length = 0;
    const written = await write(store, imageOf(store, [base, more], { note: "sharing 2" }), "sharing:2");
    expect(written.bytes).toBe(more.length);
    expect(store.asked).not.toContain(digestOf(base));
    expect(await kind.fileIn(engine, "sharing:2", "/more")).toBe("of it");
    expect(await kind.fileIn(engine, "sharing:2", "/usr/lib/random.so")).toBe(random.toString("latin1"));
  });

  test("lists what it holds and opens it again", async () => {
    const store = new MemoryStore();
    const tars = [base, layerTar([{ path: "listed", data: "yes" }])];
    const root = imageOf(store, tars, { note: "listed" });
    const id = (await readImage(store.source(root))).images[0]?.configDescriptor.digest;
    await write(store, root, "listed:1");
    await write(store, root, "listed:2");
    const held = await (await openPlace(`${kind.transport}:`, engine.context())).inventory();
    const found = held.filter((image) => image.id === id);
    expect(found.flatMap((image) => image.names).sort()).toEqual(["listed:1", "listed:2"]);
    expect(found[0]?.layers).toEqual(tars.map((tar) => digestOf(tar)));
    expect(found[0]?.platform.os).toBe("linux");
    const source = await (found[0] as NonNullable<(typeof found)[0]>).open();
    expect((await readImage(source)).images[0]?.configDescriptor.digest).toBe(id);
    await source.close();
  });

  test("replaces the image that a name stood for", async () => {
    const store = new MemoryStore();
    await write(store, imageOf(store, [base], { note: "before" }), "replaced:1");
    await write(store, imageOf(store, [layerTar([{ path: "state", data: "after" }])]), "replaced:1");
    expect(await kind.fileIn(engine, "replaced:1", "/state")).toBe("after");
  });

  test("shows nothing and keeps the old image when the bytes are wrong, the source fails or the user stops", async () => {
    const store = new MemoryStore();
    await write(store, imageOf(store, [layerTar([{ path: "state", data: "old" }])]), "failing:1");
    const before = (await kind.names(engine)).sort();
    const filesBefore = await temporaryFiles(engine);
    const stop = new AbortController();
    const big = layerTar([{ path: "big", data: randomBytes(24 << 20) }]);
    const halfOf = (digest: string, then: () => AsyncGenerator<Buffer>): Partial<Source> => ({
      openBlob: async (wanted) => {
        const bytes = store.blobs.get(wanted.digest) as Buffer;
        if (wanted.digest !== digest) return Readable.from([bytes]);
        const half = async function* (): AsyncGenerator<Buffer> {
          for (let at = 0; at < bytes.length / 2; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
          yield* then();
        };
        return Readable.from(half());
      },
    });
    const endings: [string, () => AsyncGenerator<Buffer>][] = [
      ["ends after", async function* () {}],
      ["the line broke", () => failing(new Error("the line broke"))],
      ["stopped by hand", () => stopping(stop)],
    ];
    for (const [says, then] of endings) {
      const root = imageOf(store, [base, big], { note: says });
      for (const name of ["failing:1", "failing:2"]) {
        await expect(write(store, root, name, halfOf(digestOf(big), then), stop.signal)).rejects.toThrow(
          says,
        );
      }
      expect((await kind.names(engine)).sort()).toEqual(before);
    }
    // The engine tidies up in its own time.
    await expect.poll(() => temporaryFiles(engine), { timeout: 10_000 }).toEqual(filesBefore);
    expect(await kind.fileIn(engine, "failing:1", "/state")).toBe("old");
    // And what failed is no hindrance.
    await write(store, imageOf(store, [base, big], { note: "at last" }), "failing:1");
    expect((await kind.fileIn(engine, "failing:1", "/big")).length).toBe(24 << 20);
  });

  test("says what it has when an image is not there", async () => {
    const store = new MemoryStore();
    await write(store, imageOf(store, [own]), "torch-app:2");
    const failure = await (await place("torch-ap:2")).source().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "IMAGE_NOT_FOUND", hint: expect.stringContaining("torch-app:2") });
  });
}

/** What lies where the engine and ddiff keep what they are about to throw away. */
async function temporaryFiles(engine: TestEngine): Promise<string[]> {
  const folders = [
    ".",
    "data/tmp",
    "data/image/overlay2/layerdb/tmp",
    "data/image/vfs/layerdb/tmp",
    "data/containerd/daemon/io.containerd.content.v1.content/ingest",
    "root/io.containerd.content.v1.content/ingest",
  ];
  const lists = await Promise.all(
    folders.map((folder) => readdir(join(engine.folder, folder)).catch(() => [] as string[])),
  );
  return lists
    .flatMap((names, i) => names.map((name) => `${folders[i]}/${name}`))
    .filter((name) => !/file-/.test(name))
    .sort();
}

async function* failing(error: Error): AsyncGenerator<Buffer> {
  yield Buffer.from("x");
  throw error;
}

async function* stopping(stop: AbortController): AsyncGenerator<Buffer> {
  stop.abort(new Error("stopped by hand"));
  await new Promise((resolve) => setTimeout(resolve, 300));
  yield Buffer.from("x");
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

describePlace("podman", podmanMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startPodman();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);

  it("is read the same from the storage's files and through podman save", async () => {
    const folder = join(engine.folder, "build");
    await mkdir(join(folder, "app"), { recursive: true });
    await writeFile(join(folder, "app/large"), randomBytes(2 << 20));
    await writeFile(join(folder, "app/small"), "small");
    await writeFile(join(folder, "Dockerfile"), "FROM scratch\nCOPY app /app\nCOPY app/small /app/large\n");
    await engine.run("podman", "build", "--quiet", "--layers", "--tag", "built:1", folder);
    const direct = await (await openPlace("containers-storage:built:1", engine.context())).source();
    const client = podmanCommand(engine.context());
    const { id } = (await client.inspect("built:1")) as NonNullable<
      Awaited<ReturnType<typeof client.inspect>>
    >;
    const saved = await savedImageSource(
      { label: "saved", name: "built:1", form: "docker-archive", save: () => client.save(id) },
      engine.context(),
    );
    try {
      const [a, b] = await Promise.all([readImage(direct), readImage(saved)]);
      expect(a.images[0]?.configDescriptor.digest).toBe(id);
      expect(b.images[0]?.configDescriptor.digest).toBe(id);
      expect(a.images[0]?.layers.length).toBe(2);
      for (const [i, layer] of (a.images[0]?.layers ?? []).entries()) {
        const one = await readAll(await direct.openLayer(layer), 1 << 24, "a layer");
        const other = await readAll(
          await saved.openLayer(b.images[0]?.layers[i] as Layer),
          1 << 24,
          "a layer",
        );
        expect(digestOf(one)).toBe(layer.diffId);
        expect(other.equals(one)).toBe(true);
      }
    } finally {
      await direct.close();
      await saved.close();
    }
    const left = (await readdir(engine.folder)).filter((name) => /^ddiff-|\.tar$/.test(name));
    expect(left).toEqual([]);
  });

  it("puts a new image in the place of the one that its short name stood for", async () => {
    const store = new MemoryStore();
    const context = engine.context();
    for (const [name, note] of [
      ["docker.io/library/debian:1", "pulled"],
      ["debian:1", "updated"],
      ["app:1", "own"],
    ] as const) {
      const sink = await (await openPlace(`containers-storage:${name}`, context)).sink();
      await copyImage(store.source(imageOf(store, [own], { note })), sink, { progress: silent });
    }
    const names = lines(await engine.run("podman", "images", "--format", "{{.Repository}}:{{.Tag}}"));
    expect(names.filter((name) => /debian|app/.test(name)).sort()).toEqual([
      "docker.io/library/debian:1",
      "localhost/app:1",
    ]);
  });
});

describePlace("containerd", containerdMissing, () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startContainerd();
  }, 60_000);
  afterAll(() => engine?.stop(), 60_000);

  it("keeps every platform of an index, in the namespace that was asked for", async () => {
    const store = new MemoryStore();
    const other = process.arch === "arm64" ? "linux/amd64" : "linux/arm64";
    const foreign = layerTar([{ path: "foreign", data: "elsewhere" }]);
    const index = store.index([
      imageOf(store, [base, foreign], { packing: "gzip", platform: other }),
      imageOf(store, [base, own], { packing: "gzip" }),
    ]);
    const context = engine.context({ containerdNamespace: "k8s.io" });
    const sink = await (await openPlace("containerd:multi:1", context)).sink();
    const written = await copyImage(store.source(index), sink, { progress: silent });
    expect(written.digest).toBe(index.digest);
    // containerd removes at once what nothing refers to any more when an image is removed in this way.
    await engine.run(
      "ctr",
      "--namespace",
      "k8s.io",
      "images",
      "tag",
      "docker.io/library/multi:1",
      "example.org/x:1",
    );
    await engine.run("ctr", "--namespace", "k8s.io", "images", "rm", "--sync", "example.org/x:1");
    const tree = await readImage(await (await openPlace("containerd:multi:1", context)).source());
    expect(tree.root.digest).toBe(index.digest);
    expect(tree.images).toHaveLength(2);
    const check = await engine.run("ctr", "--namespace", "k8s.io", "images", "check");
    expect(check).toMatch(/multi:1\s.*complete \(3\/3\).*true/);
    // Another namespace lies in the same folder and still has none of it.
    const missing = await (await openPlace("containerd:multi:1", engine.context()))
      .source()
      .catch((e: unknown) => e);
    expect(missing).toMatchObject({ code: "IMAGE_NOT_FOUND", hint: expect.stringContaining("k8s.io") });
    const again = await (await openPlace("containerd:multi:1", engine.context())).sink();
    const bytes = (await copyImage(store.source(index), again, { progress: silent })).bytes;
    expect(bytes).toBeGreaterThan(0);
  });

  it("takes the platforms that were asked for and leaves the others out of the index's reach", async () => {
    const store = new MemoryStore();
    const host = imageOf(store, [base, own], { packing: "gzip", note: "sparse" });
    const others = ["linux/s390x", "linux/riscv64"].map((platform) =>
      imageOf(store, [own], { packing: "gzip", platform }),
    );
    const index = store.index([...others, host]);
    for (const wanted of [
      ["linux/s390x"],
      [`linux/${hostArchitecture()}`],
      ["linux/riscv64", `linux/${hostArchitecture()}`],
    ]) {
      const name = `sparse:${wanted.length}-${wanted[0]?.replace("/", "-")}`;
      const sink = await (await openPlace(`containerd:${name}`, engine.context())).sink();
      const platforms = wanted.map((text) => parsePlatform(text));
      const written = await copyImage(store.source(index), sink, { progress: silent, platforms });
      expect(written.digest).toBe(index.digest);
      await engine.run("ctr", "images", "tag", `docker.io/library/${name}`, "example.org/x:1");
      await engine.run("ctr", "images", "rm", "--sync", "example.org/x:1");
      const source = await (await openPlace(`containerd:${name}`, engine.context())).source();
      const { images } = await readImage(source, { platforms });
      expect(images.map((image) => formatPlatform(image.platform)).sort()).toEqual([...wanted].sort());
    }
  });

  it("is read through its command where its files are not for us", async () => {
    const store = new MemoryStore();
    const root = imageOf(store, [base, own], { packing: "gzip" });
    const sink = await (await openPlace("containerd:remote:1", engine.context())).sink();
    await copyImage(store.source(root), sink, { progress: silent });
    const { content } = ctrOf(engine.context());
    const source = contentSource(content, { label: "through ctr", name: undefined, root });
    const { images } = await readImage(source);
    for (const layer of images[0]?.layers ?? []) {
      expect(digestOf(await readAll(await source.openLayer(layer), 1 << 24, "a layer"))).toBe(layer.diffId);
    }
    const absent = { mediaType: mediaTypes.ociLayer, digest: digestOf(Buffer.from("absent")), size: 6 };
    expect(await source.hasBlob(absent)).toBe(false);
    await expect(readAll(await source.openBlob(absent), 100, "a blob")).rejects.toMatchObject({
      code: "ENGINE_REFUSED",
    });
  });

  it("says what to do where nobody answers", async () => {
    const env = { ...engine.env, CONTAINERD_ADDRESS: join(engine.folder, "nobody.sock") };
    const failure = (await openPlace("containerd:x:1", engine.context({ env }))).source();
    await expect(failure).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
      hint: expect.stringContaining("CONTAINERD_ADDRESS"),
    });
  });

  it("removes the temporary name that a killed process left", async () => {
    const store = new MemoryStore();
    const sink = async (name: string) => (await openPlace(`containerd:${name}`, engine.context())).sink();
    await copyImage(store.source(imageOf(store, [own])), await sink("kept:1"), { progress: silent });
    const names = async () => lines(await engine.run("ctr", "images", "ls", "--quiet"));
    const { processMark } = await import("../src/places/temp-files.ts");
    const dead = processMark().replace(/^\d+-\d+/, "4194303-1");
    await engine.run("ctr", "images", "tag", "docker.io/library/kept:1", `ddiff.invalid/loading:${dead}`);
    await engine.run(
      "ctr",
      "images",
      "tag",
      "docker.io/library/kept:1",
      `ddiff.invalid/loading:${processMark()}`,
    );
    await copyImage(store.source(imageOf(store, [own])), await sink("kept:2"), { progress: silent });
    const left = (await names()).filter((name) => name.startsWith("ddiff.invalid/"));
    expect(left).toHaveLength(1);
    expect(left[0]).not.toContain(dead);
  });
});
