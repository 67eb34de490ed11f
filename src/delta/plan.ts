import type { Wanted } from "./base-reader.ts";
import { type EarlierFile, Kin } from "./kin.ts";
import type { BaseIndex, BaseRef } from "./match.ts";
import { type Bytes, part } from "../util/random-bytes.ts";
import type { Recipe, RecipeEntry } from "./recipe.ts";

/** Data that stood earlier in the bundle: in which of its layers, at which byte of the uncompressed tar. */
export interface EarlierCopy {
  layer: number;
  offset: number;
}

/** How one entry of a target layer will be written. */
export interface PlannedEntry {
  entry: RecipeEntry;
  /** The base entry whose headers are the prediction. */
  partner: BaseRef | undefined;
  data:
    | { how: "empty" }
    | { how: "literal" }
    | { how: "same"; from: BaseRef }
    | { how: "patch"; from: BaseRef }
    | { how: "copy"; from: EarlierCopy }
    | { how: "copyPatch"; from: EarlierFile };
}

/** Files below this are cheaper as new bytes than as a patch. */
const smallestPatched = 48;

/** Decides for every entry of a bundle's layers where its bytes come from, and collects what that needs of the base. */
export class Planner {
  readonly #index: BaseIndex;
  readonly #earlier = new Map<string, EarlierCopy>();
  readonly #kin = new Kin();
  /** By base layer number: the entries to bring within reach for encoding. */
  readonly wanted = new Map<number, Wanted>();

  constructor(index: BaseIndex) {
    this.#index = index;
  }

  /** Plans layer number `layer` of the bundle, whose uncompressed bytes are `tar`; layers are planned in bundle order. */
  async plan(recipe: Recipe, layer: number, tar: Bytes): Promise<PlannedEntry[]> {
    const planned: PlannedEntry[] = [];
    for (const entry of recipe.entries) {
      const partner = this.#index.samePath(entry.path);
      if (partner !== undefined) this.#want(partner, false);
      const data = await this.#data(entry, layer, tar);
      if (data.how === "patch") this.#want(data.from, true);
      if (data.how === "literal" || data.how === "patch" || data.how === "copyPatch")
        this.#remember(entry, layer);
      planned.push({ entry, partner, data });
    }
    return planned;
  }

  async #data(entry: RecipeEntry, layer: number, tar: Bytes): Promise<PlannedEntry["data"]> {
    if (entry.size === 0) return { how: "empty" };
    const same = this.#index.sameContent(entry);
    if (same !== undefined) return { how: "same", from: same };
    const copy = this.#earlier.get(entry.hash);
    if (copy !== undefined) return { how: "copy", from: copy };
    const similar = entry.size < smallestPatched ? undefined : this.#index.similar(entry);
    if (similar !== undefined) return { how: "patch", from: similar };
    const file = { layer, offset: entry.headerOffset + entry.headerLength, length: entry.size };
    const kin = await this.#kin.findAndAdd(file, part(tar, file.offset, file.length));
    return kin === undefined ? { how: "literal" } : { how: "copyPatch", from: kin };
  }

  #remember(entry: RecipeEntry, layer: number): void {
    this.#earlier.set(entry.hash, { layer, offset: entry.headerOffset + entry.headerLength });
  }

  #want(ref: BaseRef, body: boolean): void {
    let wanted = this.wanted.get(ref.layer);
    if (wanted === undefined) {
      wanted = new Map();
      this.wanted.set(ref.layer, wanted);
    }
    wanted.set(ref.index, body || wanted.get(ref.index) === true);
  }
}
