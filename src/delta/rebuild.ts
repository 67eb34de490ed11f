import { addAbortSignal, type Readable } from "node:stream";
import { decompressed } from "../codec/compression.ts";
import { verified } from "../codec/verify.ts";
import { compressionOfType } from "../oci/media-types.ts";
import { type Digest, Digester } from "../oci/digest.ts";
import type { PlaceContext } from "../places/place.ts";
import { makeBreath } from "../util/breath.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import type { BaseLayers } from "./base-layers.ts";
import { BaseReader, type Wanted } from "./base-reader.ts";
import { carriedLayers, type PatchedLayer, type WholeLayer } from "./bundle-config.ts";
import type { Bundle } from "./bundle-read.ts";
import { decodeLayer } from "./layer-decode.ts";
import { streamOf } from "../util/random-bytes.ts";
import { type MadeStream, madeStream } from "./made-stream.ts";
import { PieceWriter } from "./piece-writer.ts";
import { type Job, outsideBase, planRebuild } from "./rebuild-plan.ts";
import { checkRoom } from "../util/room.ts";
import { Spool } from "../util/spool.ts";

/** The patched layers of a bundle, each in one of two forms. */
export interface RebuiltLayers {
  /** Rebuilt and checked, in temporary files, by diffID. */
  spools: Map<Digest, Spool>;
  /** Rebuilt and checked while they are read, by diffID. */
  streams: Map<Digest, RebuiltStream>;
  close(): Promise<void>;
}

/** A layer that is rebuilt anew each time it is opened. */
interface RebuiltStream {
  /** Bytes. */
  size: number;
  /** Its tar. The stream fails with `BUNDLE_INVALID` where it does not come out right, after its last byte at the latest. */
  open: () => Readable;
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

/**
 * Rebuilds the patched layers of a bundle and checks each carried layer against its diffID. They go into temporary files; with
 * `late`, those that no other layer copies from are made only when they are read. Throws `BUNDLE_INVALID` where a patch lies,
 * `DISK_SPACE` before it begins where there is no room, `DISK_FULL` later.
 */
export async function rebuildLayers(
  bundle: Bundle,
  base: BaseLayers,
  context: PlaceContext,
  { late }: { late: boolean } = { late: false },
): Promise<RebuiltLayers> {
  const { wanted, jobs } = await planRebuild(bundle, late, context);
  const filed = jobs.filter(({ inFile, copies }) => inFile || copies);
  const bytes = filed.reduce((sum, { layer }) => sum + layer.size, 0);
  await checkRoom(context.tempDir, bytes, "rebuilding the layers");
  const reader = new BaseReader(context.tempDir);
  const spools = new Map<number, Spool>();
  const used = [...wanted.keys()].map((number) => bundle.config.base.layers[number] as Digest);
  const opened: MadeStream[] = [];
  const close = async (): Promise<void> => {
    for (const { stream } of opened) stream.destroy();
    for (const { ended } of opened) await ended;
    reader.close();
    for (const spool of spools.values()) spool.close();
  };
  const make = (job: Job, own: Spool | undefined, give: Give): Promise<void> =>
    explained(base, used, context, () => rebuildLayer({ ...job, own, spools, reader, give }, context));
  const rebuilt: RebuiltLayers = { spools: new Map(), streams: new Map(), close };
  try {
    await explained(base, used, context, () => fetchBase(bundle, base, { reader, wanted }, context));
    for (const layer of carriedLayers(bundle.config)) {
      if (layer.from === "blob") await checkWhole(bundle, layer, context);
    }
    for (const job of jobs) {
      const { number, layer, inFile, copies } = job;
      if (inFile) {
        const spool = new Spool(context.tempDir, { named: true });
        spools.set(number, spool);
        await makeFile(layer, context, (give) => make(job, spool, give));
        rebuilt.spools.set(layer.diffId, spool);
        continue;
      }
      const open = (): Readable => {
        const made = madeStream(async (give) => {
          const own = copies ? new Spool(context.tempDir) : undefined;
          try {
            await make(job, own, { piece: give, lends: false });
          } finally {
            own?.close();
          }
        });
        opened.push(made);
        return made.stream;
      };
      rebuilt.streams.set(layer.diffId, { size: layer.size, open });
    }
    // Files of layers need their base no more.
    if (rebuilt.streams.size === 0) reader.close();
    return rebuilt;
  } catch (error) {
    await close();
    throw error;
  }
}

/** Who takes the pieces of a layer, and whether they are only lent to it. */
interface Give {
  piece(bytes: Buffer): Promise<void> | undefined;
  lends: boolean;
}

async function fetchBase(
  bundle: Bundle,
  base: BaseLayers,
  { reader, wanted }: { reader: BaseReader; wanted: ReadonlyMap<number, Wanted> },
  context: PlaceContext,
): Promise<void> {
  for (const [number, entries] of wanted) {
    context.signal?.throwIfAborted();
    const diffId = bundle.config.base.layers[number] as Digest;
    const unpacked = await base.openUnpacked(diffId);
    if (unpacked === undefined) await reader.fetch(number, await openBase(base, diffId, context), entries);
    else await reader.fetchUnpacked(number, unpacked, entries);
  }
}

/** A base layer's tar, which is read no further once it is to be given up. */
async function openBase(base: BaseLayers, diffId: Digest, { signal }: PlaceContext): Promise<Readable> {
  const tar = await base.open(diffId);
  return signal === undefined ? tar : addAbortSignal(signal, tar);
}

/** A layer that came out right proves its base right; where `work` finds one wrong, the base may be why. */
async function explained(
  base: BaseLayers,
  used: readonly Digest[],
  context: PlaceContext,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isDdiffError(error, "BUNDLE_INVALID"))
      for (const diffId of used) await checkBase(base, diffId, context);
    throw error;
  }
}

async function makeFile(
  { diffId, size }: PatchedLayer,
  { progress }: PlaceContext,
  make: (give: Give) => Promise<void>,
): Promise<void> {
  const task = progress.task(`rebuilding layer ${diffId.slice(7, 19)}`, size);
  try {
    await make({
      piece: (bytes) => {
        task.advance(bytes.length);
        return undefined;
      },
      lends: true,
    });
  } finally {
    task.end();
  }
}

/** Throws `DIGEST_MISMATCH` or `LAYER_CHANGED` where a base layer is not what it should be. */
async function checkBase(base: BaseLayers, diffId: Digest, context: PlaceContext): Promise<void> {
  const tar = verified(await openBase(base, diffId, context), { digest: diffId }, `base layer ${diffId}`);
  for await (const _ of tar) continue;
}

interface Rebuilding extends Job {
  /** Keeps what is made of the layer, where it is in a file or copies from itself. */
  own: Spool | undefined;
  /** The layers that are in files so far, by number. */
  spools: ReadonlyMap<number, Spool>;
  reader: BaseReader;
  give: Give;
}

async function rebuildLayer(job: Rebuilding, { signal }: PlaceContext): Promise<void> {
  const { number, layer, patch, own, spools, reader, give } = job;
  const digester = new Digester();
  const breathe = makeBreath(signal);
  const out = new PieceWriter((piece) => {
    signal?.throwIfAborted();
    digester.update(piece);
    own?.append(piece);
    return give.piece(piece) ?? breathe();
  }, give);
  await decodeLayer({
    number,
    patch,
    size: layer.size,
    what: `the patch of layer ${layer.diffId}`,
    base: reader,
    earlier(from, offset, length) {
      const source = from === number ? own : layer.copies.includes(from) ? spools.get(from) : undefined;
      if (source === undefined || from > number || offset < 0 || offset + length > source.length)
        throw outsideBase(layer, from);
      return source.bytes(offset, length);
    },
    out,
    breathe,
  });
  own?.flush();
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
  const breathe = makeBreath(context.signal);
  try {
    const tar = verified(decompressed(streamOf(bundle.blob(blob)), { what }), { digest: diffId }, what);
    for await (const chunk of tar as AsyncIterable<Buffer>) {
      context.signal?.throwIfAborted();
      task.advance(chunk.length);
      await breathe();
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
