import { digestOf, isDigest, type Digest, Digester } from "../oci/digest.ts";
import { decompressed } from "../codec/compression.ts";
import { parseConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseDocument } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { readTar } from "../tar/reader.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import type { BundleLayer, CarriedDocument } from "./bundle-config.ts";
import type { Bundle } from "./bundle-read.ts";
import { streamOf } from "../util/random-bytes.ts";
import type { Bytes } from "../util/random-bytes.ts";
import { checkRoom } from "../util/room.ts";
import { Spool } from "../util/spool.ts";

const folder = ".ddiff-image/";
/** Everything but the blobs is a line of text or a manifest. */
const largestText = 4 << 20;
const textNames = new Set([
  "BASE",
  "TARGET",
  "MANIFEST_MEDIA_TYPE",
  "MOUNT_BLOBS",
  "UPLOAD_BLOBS",
  "manifest.json",
]);

/** True for a gzip file: the original DockerDiff's archives are gzipped tars, bundles of ours are not packed. */
export function isLegacyArchive(bytes: Bytes): boolean {
  if (bytes.length < 2) return false;
  const head = bytes.read(0, 2);
  return head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * Reads an archive of the original DockerDiff (`.ddiff-image/` in a gzipped tar) as a bundle that carries whole layers. No
 * member is ever written under its own name; every blob is checked against the digest that names it.
 * Throws `BUNDLE_INVALID`, `DISK_SPACE`, `DISK_FULL`.
 */
export async function openLegacyArchive(
  bytes: Bytes,
  tempDir: string,
): Promise<{ bundle: Bundle; close(): void }> {
  const spool = new Spool(tempDir);
  try {
    const { texts, blobs } = await readMembers(bytes, spool, tempDir);
    return { bundle: asBundle(texts, blobs, bytes.length), close: () => spool.close() };
  } catch (error) {
    spool.close();
    if (!isDdiffError(error) || ["BUNDLE_INVALID", "DISK_SPACE", "DISK_FULL"].includes(error.code))
      throw error;
    throw damaged(error.message, error);
  }
}

async function readMembers(bytes: Bytes, spool: Spool, tempDir: string) {
  const texts = new Map<string, Buffer>();
  const places = new Map<Digest, { at: number; length: number }>();
  let text: { name: string; pieces: Buffer[] } | undefined;
  let blob: { digest: Digest; at: number; digester: Digester } | undefined;
  const finish = (): void => {
    if (text !== undefined) texts.set(text.name, Buffer.concat(text.pieces));
    if (blob === undefined) return;
    if (blob.digester.digest() !== blob.digest)
      throw damaged(`blob ${blob.digest} does not match its digest`);
    places.set(blob.digest, { at: blob.at, length: blob.digester.size });
  };
  for await (const event of readTar(decompressed(streamOf(bytes)))) {
    if (event.kind === "entry") {
      finish();
      text = undefined;
      blob = undefined;
      const { path, type, size } = event.entry;
      const name = path.replace(/^\.\//, "");
      if (type === "directory" && folder.startsWith(`${name.replace(/\/+$/, "")}/`)) continue;
      if (type === "directory" && name.replace(/\/+$/, "") === `${folder}blobs`) continue;
      const digest = /^\.ddiff-image\/blobs\/(sha256:[0-9a-f]{64})\.tar$/.exec(name)?.[1];
      if (type !== "file" || !name.startsWith(folder)) throw damaged(`it holds ${JSON.stringify(path)}`);
      const isTwice = isDigest(digest) ? places.has(digest) : texts.has(name.slice(folder.length));
      if (isTwice) throw damaged(`it holds ${JSON.stringify(path)} twice`);
      // A blob of zeros packs a thousandfold: what is announced is looked at before it is written.
      if (isDigest(digest)) await checkRoom(tempDir, size, "unpacking the archive");
      if (isDigest(digest)) blob = { digest, at: spool.length, digester: new Digester() };
      else if (!textNames.has(name.slice(folder.length))) throw damaged(`it holds ${JSON.stringify(path)}`);
      else if (size <= largestText) text = { name: name.slice(folder.length), pieces: [] };
      else throw damaged(`${name} is larger than it may be`);
    } else if (event.kind === "data") {
      if (blob !== undefined) {
        blob.digester.update(event.bytes);
        spool.append(event.bytes);
      }
      text?.pieces.push(Buffer.from(event.bytes));
    }
  }
  finish();
  const blobs = new Map([...places].map(([digest, { at, length }]) => [digest, spool.bytes(at, length)]));
  return { texts, blobs };
}

function asBundle(texts: Map<string, Buffer>, blobs: Map<Digest, Bytes>, size: number): Bundle {
  const line = (name: string): string | undefined => texts.get(name)?.toString("utf8").trim();
  const manifestBytes = texts.get("manifest.json");
  const target = line("TARGET");
  if (manifestBytes === undefined || target === undefined)
    throw damaged("it has no manifest.json or no TARGET");
  const mediaType = line("MANIFEST_MEDIA_TYPE") ?? mediaTypes.dockerManifest;
  const manifest = parseDocument(manifestBytes, mediaType);
  if (manifest.kind !== "manifest") throw damaged("its manifest.json is an index");
  const blobOf = (descriptor: Descriptor): Bytes => {
    const found = blobs.get(descriptor.digest);
    if (found?.length !== descriptor.size) throw damaged(`it does not hold ${descriptor.digest}`);
    return found;
  };
  const configBytes = blobOf(manifest.config);
  if (configBytes.length > largestText) throw damaged("its config is larger than it may be");
  const config = Buffer.from(configBytes.read(0, configBytes.length));
  const { diffIds } = parseConfig(config);
  if (diffIds.length !== manifest.layers.length)
    throw damaged("its config and its manifest disagree about the layers");
  const layers = new Map<Digest, BundleLayer>();
  manifest.layers.forEach((descriptor, i) => {
    const diffId = diffIds[i] as Digest;
    layers.set(
      diffId,
      blobs.has(descriptor.digest) ? { from: "blob", diffId, blob: descriptor } : { from: "base", diffId },
    );
  });
  const root = { mediaType, digest: digestOf(manifestBytes), size: manifestBytes.length };
  const base = line("BASE");
  return {
    size,
    blob: blobOf,
    config: {
      version: 1,
      targets: [{ name: target, root }],
      documents: [document(root, manifestBytes), document(manifest.config, config)],
      referrers: [],
      layers: [...layers.values()],
      blobs: [],
      base: { names: base === undefined ? [] : [base], layers: [] },
    },
  };
}

function document({ mediaType, digest, size }: Descriptor, bytes: Buffer): CarriedDocument {
  return { mediaType, digest, size, text: bytes.toString("utf8") };
}

function damaged(problem: string, cause?: unknown): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the archive is damaged or no archive of ddiff: ${problem}`, {
    hint: "Copy the archive again, or make a bundle with ddiff diff.",
    cause,
  });
}
