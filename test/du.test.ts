import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allNames, allocated, countedOf, du, slowCount, spread, writeImages } from "./support/du/lab.ts";
import { containerdMissing, dockerMissing, podmanMissing } from "./support/engine-kinds.ts";
import { startContainerd, startDocker, startPodman, type TestEngine } from "./support/engines.ts";
import { startRegistry, type TestRegistry } from "./support/registry.ts";
import { startServer } from "./support/server.ts";
import { describePlace, firstMissing, toolMissing } from "./support/tools.ts";

const missing = firstMissing(toolMissing("python3"), toolMissing("skopeo"), toolMissing("zstd"));
const whole = ["--files", "--by", "label=owner"];

/** Engines take images one by one, in milliseconds. */
const patience = 120_000;

let folder: string;
let layout: string;
let cache: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ddiff-du-"));
  layout = join(folder, "layout");
  cache = { DDIFF_CACHE_DIR: join(folder, "cache") };
  if (missing === undefined) await writeImages(layout);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describePlace("du", missing, () => {
  test("every number is that of a slow count", async () => {
    const report = await du([...whole, `oci:${layout}`], cache);
    expect(countedOf(report)).toEqual(await slowCount("layout", layout));
    expect(report.places[0]?.images).toHaveLength(12);
    expect(report.notes).toEqual([]);
  });

  test("what nothing needs is rest, and what is damaged is left out with a note", async () => {
    const broken = join(folder, "broken");
    await mkdir(broken);
    await writeImages(broken);
    const index = JSON.parse(await readFile(join(broken, "index.json"), "utf8")) as {
      manifests: { digest: string; annotations: Record<string, string> }[];
    };
    const victim = index.manifests.find((one) => Object.values(one.annotations).includes("odd:carol"));
    const digest = victim?.digest.slice(7) ?? "";
    await writeFile(join(broken, "blobs/sha256", digest), "{");
    await writeFile(join(broken, "blobs/sha256", "0".repeat(64)), "nobody's");
    const { places, notes } = await du([`oci:${broken}`], cache);
    expect(places[0]?.images).toHaveLength(11);
    expect(notes.join()).toContain("odd:carol is left out");
    const rest = places[0]?.parts.filter(({ images }) => images === 0) ?? [];
    // The damaged manifest, its config, and the blob that nobody put there; carol's layers are in her other images.
    expect(rest.map(({ packed }) => packed)).toContain(8);
    expect(rest.reduce((sum, { disk = 0 }) => sum + disk, 0)).toBe(places[0]?.purposes.rest);
  });
});

describePlace("du-docker", firstMissing(missing, dockerMissing), () => {
  let engine: TestEngine;
  let root: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    engine = await startDocker({ driver: "overlay2" });
    root = join(engine.folder, "data");
    env = { ...engine.env, ...cache };
    const host = engine.env["DOCKER_HOST"] ?? "";
    const zipped = join(folder, "zipped");
    await writeImages(zipped, "gzip");
    await spread(zipped, allNames, (name) => `docker-daemon:${name}`, { more: ["--dest-daemon-host", host] });
    await disturb(engine, "docker");
  }, patience);

  afterAll(() => engine.stop());

  test("every number is that of a slow count, beside dangling images and containers of removed ones", async () => {
    const report = await du([...whole, "docker-daemon:"], env);
    expect(countedOf(report)).toEqual(await slowCount("docker", root));
    expect(report.places[0]?.images.filter(({ names }) => names.length === 0)).toHaveLength(1);
    expect(report.places[0]?.purposes.orphaned).toBeGreaterThan(0);
  });

  test("asked from elsewhere it tells the engine's own numbers of the same layers", async () => {
    const proxy = createServer((client) => {
      const socket = connect(join(engine.folder, "docker.sock"));
      client.pipe(socket).pipe(client);
      client.on("error", () => socket.destroy());
      socket.on("error", () => client.destroy());
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    try {
      const { port } = proxy.address() as AddressInfo;
      const far = await du(["docker-daemon:"], { ...env, DOCKER_HOST: `tcp://127.0.0.1:${port}` });
      const [near] = (await du(["docker-daemon:"], env)).places;
      expect(far.places[0]?.measure).toBe("content");
      expect(far.notes.join()).toContain("cannot be read from here");
      const sizes = new Map(near?.parts.map(({ id, content }) => [id, content]));
      for (const { id, kind, content = 0 } of far.places[0]?.parts ?? []) {
        // Docker counts the text of symbolic links too: odd/link has five bytes.
        if (kind === "layer") expect([0, 5]).toContain(content - (sizes.get(id) ?? 0));
      }
    } finally {
      proxy.close();
    }
  });

  test("volumes are named, and measured only when somebody asks", async () => {
    await engine.run("docker", "volume", "create", "data");
    await writeFile(join(root, "volumes/data/_data/set"), Buffer.alloc(12_345));
    const [place] = (await du(["docker-daemon:"], env)).places;
    expect(place?.volumes).toEqual([{ name: "data" }]);
    const [measured] = (await du(["--volumes", "docker-daemon:"], env)).places;
    expect(measured?.volumes[0]).toMatchObject({ name: "data", content: 12_345 });
    expect(measured?.bytes).toBe(place?.bytes);
  });

  test(
    "images that come and go meanwhile are no failure",
    async () => {
      const stirring = (async () => {
        for (let round = 0; round < 8; round += 1) {
          await engine.run("docker", "tag", "vision:carol", "stirred:1");
          await engine.run("docker", "rmi", "vision:carol", "stirred:1");
          const archive = join(folder, "zipped");
          const host = engine.env["DOCKER_HOST"] ?? "";
          const more = ["--dest-daemon-host", host];
          await spread(archive, ["vision:carol"], (name) => `docker-daemon:${name}`, { more });
        }
      })();
      const seen: number[] = [];
      for (let run = 0; run < 5; run += 1) {
        const { places } = await du(["docker-daemon:"], env);
        seen.push(places[0]?.images.length ?? 0);
      }
      await stirring;
      for (const images of seen) expect(images).toBeGreaterThanOrEqual(12);
    },
    patience,
  );

  test("what a removal frees is what it said it would", async () => {
    const folders = [
      "overlay2",
      "image/overlay2/layerdb/sha256",
      "image/overlay2/imagedb/content/sha256",
      "image/overlay2/imagedb/metadata/sha256",
    ];
    await expectFreed(
      engine,
      "docker",
      env,
      "docker-daemon:",
      folders.map((one) => join(root, one)),
    );
  });
});

describePlace("du-podman", firstMissing(missing, podmanMissing), () => {
  let engine: TestEngine;
  let root: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    engine = await startPodman();
    root = join(engine.folder, "root");
    env = { ...engine.env, ...cache };
    await spread(layout, allNames, (name) => `containers-storage:localhost/${name}`, { env: engine.env });
    await disturb(engine, "podman");
  }, patience);

  afterAll(() => engine.stop());

  test("every number is that of a slow count, beside dangling images and containers of removed ones", async () => {
    const report = await du([...whole, "containers-storage:"], env);
    expect(countedOf(report)).toEqual(await slowCount("podman", root));
    expect(report.places[0]?.images.filter(({ names }) => names.length === 0)).toHaveLength(1);
  });

  test("its folder says the same without Podman", async () => {
    const [place] = (await du([...whole, root], cache)).places;
    const [own] = (await du([...whole, "containers-storage:"], env)).places;
    expect({ ...place, label: own?.label }).toEqual(own);
  });

  test("an image whose layer is gone is left out with a note", async () => {
    const copy = join(folder, "copied");
    await engine.run("cp", "--archive", root, copy);
    const images = JSON.parse(await readFile(join(copy, "overlay-images/images.json"), "utf8")) as {
      names?: string[];
      layer: string;
    }[];
    const victim = images.find(({ names }) => names?.includes("localhost/serve:carol"));
    await rm(join(copy, "overlay", victim?.layer ?? ""), { recursive: true });
    const { places, notes } = await du([copy], cache);
    expect(notes.join()).toContain("serve:carol");
    expect(places[0]?.images.flatMap(({ names }) => names)).not.toContain("serve:carol");
    expect(places[0]?.images.flatMap(({ names }) => names)).toContain("serve:bob");
  });

  test("what a removal frees is what it said it would", async () => {
    const folders = ["overlay", "overlay-layers", "overlay-images"].map((one) => join(root, one));
    await expectFreed(engine, "podman", env, "containers-storage:", folders);
  });
});

describePlace("du-containerd", firstMissing(missing, containerdMissing), () => {
  let engine: TestEngine;

  beforeAll(async () => {
    engine = await startContainerd();
    const archive = join(engine.folder, "images.tar");
    await engine.run("tar", "-cf", archive, "-C", layout, ".");
    await engine.run("ctr", "images", "import", "--platform", "linux/amd64", archive);
    await engine.run("ctr", "containers", "create", "docker.io/library/serve:bob", "kept", "/bin/true");
    await engine.run("ctr", "images", "rm", "docker.io/library/odd:carol");
  }, patience);

  afterAll(() => engine.stop());

  test("every number is that of a slow count: packed layers and unpacked ones", async () => {
    const report = await du([...whole, "containerd:"], { ...engine.env, ...cache });
    expect(countedOf(report)).toEqual(await slowCount("containerd", join(engine.folder, "root"), engine.env));
    expect(report.places[0]?.images).toHaveLength(11);
  });
});

describePlace("du-registry", firstMissing(missing, toolMissing("docker-registry")), () => {
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await startRegistry();
    await spread(layout, allNames, (name) => `docker://${registry.host}/lab/${name}`, {
      more: ["--dest-tls-verify=false"],
    });
    // Another image takes the name: the one before has none any more.
    await spread(layout, ["vision:bob"], () => `docker://${registry.host}/lab/odd:carol`, {
      more: ["--dest-tls-verify=false"],
    });
  }, patience);

  afterAll(() => registry.stop());

  test("every number of its folder is that of a slow count", async () => {
    const root = join(registry.folder, "data");
    const report = await du([...whole, root], cache);
    expect(countedOf(report)).toEqual(await slowCount("registry", root));
    expect(report.places[0]?.images.filter(({ names }) => names.length === 0)).toHaveLength(1);
  });

  test("asked, it tells the same of what has a name, packed", async () => {
    const root = join(registry.folder, "data");
    const asked = (await du([`docker://${registry.host}`], cache)).places[0];
    const inside = (await du([root], cache)).places[0];
    expect(asked?.images).toHaveLength(11);
    const packed = inside?.parts.filter(({ id }) => asked?.parts.some((part) => part.id === id)) ?? [];
    expect(asked?.bytes).toBe(packed.reduce((sum, part) => sum + (part.packed ?? 0), 0));
  });
});

describePlace("du", missing, () => {
  test("a folder of ddiff server is counted like any registry's", async () => {
    const root = join(folder, "server");
    const server = await startServer(["--data", root]);
    try {
      const names = ["train:alice", "serve:alice", "odd:bob"];
      const more = ["--dest-tls-verify=false"];
      await spread(layout, names, (name) => `docker://${server.host}/lab/${name}`, { more });
      await spread(layout, ["vision:bob"], () => `docker://${server.host}/lab/odd:bob`, { more });
      const report = await du([...whole, root], cache);
      expect(countedOf(report)).toEqual(await slowCount("server", root));
      expect(report.places[0]?.images.map(({ names }) => names.length)).toContain(0);
    } finally {
      await server.stop();
    }
  });
});

/** Builds twice under one name, makes containers, writes in one, and removes the image of another. */
async function disturb(engine: TestEngine, program: "docker" | "podman"): Promise<void> {
  const context = join(engine.folder, "context");
  await mkdir(context);
  await writeFile(
    join(context, "Dockerfile"),
    "FROM train:alice\nLABEL owner=dave\nCOPY one /one\nENV A=1\n",
  );
  for (const content of ["first", "second"]) {
    await writeFile(join(context, "one"), content.repeat(50_000));
    const from = program === "podman" ? ["--build-arg", "x=y"] : [];
    if (program === "podman")
      await writeFile(
        join(context, "Dockerfile"),
        "FROM localhost/train:alice\nLABEL owner=dave\nCOPY one /one\nENV A=1\n",
      );
    await engine.run(program, "build", "--quiet", ...from, "--tag", "built:1", context);
  }
  await engine.run(program, "create", "--name", "writes", "serve:bob");
  await engine.run(program, "cp", join(context, "one"), "writes:/written");
  await engine.run(program, "create", "--name", "left", "odd:carol");
  if (program === "docker") await engine.run(program, "rmi", "--force", "odd:carol");
}

/** Asks what the removal of images would free, removes them, and counts. */
async function expectFreed(
  engine: TestEngine,
  program: "docker" | "podman",
  env: Record<string, string>,
  place: string,
  folders: readonly string[],
): Promise<void> {
  const names = [...["alice", "latest", "carol"].map((tag) => `serve:${tag}`), "vision:bob", "built:1"];
  const { removals } = await du([...names.flatMap((name) => ["--remove", name]), place], env);
  const before = await contentsOf(folders);
  await engine.run(program, "rmi", ...names);
  expect(removals?.[0]?.freed).toBe(before - (await contentsOf(folders)));
  expect(removals?.[0]?.gone).toHaveLength(4);
  const [only] = (await du(["--remove", "train:alice", place], env)).removals ?? [];
  expect([only?.freed, only?.kept[0]?.names]).toEqual([0, ["train:latest"]]);
}

/** What lies in folders, without the folders themselves: those do not shrink. */
async function contentsOf(folders: readonly string[]): Promise<number> {
  const paths = await Promise.all(
    folders.map(async (one) =>
      (await readdir(one))
        .filter((name) => !/^l$|\.(?:json|lock)$/.test(name))
        .map((name) => join(one, name)),
    ),
  );
  const links = folders
    .filter((one) => one.endsWith("overlay2") || one.endsWith("overlay"))
    .map((one) => join(one, "l"));
  const short = await Promise.all(
    links.map(async (one) => (await readdir(one)).map((name) => join(one, name))),
  );
  return await allocated(...paths.flat(), ...short.flat());
}
