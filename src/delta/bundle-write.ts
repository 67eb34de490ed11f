import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { hexOf, type Digest, digestOf } from "../oci/digest.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { packTar, type TarMember } from "../tar/writer.ts";
import { type BundleConfig, bundleTypes, encodeBundleConfig } from "./bundle-config.ts";
import { sweepAbandoned } from "../places/temp-files.ts";
import { syncFolder } from "../util/disk.ts";
import { processMark } from "../util/process-mark.ts";
import { diskError } from "../util/disk.ts";
import { partName, partsAfter } from "./split.ts";

/** What makes a folder or tar an OCI layout: the first member of every bundle. */
export const layoutMarker = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/** A blob on its way into a bundle: in memory, or opened when its turn comes. */
export interface BundleBlob {
  descriptor: Descriptor;
  bytes?: Buffer;
  open?: () => Readable | Promise<Readable>;
}

/**
 * The bundle as a stream: a tar that is an OCI layout whose one manifest is the bundle (docs/bundle-format.md). The
 * blobs are written in the order given, documents first; the same inputs give the same bytes.
 */
export function bundleStream(config: BundleConfig, blobs: readonly BundleBlob[]): Readable {
  const configBytes = encodeBundleConfig(config);
  const configDescriptor = describe(configBytes, bundleTypes.config);
  const seen = new Set<Digest>([configDescriptor.digest]);
  const unique = blobs.filter(
    ({ descriptor }) => !seen.has(descriptor.digest) && seen.add(descriptor.digest),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: bundleTypes.artifact,
      config: configDescriptor,
      layers: unique.map(({ descriptor: { mediaType, digest, size } }) => ({ mediaType, digest, size })),
    }),
  );
  const manifestDescriptor = describe(manifest, mediaTypes.ociManifest);
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...manifestDescriptor, artifactType: bundleTypes.artifact }],
  };
  const members: TarMember[] = [
    inMemory("oci-layout", layoutMarker),
    inMemory("index.json", Buffer.from(JSON.stringify(index))),
    inMemory(blobPath(manifestDescriptor.digest), manifest),
    inMemory(blobPath(configDescriptor.digest), configBytes),
    ...unique.map(({ descriptor, bytes, open }): TarMember => {
      const path = blobPath(descriptor.digest);
      if (bytes !== undefined) return inMemory(path, bytes);
      return { path, size: descriptor.size, open: open as () => Readable };
    }),
  ];
  return packTar(members);
}

/** Where a blob stands in an OCI layout (image-spec, image-layout.md). */
export function blobPath(digest: Digest): string {
  return `blobs/${digest.slice(0, digest.indexOf(":"))}/${hexOf(digest)}`;
}

/**
 * Writes a bundle to `out`, `-` being standard output; with `splitBytes` in numbered parts `out.001`, `out.002` ….
 * Files appear under their names only when all of them are whole. Returns the files and the bytes in all.
 * Throws `DISK_FULL`.
 */
export async function writeBundle(
  bundle: Readable,
  out: string,
  splitBytes: number | undefined,
  standardOutput: Writable = process.stdout,
): Promise<{ files: string[]; bytes: number }> {
  if (out === "-") {
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        done(null, chunk);
      },
    });
    await pipeline(bundle, count, standardOutput, { end: false });
    return { files: ["-"], bytes };
  }
  const temporary: string[] = [];
  try {
    await sweepAbandoned(dirname(out), `${basename(out)}.tmp-`);
    let bytes = 0;
    for await (const part of splitStream(bundle, splitBytes ?? Number.POSITIVE_INFINITY)) {
      const path = `${out}.tmp-${processMark()}`;
      temporary.push(path);
      bytes += await writeSynced(part, path);
    }
    const files = temporary.map((_, index) => (splitBytes === undefined ? out : partName(out, index + 1)));
    for (const [index, file] of files.entries()) await rename(temporary[index] as string, file);
    if (splitBytes !== undefined) {
      for (const stale of await partsAfter(out, files.length)) await rm(stale, { force: true });
    }
    await syncFolder(dirname(out));
    return { files, bytes };
  } catch (error) {
    bundle.destroy();
    await Promise.all(temporary.map((path) => rm(path, { force: true })));
    throw diskError(error, out);
  }
}

/** Cuts a stream into consecutive runs of at most `limit` bytes. Each must be read to its end before the next. */
async function* splitStream(stream: Readable, limit: number): AsyncGenerator<AsyncIterable<Buffer>> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer | undefined;
  let more = true;
  async function* run(): AsyncGenerator<Buffer> {
    let room = limit;
    while (room > 0) {
      if (rest === undefined) {
        const { done, value } = await chunks.next();
        if (done === true) {
          more = false;
          return;
        }
        rest = value;
      }
      const some = rest.subarray(0, room);
      rest = some.length === rest.length ? undefined : rest.subarray(some.length);
      room -= some.length;
      yield some;
    }
    if (rest !== undefined) return;
    const { done, value } = await chunks.next();
    if (done === true) more = false;
    else rest = value;
  }
  while (more) yield run();
}

async function writeSynced(bytes: AsyncIterable<Buffer>, path: string): Promise<number> {
  const file = createWriteStream(path, { flags: "wx", highWaterMark: 1 << 20, flush: true });
  await pipeline(bytes, file);
  return file.bytesWritten;
}

function describe(bytes: Buffer, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function inMemory(path: string, bytes: Buffer): TarMember {
  return { path, size: bytes.length, bytes };
}
