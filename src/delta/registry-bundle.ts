import { readAll } from "../codec/read-all.ts";
import { verified } from "../codec/verify.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { PlaceContext, Source } from "../places/place.ts";
import { DdiffError } from "../util/errors.ts";
import { mapLimited } from "../util/map-limited.ts";
import { bundleTypes, carriedLayers, parseBundleConfig } from "./bundle-config.ts";
import type { Bundle } from "./bundle-read.ts";
import { checkRoom } from "../util/room.ts";
import { Spool } from "../util/spool.ts";

/** As in a bundle's file. */
const largestConfig = 64 << 20;
const fetchesAtOnce = 4;

/** A bundle that was fetched from a registry, its blobs in temporary files. */
export interface FetchedBundle {
  bundle: Bundle;
  close(): void;
}

/**
 * Fetches the blobs of a bundle that lies in a registry as an artifact, and checks all that `readBundle` checks of a file: every
 * digest, every size, the config, and that what the config names is there and nothing else. Throws `BUNDLE_INVALID`, `BUNDLE_VERSION`,
 * `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `DISK_SPACE`, and what the source throws.
 */
export async function fetchBundle(
  source: Source,
  manifest: Manifest,
  context: PlaceContext,
): Promise<FetchedBundle> {
  const size = bundleSize(manifest);
  const spools = new Map<Digest, Spool>();
  const close = (): void => {
    for (const spool of spools.values()) spool.close();
  };
  const task = context.progress.task(`fetching a delta from ${source.label}`, size);
  try {
    await checkRoom(context.tempDir, size, "fetching the delta");
    const what = "the delta's config";
    const bytes = verified(await source.openBlob(manifest.config), manifest.config, what);
    const config = parseBundleConfig(await readAll(bytes, largestConfig, what));
    task.advance(manifest.config.size);
    const carried = carriedLayers(config).map((one) => (one.from === "patch" ? one.patch : one.blob));
    checkSame([...config.blobs, ...carried], manifest.layers);
    await mapLimited(manifest.layers, fetchesAtOnce, async (descriptor) => {
      const spool = new Spool(context.tempDir);
      spools.set(descriptor.digest, spool);
      const blob = verified(
        await source.openBlob(descriptor),
        descriptor,
        `${descriptor.digest} of the delta`,
      );
      for await (const chunk of blob as AsyncIterable<Buffer>) {
        context.signal?.throwIfAborted();
        spool.append(chunk);
        task.advance(chunk.length);
      }
      spool.flush();
    });
    const blob: Bundle["blob"] = (descriptor) => {
      const spool = spools.get(descriptor.digest);
      if (spool === undefined || spool.length !== descriptor.size) throw stray(descriptor);
      return spool.bytes(0, spool.length);
    };
    return { bundle: { config, size, blob }, close };
  } catch (error) {
    close();
    throw error;
  } finally {
    task.end();
  }
}

/** Bytes of all blobs of a bundle in a registry, as its manifest says. Throws `BUNDLE_INVALID` for a manifest that is not a bundle's. */
export function bundleSize(manifest: Manifest): number {
  const { config, layers } = manifest;
  if (manifest.artifactType !== bundleTypes.artifact || config.mediaType !== bundleTypes.config) {
    throw new DdiffError("BUNDLE_INVALID", "the delta is damaged: its manifest is not that of a bundle");
  }
  if (new Set(layers.map(({ digest }) => digest)).size !== layers.length) {
    throw new DdiffError("BUNDLE_INVALID", "the delta is damaged: its manifest names a blob twice");
  }
  return layers.reduce((sum, { size }) => sum + size, config.size);
}

/** What the config names must be there with its size, and nothing else. */
function checkSame(named: readonly Descriptor[], there: readonly Descriptor[]): void {
  const sizes = new Map(there.map(({ digest, size }) => [digest, size]));
  const missing = named.find(({ digest, size }) => sizes.get(digest) !== size);
  if (missing !== undefined) throw stray(missing);
  const wanted = new Set(named.map(({ digest }) => digest));
  const extra = there.find(({ digest }) => !wanted.has(digest));
  if (extra !== undefined) throw stray(extra);
}

function stray({ digest }: Descriptor): DdiffError {
  return new DdiffError(
    "BUNDLE_INVALID",
    `the delta is damaged: its manifest and its config do not agree on ${digest}`,
  );
}
