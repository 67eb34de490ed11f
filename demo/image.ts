import { createHash } from "node:crypto";
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { gzipped } from "../src/codec/compression.ts";
import { mediaTypes } from "../src/oci/media-types.ts";
import { packTar, type TarMember } from "../src/tar/writer.ts";

/** A descriptor as it stands in the JSON documents. */
export interface Blob {
  mediaType: string;
  digest: string;
  size: number;
}

const refName = "org.opencontainers.image.ref.name";

interface NamedBlob extends Blob {
  annotations: Record<string, string>;
}

/** A layer to build: its step in the Dockerfile and its files. */
export interface LayerPlan {
  createdBy: string;
  members: TarMember[];
}

/** Builds an image of these layers, packed with gzip as a registry would have it, and adds it to an OCI layout. */
export async function buildImage(
  layout: string,
  name: string,
  created: Date,
  plans: LayerPlan[],
): Promise<void> {
  mkdirSync(join(layout, "blobs", "sha256"), { recursive: true });
  const layers = await Promise.all(
    plans.map((plan, number) => writeLayer(layout, `${name}-${number}`, plan)),
  );
  const config = writeDocument(layout, mediaTypes.ociConfig, {
    created: created.toISOString(),
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Cmd: ["node", "/app/src/main.ts"], WorkingDir: "/app" },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    history: plans.map((plan) => ({ created: created.toISOString(), created_by: plan.createdBy })),
  });
  const manifest = writeDocument(layout, mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: layers.map((layer) => layer.blob),
  });
  addName(layout, name, manifest);
}

/** Copies one image with exactly its own blobs into a fresh OCI layout: a server that has nothing else. */
export function copyImage(from: string, name: string, to: string): void {
  mkdirSync(join(to, "blobs", "sha256"), { recursive: true });
  const root = readNames(join(from, "index.json")).find((entry) => entry.annotations[refName] === name);
  if (root === undefined) throw new Error(`${from} has no image called ${name}`);
  const manifest = JSON.parse(readFileSync(blobPath(from, root), "utf8")) as { config: Blob; layers: Blob[] };
  for (const blob of [root, manifest.config, ...manifest.layers])
    copyFileSync(blobPath(from, blob), blobPath(to, blob));
  addName(to, name, root);
}

async function writeLayer(
  layout: string,
  temporary: string,
  plan: LayerPlan,
): Promise<{ blob: Blob; diffId: string }> {
  const file = join(layout, temporary);
  const contents = createHash("sha256");
  const tar = packTar(plan.members).pipe(
    new PassThrough().on("data", (bytes: Buffer) => contents.update(bytes)),
  );
  await pipeline(gzipped(tar), createWriteStream(file));
  const packed = createHash("sha256");
  for await (const bytes of createReadStream(file)) packed.update(bytes as Buffer);
  const hex = packed.digest("hex");
  const blob = { mediaType: mediaTypes.ociLayerGzip, digest: `sha256:${hex}`, size: statSync(file).size };
  renameSync(file, blobPath(layout, blob));
  return { blob, diffId: `sha256:${contents.digest("hex")}` };
}

function writeDocument(layout: string, mediaType: string, document: unknown): Blob {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const blob = { mediaType, digest, size: bytes.length };
  writeFileSync(blobPath(layout, blob), bytes);
  return blob;
}

function addName(layout: string, name: string, manifest: Blob): void {
  const file = join(layout, "index.json");
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const named: NamedBlob = { ...manifest, annotations: { [refName]: name } };
  writeFileSync(file, JSON.stringify({ schemaVersion: 2, manifests: [...readNames(file), named] }));
}

function readNames(file: string): NamedBlob[] {
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, "utf8")) as { manifests: NamedBlob[] }).manifests;
}

export function blobPath(layout: string, blob: Blob): string {
  return join(layout, "blobs", "sha256", blob.digest.slice("sha256:".length));
}
