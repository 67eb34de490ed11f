import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { contextIn, newFolder } from "../testing/folders.ts";
import { readUsage } from "./open.ts";

const nothing = { volumes: true };

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
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
