import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createReadStream, existsSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listHave, parseHave } from "../src/delta/have.ts";
import { loadBundle, verifyBundle } from "../src/delta/load.ts";
import { describeBundle } from "../src/delta/show.ts";
import { addImage, identity, openWorkshop, treeOf, type Workshop } from "../src/delta/testing/images.ts";
import { makeContent, makeTar, type TarSpec } from "../src/delta/testing/tars.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { ociLayoutPlace } from "../src/places/oci-layout.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";

let shop: Workshop;
let store: MemoryStore;
beforeAll(async () => {
  shop = await openWorkshop();
  store = new MemoryStore();
});
afterAll(() => shop.close());

/** A system layer of some files; `version` changes a few of them. */
function system(version: number, files = 30): Buffer {
  return makeTar(
    Array.from(
      { length: files },
      (_, i): TarSpec => ({
        path: `usr/lib/lib${i}.so.1`,
        mtime: 1_700_000_000 + version,
        bytes: makeContent({ kind: "binary", seed: i, size: 20_000, edits: i % 5 === 0 ? version : 0 }),
      }),
    ),
  );
}

function application(version: number): Buffer {
  return makeTar([
    { path: "app/", flag: "5", mode: 0o755 },
    { path: "app/main.py", bytes: makeContent({ kind: "text", seed: 90, size: 5000, edits: version }) },
    { path: "app/python", flag: "2", linkPath: "../usr/bin/python3" },
  ]);
}

const load = (file: string, to: string, bases: string[] = []) =>
  loadBundle({ bundle: file, to, bases, context: shop.context });

describe("a bundle between OCI layouts", () => {
  let base = "";
  let target = "";
  beforeAll(async () => {
    base = await shop.write(
      store,
      addImage(store, [{ tar: system(1) }, { tar: application(1) }]),
      "work:app:1",
    );
    target = await shop.write(
      store,
      addImage(store, [{ tar: system(2) }, { tar: application(2), pack: "zstd" }]),
      "work:app:2",
    );
  });

  it("gives the image with the same ID and layers where only the base was", async () => {
    const server = shop.path("server-1");
    await shop.write(store, (await shop.read(base)).root, "server-1:app:1");
    const { file, bundleBytes, missingBytes } = await shop.diff([base], [target]);
    expect(bundleBytes).toBeLessThan(missingBytes / 20);
    const before = await treeOf(server);

    const report = await load(file, `oci:${server}:`);

    expect(report.loaded.map((one) => one.label)).toEqual([`oci:${server}:app:2`]);
    expect(identity(await shop.read(`oci:${server}:app:2`))).toEqual(identity(await shop.read(target)));
    expect(await treeOf(server)).toMatchObject({ ...before, [`${server}/index.json`]: expect.any(String) });
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it("is the same bytes when made twice, with a warm cache too", async () => {
    const [one, other] = [await shop.diff([base], [target]), await shop.diff([base], [target])];
    expect((await readFile(one.file)).equals(await readFile(other.file))).toBe(true);
  });

  it("works with every effort, from nothing, and from itself", async () => {
    for (const effort of ["fast", "default", "max"] as const) {
      const { file } = await shop.diff([base], [target], { effort });
      const to = `oci:${shop.path(`effort-${effort}`)}:app:2`;
      await load(file, to, [base]);
      expect(identity(await shop.read(to))).toEqual(identity(await shop.read(target)));
    }
    const alone = await shop.diff([], [target]);
    await load(alone.file, `oci:${shop.path("alone")}:app:2`);
    expect(identity(await shop.read(`oci:${shop.path("alone")}:app:2`))).toEqual(
      identity(await shop.read(target)),
    );
    const empty = await shop.diff([target], [target]);
    expect(empty.layersSent).toBe(0);
    expect(empty.bundleBytes).toBeLessThan(10_000);
    await load(empty.file, `oci:${shop.path("same")}:app:2`, [target]);
    expect((await shop.read(`oci:${shop.path("same")}:app:2`)).root.digest).toBe(
      (await shop.read(target)).root.digest,
    );
  });

  it("keeps the registry digest where layers travel whole", async () => {
    const { file } = await shop.diff([base], [target], { wholeLayers: true });
    const to = `oci:${shop.path("whole")}:app:2`;
    await load(file, to);
    const [there, here] = [await shop.read(to), await shop.read(target)];
    expect(there.root.digest).toBe(here.root.digest);
    expect([...there.documents.keys()].sort()).toEqual([...here.documents.keys()].sort());
  });

  it("takes what it needs from several bases", async () => {
    const one = await shop.write(store, addImage(store, [{ tar: system(2) }]), "work:system:2");
    const { file, layersSent } = await shop.diff([base, one], [target]);
    expect(layersSent).toBe(1);
    const to = `oci:${shop.path("bases")}:app:2`;
    await load(file, to, [one, base]);
    expect(identity(await shop.read(to))).toEqual(identity(await shop.read(target)));
    await expect(load(file, `oci:${shop.path("bases-2")}:app:2`, [one])).rejects.toMatchObject({
      code: "BASE_MISSING",
      message: expect.stringMatching(/1 of 2 layers of .*app:1.* are not in /),
      hint: expect.stringContaining("ddiff have > have.json"),
    });
    expect(existsSync(shop.path("bases-2"))).toBe(false);
  });

  it("brings several images, which share what is new", async () => {
    const other = await shop.write(
      store,
      // The same layer, packed otherwise.
      addImage(store, [{ tar: system(2), pack: "zstd" }, { tar: application(3) }]),
      "work:other:1",
    );
    for (const wholeLayers of [false, true]) {
      const { file, layersSent } = await shop.diff([base], [target, other], { wholeLayers });
      expect(layersSent).toBe(3);
      const to = `oci:${shop.path(`several-${wholeLayers}`)}`;
      const { loaded } = await load(file, `${to}:`, [base]);
      expect(loaded.map((one) => one.label)).toEqual([`${to}:app:2`, `${to}:other:1`]);
      expect(identity(await shop.read(`${to}:app:2`))).toEqual(identity(await shop.read(target)));
      expect(identity(await shop.read(`${to}:other:1`))).toEqual(identity(await shop.read(other)));
      await expect(load(file, `${to}-one:app:9`, [base])).rejects.toMatchObject({ code: "PLACE_INVALID" });
      expect(existsSync(shop.path(`several-${wholeLayers}-one`))).toBe(false);
    }
  });

  it("is cut against a list of what a server has, without naming a base", async () => {
    const server = shop.path("have");
    await shop.write(store, (await shop.read(base)).root, "have:whatever:7");
    const list = await listHave([ociLayoutPlace(server, shop.context)]);
    const have = parseHave(Buffer.from(JSON.stringify(list)), "have.json");
    const local = await ociLayoutPlace(shop.path("work"), shop.context).inventory();
    const { file, bundleBytes, missingBytes } = await shop.diff([], [target], {
      have: { list: have, local },
    });
    expect(bundleBytes).toBeLessThan(missingBytes / 20);
    await load(file, `oci:${server}:app:2`);
    expect(identity(await shop.read(`oci:${server}:app:2`))).toEqual(identity(await shop.read(target)));
  });

  it("says what is missing, and what to do, where the base is not there", async () => {
    const { file } = await shop.diff([base], [target]);
    await expect(load(file, `oci:${shop.path("no-base")}:app:2`)).rejects.toMatchObject({
      code: "BASE_MISSING",
      exitStatus: 3,
      message: expect.stringMatching(/^2 of 2 layers of .*app:1 are not in oci:.*sha256:[0-9a-f]{12}/),
      hint: expect.stringMatching(/Load .*app:1 first.*ddiff diff --have have\.json/),
    });
    expect(existsSync(shop.path("no-base"))).toBe(false);
    const report = await verifyBundle({ bundle: file, bases: [], context: shop.context });
    expect(report).toMatchObject({ layersRebuilt: 0, targets: ["app:2"] });
    expect(report.missing).toHaveLength(2);
    const whole = await verifyBundle({ bundle: file, bases: [base], context: shop.context });
    expect(whole).toMatchObject({ layersRebuilt: 2, missing: [] });
  });

  it("refuses a base whose layer is damaged", async () => {
    const { file } = await shop.diff([base], [target]);
    const damaged = shop.path("damaged");
    await shop.write(store, (await shop.read(base)).root, "damaged:app:1");
    const { layers } = (await shop.read(base)).images[0] ?? { layers: [] };
    const blob = `${damaged}/blobs/sha256/${layers[0]?.descriptor.digest.slice(7)}`;
    const bytes = await readFile(blob);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(blob, bytes);
    const before = await treeOf(damaged);
    await expect(load(file, `oci:${damaged}:app:2`)).rejects.toMatchObject({ exitStatus: 3 });
    expect(await treeOf(damaged)).toEqual(before);
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it("comes through standard input", async () => {
    const { file } = await shop.diff([base], [target]);
    const to = `oci:${shop.path("stdin")}:app:2`;
    const standardInput = createReadStream(file, { highWaterMark: 1000 });
    await loadBundle({ bundle: "-", to, bases: [base], context: shop.context, standardInput });
    expect(identity(await shop.read(to))).toEqual(identity(await shop.read(target)));
    expect(await readdir(shop.tempDir)).toEqual([]);
  });

  it("says what is in it", async () => {
    const { file, bundleBytes } = await shop.diff([base], [target]);
    const { images } = await shop.read(base);
    const about = await describeBundle(file, shop.context);
    expect(about).toMatchObject({
      bundleBytes,
      version: 2,
      targets: [{ name: "app:2", platforms: ["linux/amd64"] }],
      base: { names: ["app:1"], layersNeeded: images[0]?.layers.map((layer) => layer.diffId) },
    });
    expect(about.layers.map((layer) => layer.from)).toEqual(["patch", "patch"]);
  });

  describe("in parts", () => {
    it("is found by any of them and by the name without a number", async () => {
      const { stem, names } = await splitBundle(target);
      expect(names.length).toBeGreaterThan(3);
      for (const [i, name] of [`${stem}.001`, `${stem}.003`, stem].entries()) {
        const to = `oci:${shop.path(`parts-${i}-${stem.length}`)}:app:2`;
        await load(name, to);
        expect(identity(await shop.read(to))).toEqual(identity(await shop.read(target)));
      }
    });

    it("says which one is missing: the first, one between, or the last", async () => {
      const { names } = await splitBundle(target);
      const last = names.at(-1) ?? "";
      for (const missing of [names[0] ?? "", names[2] ?? "", last]) {
        const bytes = await readFile(shop.path(missing));
        await rm(shop.path(missing));
        for (const named of names.filter((name) => name !== missing).slice(0, 2)) {
          await expect(load(shop.path(named), `oci:${shop.path("parts-no")}:app:2`)).rejects.toMatchObject({
            code: "PART_MISSING",
            message: expect.stringContaining(missing),
          });
        }
        await writeFile(shop.path(missing), bytes);
      }
      expect(existsSync(shop.path("parts-no"))).toBe(false);
    });

    it("names the part that belongs to another bundle", async () => {
      const { stem } = await splitBundle(target);
      const bytes = makeContent({ kind: "binary", seed: 500, size: 600_000, edits: 0 });
      const image = addImage(store, [{ tar: makeTar([{ path: "other", bytes }]) }]);
      const place = await shop.write(store, image, "work:unlike:1");
      const other = await shop.diff([], [place], { splitBytes: 40_000 });
      await writeFile(`${stem}.002`, await readFile(`${other.file}.002`));
      await expect(load(stem, `oci:${shop.path("parts-other")}:app:2`)).rejects.toMatchObject({
        code: "BUNDLE_INVALID",
        message: expect.stringMatching(/\(in .*\.001 to .*\.0\d\d\)$/),
      });
    });

    it("leaves no part of a longer bundle that went by the same name", async () => {
      const { stem, names } = await splitBundle(target);
      await shop.diff([], [target], { splitBytes: 120_000, out: stem });
      const now = (await readdir(shop.folder)).filter((name) => name.startsWith(`${basename(stem)}.`));
      expect(now.length).toBeLessThan(names.length - 1);
      await load(stem, `oci:${shop.path("parts-again")}:app:2`);
    });
  });
});

describe("images of every kind", () => {
  it("travel with any packing, empty layers, the same layer twice, and layers that are no tar", async () => {
    const layers = [
      { tar: system(1, 3), pack: "none" as const },
      { tar: makeTar([]) },
      { tar: system(1, 3), pack: "none" as const },
      { tar: Buffer.alloc(0), pack: "none" as const },
      { tar: makeContent({ kind: "text", seed: 1, size: 3000, edits: 0 }), pack: "zstd" as const },
      { tar: makeTar([]) },
    ];
    const odd = await shop.write(store, addImage(store, layers), "kinds:odd:1");
    const none = await shop.write(store, addImage(store, []), "kinds:none:1");
    for (const wholeLayers of [false, true]) {
      const { file } = await shop.diff([none], [odd], { wholeLayers });
      const to = `oci:${shop.path(`kinds-${wholeLayers}`)}:odd:1`;
      await load(file, to, [none]);
      expect(identity(await shop.read(to))).toEqual(identity(await shop.read(odd)));
      const back = await shop.diff([odd], [none], { wholeLayers });
      await load(back.file, `oci:${shop.path(`kinds-${wholeLayers}`)}:none:1`);
    }
  });

  it("travel with all platforms, attestations and signatures", async () => {
    const [one, two] = [await multiPlatform(1), await multiPlatform(2)];
    const { file, targets } = await shop.diff([one], [two], { wholeLayers: true });
    expect(targets[0]?.platforms).toEqual(["linux/amd64", "linux/arm64"]);
    const to = `oci:${shop.path("multi-whole")}:app:2`;
    await load(file, to, [one]);
    const [there, here] = [await shop.read(to), await shop.read(two)];
    expect(there.root.digest).toBe(here.root.digest);
    expect(here.referrers).toHaveLength(2);
    expect(there.referrers.map((one) => one.digest).sort()).toEqual(
      here.referrers.map((one) => one.digest).sort(),
    );
    expect(there.artifactBlobs.map((one) => one.digest).sort()).toEqual(
      here.artifactBlobs.map((one) => one.digest).sort(),
    );

    const patched = await shop.diff([one], [two]);
    await load(patched.file, `oci:${shop.path("multi-patched")}:app:2`, [one]);
    expect(identity(await shop.read(`oci:${shop.path("multi-patched")}:app:2`))).toEqual(identity(here));
  });

  it("travel with one platform of several", async () => {
    const [one, two] = [await multiPlatform(1), await multiPlatform(2)];
    const platforms = [{ os: "linux", architecture: "arm64" }];
    for (const wholeLayers of [false, true]) {
      const { file, targets, layersSent } = await shop.diff([one], [two], { platforms, wholeLayers });
      expect(targets[0]?.platforms).toEqual(["linux/arm64"]);
      expect(layersSent).toBe(1);
      const to = `oci:${shop.path(`sparse-${wholeLayers}`)}:app:2`;
      await load(file, to, [one]);
      const here = await shop.read(two);
      expect(identity(await shop.read(to))).toEqual([identity(here)[1]]);
      if (wholeLayers) expect((await shop.read(to)).root.digest).toBe(here.root.digest);
    }
  });

  it("travel with artifacts whose config is no text", async () => {
    const image = addImage(store, [{ tar: application(5) }]);
    const config = store.blob("application/vnd.example.config", Buffer.from([0xff, 0x00, 0xfe, 0x80]));
    const { mediaType, digest, size } = image;
    store.manifest(config, [store.blob("text/plain", "content")], {
      subject: { mediaType, digest, size },
      artifactType: "application/vnd.example",
    });
    const place = await shop.write(store, image, "binary:app:5");
    const { file } = await shop.diff([], [place], { wholeLayers: true });
    await load(file, `oci:${shop.path("binary-to")}:app:5`);
    const there = await shop.read(`oci:${shop.path("binary-to")}:app:5`);
    expect(there.documents.get(config.digest)?.bytes).toEqual(Buffer.from([0xff, 0x00, 0xfe, 0x80]));
  });

  it("travel in Docker's media types", async () => {
    const tar = application(6);
    const config = JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: {
        type: "layers",
        diff_ids: [addImage(store, [{ tar, pack: "none" }]), store.blob("x", tar).digest].slice(1),
      },
    });
    const manifest = store.document({
      kind: "manifest",
      mediaType: mediaTypes.dockerManifest,
      config: store.blob(mediaTypes.dockerConfig, config),
      layers: [store.blob(mediaTypes.dockerLayer, tar)],
    });
    const place = await shop.write(store, manifest, "docker:app:6");
    const { file } = await shop.diff([], [place]);
    await load(file, `oci:${shop.path("docker-to")}:app:6`);
    const there = await shop.read(`oci:${shop.path("docker-to")}:app:6`);
    expect(identity(there)).toEqual(identity(await shop.read(place)));
    expect(there.root.mediaType).toBe(mediaTypes.dockerManifest);
  });
});

/** A bundle of one image in parts of 40 kB; their names in order. */
async function splitBundle(target: string): Promise<{ stem: string; names: string[] }> {
  const { file } = await shop.diff([], [target], { splitBytes: 40_000 });
  const all = await readdir(shop.folder);
  return { stem: file, names: all.filter((name) => name.startsWith(`${basename(file)}.`)).sort() };
}

/** An image for two platforms with an attestation and two signatures. */
async function multiPlatform(version: number): Promise<string> {
  const amd = addImage(store, [{ tar: system(version) }], "linux/amd64");
  const arm = addImage(store, [{ tar: application(version) }], "linux/arm64");
  const index = store.index([amd, arm, store.attestation(amd, `built ${version}`)]);
  store.referrer(index, `signature of the index ${version}`);
  store.referrer(amd, `signature of amd64 ${version}`);
  return shop.write(store, index, `multi:app:${version}`);
}
