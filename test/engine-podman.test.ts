import { randomBytes } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readAll } from "../src/codec/read-all.ts";
import { digestOf } from "../src/oci/digest.ts";
import { copyImage } from "../src/places/copy.ts";
import { savedImageSource } from "../src/places/image-files/saved-image.ts";
import { readImage } from "../src/places/image-tree.ts";
import { openPlace } from "../src/places/open.ts";
import type { Layer } from "../src/places/place.ts";
import { podmanCommand } from "../src/places/podman/command-client.ts";
import { MemoryStore } from "../src/places/testing/memory.ts";
import { silent } from "../src/util/progress.ts";
import { lines, podmanMissing } from "./support/engine-kinds.ts";
import { type TestEngine, startPodman } from "./support/engines.ts";
import { imageOf, layerTar } from "./support/layers.ts";
import { describePlace } from "./support/tools.ts";

const own = layerTar([{ path: "own", data: "of one image" }]);

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
