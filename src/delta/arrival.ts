import { addAbortSignal, type Readable } from "node:stream";
import type { PlaceContext, Sink, Source } from "../places/place.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { BaseLayers } from "./base-layers.ts";
import { baseMissing, namesInRegistry } from "./base-missing.ts";
import { openBundleFile, readBundle } from "./bundle-read.ts";
import { readTargets } from "./bundle-source.ts";
import { neededLayers } from "./rebuild.ts";
import { type LoadedTarget, writeTargets } from "./write-targets.ts";

/**
 * Bytes of a bundle's config, which is read in one go: others wait for some tenths of a second. A recipe of an eStargz layer of a million
 * files is as large.
 */
const largestConfig = 8 << 20;

/** A bundle that came to a server, which is to hold its image. */
interface Arrival {
  bundle: Readable;
  /** Images that may hold the base, where it goes by one of these names (`app:1`) or by another; closed by the caller. */
  bases: (names: readonly string[]) => AsyncIterable<Source>;
  sink: Sink;
  context: PlaceContext;
}

/**
 * Makes the image of a bundle with the digest that it has where the bundle was made, from what the server itself holds. In the order of
 * `loadBundle`: the bundle is checked whole, the base found, every layer rebuilt and checked, then the image is written. Throws
 * `BUNDLE_INVALID`, `BUNDLE_VERSION`, `BASE_MISSING`, `NOT_EXACT`, `ENCODER_UNKNOWN`, `DISK_SPACE`, `DISK_FULL`, and what the sink throws.
 */
export async function rebuildArrival({
  bundle: bytes,
  bases,
  sink,
  context,
}: Arrival): Promise<LoadedTarget> {
  const { signal } = context;
  const incoming = signal === undefined ? bytes : addAbortSignal(signal, bytes);
  const file = await openBundleFile("-", context.tempDir, incoming);
  const base = new BaseLayers();
  try {
    const limits = { configBytes: largestConfig, signal };
    const bundle = await readBundle({ ...file, fileAt: () => "what was sent" }, limits);
    const [tree, ...others] = await readTargets(bundle, "the bundle");
    if (tree === undefined || others.length > 0) {
      const count = others.length + (tree === undefined ? 0 : 1);
      throw new DdiffError("BUNDLE_INVALID", `the bundle brings ${count} images, and one tag is for one`);
    }
    const needed = neededLayers(bundle);
    for await (const source of bases(namesInRegistry(bundle))) {
      if (base.missing(needed).length === 0) break;
      signal?.throwIfAborted();
      await addSound(base, source, needed);
    }
    const missing = base.missing(needed);
    if (missing.length > 0) throw baseMissing(bundle, missing, needed, "this registry, where you may pull");
    const [loaded] = await writeTargets([{ tree, sink, packed: true }], {
      bundle,
      base,
      context,
      requireExact: true,
    });
    return loaded as LoadedTarget;
  } finally {
    await base.close();
    file.close();
  }
}

/** Names lead to images that are not there, or to what is no image: another may still hold the base. */
async function addSound(
  base: BaseLayers,
  source: Source,
  among: ReturnType<typeof neededLayers>,
): Promise<void> {
  try {
    await base.addSource(source, { among });
  } catch (error) {
    if (!isDdiffError(error) || error.code.startsWith("S3_")) throw error;
  }
}
