import { decompressed } from "../codec/compression.ts";
import { verified } from "../codec/verify.ts";
import { compressionOfType } from "../oci/media-types.ts";
import { type Digest, Digester } from "../oci/digest.ts";
import type { PlaceContext } from "../places/place.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import type { BaseLayers } from "./base-layers.ts";
import { BaseReader, type Wanted } from "./base-reader.ts";
import { carriedLayers, type PatchedLayer, type WholeLayer } from "./bundle-config.ts";
import type { Bundle } from "./bundle-read.ts";
import { decodeLayer, wantedBy } from "./layer-decode.ts";
import { type LayerPatchFile, openLayerPatch } from "./layer-patch-file.ts";
import { streamOf } from "./literals.ts";
import { checkRoom } from "./room.ts";
import { Spool } from "./spool.ts";

/** Layers rebuilt from a bundle, as temporary files. */
export interface RebuiltLayers {
  /** By diffID. */
  spools: Map<Digest, Spool>;
  close(): void;
}

/** Every base layer that the bundle's patches and targets need. */
export function neededLayers({ config }: Pick<Bundle, "config">): Set<Digest> {
  const needed = new Set<Digest>();
  for (const layer of config.layers) {
    if (layer.from === "base") needed.add(layer.diffId);
    if (layer.from === "patch")
      for (const base of layer.bases) needed.add(config.base.layers[base] as Digest);
  }
  return needed;
}

/** Opens every patch of a bundle and reads all its columns. Throws `BUNDLE_INVALID`. */
export function openPatches(bundle: Bundle): Map<PatchedLayer, LayerPatchFile> {
  const patches = new Map<PatchedLayer, LayerPatchFile>();
  for (const layer of carriedLayers(bundle.config)) {
    if (layer.from === "blob") continue;
    const what = `the patch of layer ${layer.diffId}`;
    patches.set(layer, openLayerPatch(bundle.blob(layer.patch), layer.size, what));
  }
  return patches;
}

/**
 * Rebuilds every patched layer of a bundle into temporary files and checks each carried layer against its diffID.
 * Throws `BUNDLE_INVALID` where a patch lies, `DISK_SPACE` before it begins where there is no room, `DISK_FULL` later.
 */
export async function rebuildLayers(
  bundle: Bundle,
  base: BaseLayers,
  context: PlaceContext,
): Promise<RebuiltLayers> {
  const patches = openPatches(bundle);
  const wanted = new Map<number, Wanted>();
  await checkRoom(context.tempDir, patchedBytes(bundle), "rebuilding the layers");
  for (const [layer, patch] of patches) {
    for (const [number, entries] of wantedBy(patch, layer.size, `the patch of layer ${layer.diffId}`)) {
      if (!layer.bases.includes(number)) throw outsideBase(layer, number);
      const all = wanted.get(number) ?? new Map<number, boolean>();
      for (const [entry, body] of entries) all.set(entry, body || all.get(entry) === true);
      wanted.set(number, all);
    }
  }
  const reader = new BaseReader(context.tempDir);
  const spools: Spool[] = [];
  const rebuilt = new Map<Digest, Spool>();
  const used: Digest[] = [];
  const close = (): void => {
    for (const spool of spools) spool.close();
  };
  try {
    for (const [number, entries] of wanted) {
      const diffId = bundle.config.base.layers[number] as Digest;
      used.push(diffId);
      const unpacked = await base.openUnpacked(diffId);
      if (unpacked === undefined) {
        await reader.fetch(number, await base.open(diffId), entries);
      } else {
        await reader.fetchUnpacked(number, unpacked, entries);
      }
    }
    for (const [number, layer] of carriedLayers(bundle.config).entries()) {
      const spool = new Spool(context.tempDir, { named: true });
      spools.push(spool);
      if (layer.from === "blob") {
        await checkWhole(bundle, layer, context);
        continue;
      }
      await rebuildLayer(
        { number, layer, patch: patches.get(layer) as LayerPatchFile, spools, reader },
        context,
      );
      rebuilt.set(layer.diffId, spool);
    }
    return { spools: rebuilt, close };
  } catch (error) {
    close();
    // A layer that came out right proves its base right; where one came out wrong, the base may be why.
    if (isDdiffError(error, "BUNDLE_INVALID")) for (const diffId of used) await checkBase(base, diffId);
    throw error;
  } finally {
    reader.close();
  }
}

/** Throws `DIGEST_MISMATCH` or `LAYER_CHANGED` where a base layer is not what it should be. */
async function checkBase(base: BaseLayers, diffId: Digest): Promise<void> {
  const tar = verified(await base.open(diffId), { digest: diffId }, `base layer ${diffId}`);
  for await (const _ of tar) continue;
}

interface Rebuilding {
  number: number;
  layer: PatchedLayer;
  patch: LayerPatchFile;
  /** The carried layers so far, this one last. */
  spools: Spool[];
  reader: BaseReader;
}

async function rebuildLayer(
  { number, layer, patch, spools, reader }: Rebuilding,
  context: PlaceContext,
): Promise<void> {
  const spool = spools[number] as Spool;
  const digester = new Digester();
  const task = context.progress.task(`rebuilding layer ${layer.diffId.slice(7, 19)}`, layer.size);
  try {
    await decodeLayer({
      number,
      patch,
      size: layer.size,
      what: `the patch of layer ${layer.diffId}`,
      base: reader,
      earlier(from, offset, length) {
        const source = from === number || layer.copies.includes(from) ? spools[from] : undefined;
        if (source === undefined || offset < 0 || offset + length > source.length)
          throw outsideBase(layer, from);
        return source.bytes(offset, length);
      },
      write(bytes) {
        context.signal?.throwIfAborted();
        digester.update(bytes);
        spool.append(bytes);
        task.advance(bytes.length);
      },
    });
    spool.flush();
  } finally {
    task.end();
  }
  if (digester.digest() === layer.diffId) return;
  throw new DdiffError(
    "BUNDLE_INVALID",
    `the bundle is damaged: what it makes of layer ${layer.diffId} is another layer`,
    {
      hint: "Make the bundle again with ddiff diff.",
    },
  );
}

/** A layer that is carried as a blob must be, unpacked, the one that its image names. */
async function checkWhole(
  bundle: Bundle,
  { diffId, blob }: WholeLayer,
  context: PlaceContext,
): Promise<void> {
  // What is packed in a way that we do not know (encrypted, say) travels unseen, as it does in a registry.
  if (compressionOfType(blob.mediaType) === undefined) return;
  const what = `the layer ${diffId}`;
  const task = context.progress.task(`checking layer ${diffId.slice(7, 19)}`);
  try {
    const tar = verified(decompressed(streamOf(bundle.blob(blob)), { what }), { digest: diffId }, what);
    for await (const chunk of tar as AsyncIterable<Buffer>) {
      context.signal?.throwIfAborted();
      task.advance(chunk.length);
    }
  } catch (cause) {
    if (!isDdiffError(cause)) throw cause;
    throw new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${cause.message}`, {
      hint: "Make the bundle again with ddiff diff.",
      cause,
    });
  } finally {
    task.end();
  }
}

function patchedBytes({ config }: Bundle): number {
  return config.layers.reduce((sum, layer) => sum + (layer.from === "patch" ? layer.size : 0), 0);
}

function outsideBase(layer: PatchedLayer, number: number): DdiffError {
  return new DdiffError(
    "BUNDLE_INVALID",
    `the bundle is damaged: the patch of layer ${layer.diffId} refers to layer ${number}, which it does not name`,
  );
}
