import { execFile } from "node:child_process";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diskReport } from "../../inspect/du/report.ts";
import { duTerminal } from "../../inspect/reports/du-terminal.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { printable } from "../../report/text.ts";
import { isDdiffError } from "../../util/errors.ts";
import { contextIn, newFolder } from "../testing/folders.ts";
import { readUsage } from "./open.ts";

const nothing = { volumes: true };
const plain = { width: 100, printable, paint: (_: string, text: string) => text };

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

async function pipe(path: string): Promise<void> {
  await promisify(execFile)("mkfifo", [path]);
}

const id = (letter: string): string => letter.repeat(64);
const blob = (text: string): string => `blobs/sha256/${hexOf(digestOf(Buffer.from(text)))}`;

function described(mediaType: string, text: string): Descriptor {
  return { mediaType, digest: digestOf(Buffer.from(text)), size: text.length };
}

describe("a folder of Podman's storage", () => {
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [digestOf(Buffer.from("layer"))] },
  });
  const name = hexOf(digestOf(Buffer.from(config)));
  const configFile = `overlay-images/${name}/=${Buffer.from(`sha256:${name}`).toString("base64")}`;

  test("with lists that are no lists has nothing, and says so", async () => {
    const folder = await newFolder();
    await write(folder, {
      "overlay-images/images.json": "{",
      "overlay-layers/layers.json": '[{"id":"../../etc"}]',
    });
    const usage = await readUsage(folder, contextIn(folder), nothing);
    expect(usage.images).toEqual([]);
    expect(usage.notes).toHaveLength(2);
  });

  test("whose layers are their own parents is read to its end", async () => {
    const folder = await newFolder();
    await write(folder, {
      "overlay-images/images.json": JSON.stringify([{ id: name, names: ["a\u001b[2J:1"], layer: id("a") }]),
      [configFile]: config,
      "overlay-layers/layers.json": JSON.stringify([
        { id: id("a"), parent: id("b") },
        { id: id("b"), parent: id("a") },
      ]),
      [`overlay/${id("a")}/diff/file`]: "12345",
      [`overlay/${id("b")}/diff/file`]: "123",
      [`overlay/${id("b")}/link`]: "../../../../etc/passwd",
    });
    const { images, parts } = await readUsage(folder, contextIn(folder), nothing);
    expect(images).toHaveLength(1);
    expect(parts.get(id("a"))?.cost.content).toBe(5);
    expect(parts.get(id("b"))?.cost.content).toBe(3);
  });

  test("whose config has another digest than its name has no such image", async () => {
    const folder = await newFolder();
    await write(folder, {
      "overlay-images/images.json": JSON.stringify([{ id: name, names: ["a:1"], layer: id("a") }]),
      [configFile]: `${config} `,
    });
    const { images, notes } = await readUsage(folder, contextIn(folder), nothing);
    expect(images).toEqual([]);
    expect(notes.join()).toContain("a:1");
  });
});

test("whatever Podman's lists say, its storage is told of or refused in a sentence", async () => {
  const folder = await newFolder();
  const layer = digestOf(Buffer.from("layer"));
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [layer, layer, layer] },
  });
  const image = hexOf(digestOf(Buffer.from(config)));
  await write(folder, {
    [`overlay-images/${image}/=${Buffer.from(`sha256:${image}`).toString("base64")}`]: config,
    [`overlay/${id("a")}/diff/file`]: "12345",
  });
  const ids = fc.constantFrom(id("a"), id("b"), image, "", "..", "a\u001b[2J");
  const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(-1, 1e308, "__proto__"));
  const any = (what: fc.Arbitrary<unknown>) => fc.oneof({ arbitrary: what, weight: 5 }, odd);
  const record = fc.dictionary(
    fc.constantFrom(
      "id",
      "parent",
      "layer",
      "image",
      "names",
      "created",
      "diff-size",
      "metadata",
      "__proto__",
    ),
    any(fc.oneof(ids, fc.array(ids, { maxLength: 3 }), fc.integer())),
  );
  const real = fc.record({ id: fc.constantFrom(id("a"), id("b"), image), parent: ids, layer: ids });
  const list = any(fc.array(any(fc.oneof(record, real)), { maxLength: 4 }));
  const lists = fc.record({ images: list, layers: list, containers: list });
  await fc.assert(
    fc.asyncProperty(lists, async (told) => {
      for (const [name, value] of Object.entries(told))
        await write(folder, { [`overlay-${name}/${name}.json`]: JSON.stringify(value) });
      const context = contextIn(folder);
      try {
        const usage = await readUsage(folder, context, nothing);
        const report = await diskReport([usage], { remove: [], files: true }, context, []);
        const text = duTerminal(report, plain);
        expect(text).not.toMatch(/NaN|undefined|\u001b/);
      } catch (error) {
        expect(isDdiffError(error), String(error)).toBe(true);
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);

describe("pipes, devices and circles", () => {
  test("in Podman's storage are no files", { timeout: 10_000 }, async () => {
    const folder = await newFolder();
    await write(folder, {
      "overlay-images/images.json": "[]",
      "overlay-layers/layers.json": JSON.stringify([{ id: id("a") }]),
      [`overlay/${id("a")}/diff/file`]: "12345",
    });
    await symlink("/dev/zero", join(folder, "overlay-layers/volatile-layers.json"));
    await pipe(join(folder, "overlay", id("a"), "link"));
    await mkdir(join(folder, "overlay-containers/containers.json"), { recursive: true });
    await symlink("volatile-containers.json", join(folder, "overlay-containers/volatile-containers.json"));
    const { parts } = await readUsage(folder, contextIn(folder), nothing);
    expect(parts.get(id("a"))?.cost.content).toBe(5);
  });

  test("lists too large for a store are told", async () => {
    const folder = await newFolder();
    await write(folder, { "overlay-images/images.json": "[]" });
    await truncate(join(folder, "overlay-images/images.json"), 1 << 30);
    await expect(readUsage(folder, contextIn(folder), nothing)).rejects.toThrow("larger than");
  });

  test("in a registry's folder are not followed", { timeout: 10_000 }, async () => {
    const folder = await newFolder();
    const top = join(folder, "docker/registry/v2/repositories/lab");
    await mkdir(join(top, "app/_manifests/tags/one/current"), { recursive: true });
    for (const name of ["a", "b", "c"]) await symlink(".", join(top, name));
    await symlink("/", join(top, "all"));
    await symlink("_manifests", join(top, "app/_manifests/revisions"));
    await pipe(join(top, "app/_manifests/tags/one/current/link"));
    const { images } = await readUsage(folder, contextIn(folder), nothing);
    expect(images).toEqual([]);
  });

  test("in the folder of ddiff server are not followed", { timeout: 10_000 }, async () => {
    const folder = await newFolder();
    await write(folder, { "ddiff-store.json": "{}" });
    await mkdir(join(folder, "objects/tags/app"), { recursive: true });
    await symlink("/dev/zero", join(folder, "objects/tags/app/latest"));
    await symlink("manifests", join(folder, "objects/manifests"));
    await mkdir(join(folder, "blobs"));
    await symlink("sha256", join(folder, "blobs/sha256"));
    const { images } = await readUsage(folder, contextIn(folder), nothing);
    expect(images).toEqual([]);
  });
});

describe("a registry's folder", () => {
  const top = "docker/registry/v2";
  const link = (text: string): string => `${top}/repositories/lab/app/_manifests/tags/${text}/current/link`;

  test("with links to nothing and manifests that are none leaves them out with notes", async () => {
    const folder = await newFolder();
    const broken = "not a manifest";
    const digest = hexOf(digestOf(Buffer.from(broken)));
    await write(folder, {
      [link("nowhere")]: `sha256:${"0".repeat(64)}`,
      [link("garbage")]: "../../../../etc/passwd",
      [link("broken")]: `sha256:${digest}`,
      [`${top}/blobs/sha256/${digest.slice(0, 2)}/${digest}/data`]: broken,
    });
    const { images, parts, notes } = await readUsage(folder, contextIn(folder), nothing);
    expect(images).toEqual([]);
    expect(notes).toHaveLength(2);
    expect(parts.get(`blob sha256:${digest}`)).toMatchObject({
      kind: "rest",
      cost: { packed: broken.length },
    });
  });
});

describe("a layout", () => {
  test("whose image has one layer twice and stands there twice counts each blob once", async () => {
    const folder = await newFolder();
    const layer = "\0".repeat(1024);
    const diffId = digestOf(Buffer.from(layer));
    const config = JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [diffId, diffId] },
    });
    const of = described(mediaTypes.ociLayer, layer);
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: described(mediaTypes.ociConfig, config),
      layers: [of, of],
    });
    const entry = described(mediaTypes.ociManifest, manifest);
    const named = (name: string) => ({
      ...entry,
      annotations: { "org.opencontainers.image.ref.name": name },
    });
    await write(folder, {
      "oci-layout": '{"imageLayoutVersion":"1.0.0"}',
      "index.json": JSON.stringify({ schemaVersion: 2, manifests: [named("app:1"), named("app:2"), entry] }),
      [blob(layer)]: layer,
      [blob(config)]: config,
      [blob(manifest)]: manifest,
    });
    await symlink("/etc/passwd", join(folder, "blobs/sha256", "0".repeat(64)));
    const { images, parts, notes } = await readUsage(`oci:${folder}`, contextIn(folder), nothing);
    expect(images.map(({ names }) => names)).toEqual([["app:1", "app:2"]]);
    expect([...parts.values()].filter(({ kind }) => kind === "blob").map(({ cost }) => cost.packed)).toEqual([
      1024,
    ]);
    expect(notes).toEqual([]);
  });

  test("is asked for as a whole", async () => {
    const folder = await newFolder();
    await expect(readUsage(`oci:${folder}:app`, contextIn(folder), nothing)).rejects.toThrow("as a whole");
    await expect(readUsage(folder, contextIn(folder), nothing)).rejects.toThrow("nothing that du can count");
    await expect(readUsage(join(folder, "absent"), contextIn(folder), nothing)).rejects.toThrow(
      "there is no folder",
    );
  });
});
