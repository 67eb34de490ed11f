import { Readable } from "node:stream";
import { BaseReader, type Wanted } from "../base-reader.ts";
import { decodeLayer, needsOf } from "../layer-decode.ts";
import { encodeLayer } from "../layer-encode.ts";
import { type LayerPatchFile, openLayerPatch } from "../layer-patch-file.ts";
import { PieceWriter } from "../piece-writer.ts";
import { BaseIndex } from "../match.ts";
import { Aligner, type Effort } from "../patch/align.ts";
import { bufferBytes } from "../../util/random-bytes.ts";
import { type PlannedEntry, Planner } from "../plan.ts";
import { scanLayer } from "../recipe.ts";
import { Spool } from "../../util/spool.ts";

/** How patches are made. `segmentBytes` as in `LayerToEncode`. */
export interface PatchOptions {
  effort: Effort;
  tempDir: string;
  segmentBytes?: number;
}

const breathe = async (): Promise<void> => {};

/** The patches of target layers against base layers, all in memory. */
export async function makePatches(
  bases: Buffer[],
  targets: Buffer[],
  options: PatchOptions,
): Promise<Buffer[]> {
  const { tempDir } = options;
  const baseRecipes = await Promise.all(bases.map((tar) => scanLayer(async () => streamOfPieces(tar))));
  const recipes = await Promise.all(targets.map((tar) => scanLayer(async () => streamOfPieces(tar))));
  const planner = new Planner(new BaseIndex(baseRecipes));
  const aligner = new Aligner(options.effort);
  const plans: PlannedEntry[][] = [];
  for (const [number, recipe] of recipes.entries()) {
    plans.push(await planner.plan(recipe, number, bufferBytes(targets[number] ?? Buffer.alloc(0))));
  }
  const base = new BaseReader(tempDir);
  try {
    await fetchAll(base, bases, planner.wanted);
    const patches: Buffer[] = [];
    for (const [number, recipe] of recipes.entries()) {
      const out = new Spool(tempDir);
      try {
        await encodeLayer(
          {
            number,
            recipe,
            entries: plans[number] ?? [],
            tar: bufferBytes(targets[number] ?? Buffer.alloc(0)),
            base,
            aligner,
            earlier: (from) => bufferBytes(targets[from] ?? Buffer.alloc(0)),
            advance: () => {},
            breathe,
            ...options,
          },
          out,
        );
        patches.push(Buffer.from(out.bytes(0, out.length).read(0, out.length)));
      } finally {
        out.close();
      }
    }
    return patches;
  } finally {
    base.close();
  }
}

/** What patches make of the base layers. `sizes` are those of the target layers. */
export async function applyPatches(
  bases: Buffer[],
  patches: Buffer[],
  sizes: number[],
  tempDir: string,
): Promise<Buffer[]> {
  const opened = patches.map(
    (patch, i): LayerPatchFile => openLayerPatch(bufferBytes(patch), sizes[i] ?? 0, `patch ${i}`),
  );
  const wanted = new Map<number, Wanted>();
  for (const [i, patch] of opened.entries()) {
    for (const [number, entries] of (await needsOf(patch, sizes[i] ?? 0, `patch ${i}`, breathe)).wanted) {
      const all = wanted.get(number) ?? new Map<number, boolean>();
      for (const [entry, body] of entries) all.set(entry, body || all.get(entry) === true);
      wanted.set(number, all);
    }
  }
  const base = new BaseReader(tempDir);
  const layers: Buffer[] = [];
  try {
    await fetchAll(base, bases, wanted);
    for (const [number, patch] of opened.entries()) {
      const made = Buffer.alloc(sizes[number] ?? 0);
      let length = 0;
      const out = new PieceWriter(
        (bytes) => {
          made.set(bytes, length);
          length += bytes.length;
          return undefined;
        },
        { lends: true },
      );
      await decodeLayer({
        number,
        patch,
        size: made.length,
        what: `patch ${number}`,
        base,
        earlier: (layer, offset, count) =>
          bufferBytes(
            (layer === number ? made : (layers[layer] ?? Buffer.alloc(0))).subarray(offset, offset + count),
          ),
        out,
        breathe,
      });
      layers.push(made);
    }
    return layers;
  } finally {
    base.close();
  }
}

async function fetchAll(reader: BaseReader, bases: Buffer[], wanted: Map<number, Wanted>): Promise<void> {
  for (const [number, entries] of wanted) {
    const tar = bases[number] ?? Buffer.alloc(0);
    await reader.fetch(number, streamOfPieces(tar), entries);
  }
}

/** A stream whose pieces end in the middle of blocks. */
export function streamOfPieces(bytes: Buffer, piece = 10_007): Readable {
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  }
  return Readable.from(pieces(), { objectMode: false });
}
