import type { Readable } from "node:stream";
import type { Digest } from "../oci/digest.ts";
import { parseReference } from "../oci/reference.ts";
import { openPlace } from "../places/open.ts";
import type { Place, PlaceContext } from "../places/place.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { BaseLayers } from "./base-layers.ts";
import { baseMissing, namesInRegistry } from "./base-missing.ts";
import { type Bundle, openBundleFile, readBundle } from "./bundle-read.ts";
import { readTargets } from "./bundle-source.ts";
import { isLegacyArchive, openLegacyArchive } from "./legacy.ts";
import { keepsPacked } from "./exact-outgoing.ts";
import type { Bytes } from "../util/random-bytes.ts";
import { neededLayers, rebuildLayers } from "./rebuild.ts";
import { openPatches } from "./rebuild-plan.ts";
import { rebuildThere } from "./rebuild-there.ts";
import { type LoadedTarget, type TargetSink, writeTargets } from "./write-targets.ts";

/** What `ddiff load` is asked to do. */
export interface LoadRequest {
  /** A path, any part of a split bundle, or `-` for standard input. */
  bundle: string;
  /** A place with or without an image's name; the local engine when not said. */
  to?: string;
  /** Images that hold base layers, beside those of the place that is loaded into. */
  bases: string[];
  /** Fails where a place that keeps packed layers would get the image with another digest. */
  requireExact?: boolean;
  context: PlaceContext;
  standardInput?: Readable;
}

/** What was loaded, one for each image of the bundle. */
export interface LoadReport {
  loaded: LoadedTarget[];
  bundleBytes: number;
}

/** What `--verify-only` found. */
export interface VerifyReport {
  bundleBytes: number;
  targets: string[];
  /** Layers that were rebuilt and matched their diffIDs. */
  layersRebuilt: number;
  /** Base layers that are not at hand; where there are any, nothing was rebuilt. */
  missing: Digest[];
}

/**
 * Loads a bundle. It is checked whole, then the base, then every layer is rebuilt and checked; only then is anything
 * written to the place. A single image for a place that takes streams is rebuilt and checked while it is sent: such a place shows
 * nothing of it before its end. Throws `BUNDLE_INVALID`, `BUNDLE_VERSION`, `BASE_MISSING`, `DISK_SPACE`, and what places throw.
 */
export async function loadBundle(request: LoadRequest): Promise<LoadReport> {
  const { context } = request;
  return withBundle(request, async (bundle, bytes) => {
    const base = new BaseLayers();
    const targets: TargetSink[] = [];
    try {
      const trees = await readTargets(bundle, request.bundle);
      const places: Place[] = [];
      for (const target of bundle.config.targets) {
        places.push(await placeForTarget(request.to, target.name, target.root.digest, context));
      }
      refuseSamePlace(places);
      const there = bytes && (await rebuildThere(bundle, bytes, places, request));
      if (there !== undefined) return { loaded: [there], bundleBytes: bundle.size };
      await findBase(bundle, base, request.bases, places, context);
      for (const [i, tree] of trees.entries()) {
        const place = places[i] as Place;
        targets.push({ tree, sink: await place.sink(), packed: keepsPacked(place.transport) });
      }
      const requireExact = request.requireExact === true;
      const loaded = await writeTargets(targets, { bundle, base, context, requireExact });
      return { loaded, bundleBytes: bundle.size };
    } finally {
      for (const { sink } of targets) await sink.close();
      await base.close();
    }
  });
}

/**
 * Checks a bundle without loading it: every digest, every document, every patch's structure; and, where the base is at hand
 * (the named bases, else the place that `load` would use), that every layer comes out right.
 */
export async function verifyBundle(request: LoadRequest): Promise<VerifyReport> {
  const { context } = request;
  return withBundle(request, async (bundle) => {
    const base = new BaseLayers();
    try {
      const targets: string[] = [];
      const places: Place[] = [];
      await readTargets(bundle, request.bundle);
      for (const target of bundle.config.targets) {
        targets.push(target.name ?? target.root.digest);
        if (request.to !== undefined) {
          places.push(await placeForTarget(request.to, target.name, target.root.digest, context));
        }
      }
      openPatches(bundle);
      const report = { bundleBytes: bundle.size, targets };
      try {
        await findBase(bundle, base, request.bases, places, context);
      } catch (error) {
        if (!isDdiffError(error, "BASE_MISSING")) throw error;
        return { ...report, layersRebuilt: 0, missing: base.missing(neededLayers(bundle)) };
      }
      const rebuilt = await rebuildLayers(bundle, base, context);
      await rebuilt.close();
      return { ...report, layersRebuilt: rebuilt.spools.size, missing: [] };
    } finally {
      await base.close();
    }
  });
}

/** Opens a bundle of ours or of the original tool, checks it, and hands it to `work`; one of ours with its bytes. */
async function withBundle<T>(
  request: LoadRequest,
  work: (bundle: Bundle, bytes?: Bytes) => Promise<T>,
): Promise<T> {
  const { context, standardInput = process.stdin } = request;
  const file = await openBundleFile(request.bundle, context.tempDir, standardInput);
  try {
    if (!isLegacyArchive(file.bytes)) return await work(await readBundle(file, context), file.bytes);
    const legacy = await openLegacyArchive(file.bytes, context.tempDir);
    try {
      return await work(legacy.bundle);
    } finally {
      legacy.close();
    }
  } finally {
    file.close();
  }
}

/** Gathers the base's layers: from the named bases, then from what the places hold. Throws `BASE_MISSING`. */
async function findBase(
  bundle: Bundle,
  base: BaseLayers,
  bases: string[],
  places: Place[],
  context: PlaceContext,
): Promise<void> {
  const needed = neededLayers(bundle);
  for (const name of bases) {
    const place = await openPlace(name, context);
    await base.addOwned(await place.source(), needed);
  }
  let unlisted: unknown;
  for (const place of places) {
    if (base.missing(needed).length === 0) break;
    try {
      await base.addFrom(await place.inventory(), needed);
    } catch (error) {
      // A layout or archive that is only now to be made holds nothing yet: what is missing is said below.
      if (!isDdiffError(error)) throw error;
      unlisted = error;
    }
  }
  for (const place of places) {
    if (base.missing(needed).length > 0) await addNamesakes(bundle, base, place, needed, context);
  }
  const missing = base.missing(needed);
  if (missing.length === 0) return;
  const label = places[0]?.label ?? "the bases that were named";
  throw baseMissing(bundle, missing, needed, label, unlisted);
}

/** A registry cannot be listed: it is asked for the base by the names that the bundle gives. */
async function addNamesakes(
  bundle: Bundle,
  base: BaseLayers,
  place: Place,
  needed: ReadonlySet<Digest>,
  context: PlaceContext,
): Promise<void> {
  if (place.transport !== "docker") return;
  const { domain } = parseReference(place.label.replace(/^docker:\/\//, ""));
  for (const name of namesInRegistry(bundle)) {
    if (base.missing(needed).length === 0) return;
    try {
      const source = await (await openPlace(`docker://${domain}/${name}`, context)).source();
      await base.addOwned(source, needed);
    } catch (error) {
      // A base that goes by another name in this registry is no failure yet: BASE_MISSING says what to do.
      if (!isDdiffError(error)) throw error;
    }
  }
}

/** The place that one target goes to: `to` as it is where it names an image, else `to` with the target's own name. */
async function placeForTarget(
  to: string | undefined,
  name: string | undefined,
  digest: Digest,
  context: PlaceContext,
): Promise<Place> {
  const image = name ?? digest.slice(7, 19);
  if (to === undefined) return openPlace(image, context);
  if (to.endsWith(":") || to.endsWith("/")) return openPlace(to + image, context);
  const path = /^(?:oci|oci-archive|docker-archive):[^:]*$/.test(to);
  return openPlace(path ? `${to}:${image}` : to, context);
}

/** Two images under one name would leave only the second. Throws `PLACE_INVALID`. */
function refuseSamePlace(places: readonly Place[]): void {
  const labels = places.map((place) => place.label);
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice === undefined) return;
  throw new DdiffError(
    "PLACE_INVALID",
    `the bundle brings ${places.length} images, which cannot all be ${twice}`,
    {
      hint: "Give --to a place without an image's name: each image then gets its own.",
      exitStatus: 2,
    },
  );
}
