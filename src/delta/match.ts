import type { Recipe, RecipeEntry } from "./recipe.ts";
import { likeness } from "./sketch.ts";

/** An entry of a base layer: which layer (by its number in the list) and which entry in it. */
export interface BaseRef {
  layer: number;
  index: number;
  entry: RecipeEntry;
}

/** The most candidates that are compared for one file; more only cost time (think of 5,000 `__init__.py`). */
const mostCandidates = 64;
/** Two files whose sketches agree less than this are strangers. */
const leastLikeness = 0.25;

/**
 * Everything the base can give, found by content, path, name, name without version, and fingerprint.
 * Layers are searched bottom first; where two hold the same path the upper one counts, as in the mounted image.
 */
export class BaseIndex {
  readonly #byHash = new Map<string, BaseRef>();
  readonly #byPath = new Map<string, BaseRef>();
  readonly #byName = new Map<string, BaseRef[]>();
  readonly #byStem = new Map<string, BaseRef[]>();
  readonly #bySketch = new Map<number, BaseRef[]>();

  constructor(recipes: readonly Recipe[]) {
    recipes.forEach((recipe, layer) => {
      recipe.entries.forEach((entry, index) => {
        this.#add({ layer, index, entry });
      });
    });
  }

  /** The base entry that stood at this path, of any type. */
  samePath(path: string): BaseRef | undefined {
    return this.#byPath.get(path);
  }

  /** A base entry with exactly these bytes, the one at the same path where there is one. */
  sameContent(entry: RecipeEntry): BaseRef | undefined {
    const here = this.#byPath.get(entry.path);
    if (here !== undefined && here.entry.hash === entry.hash && here.entry.size === entry.size) return here;
    const found = this.#byHash.get(entry.hash);
    return found?.entry.size === entry.size ? found : undefined;
  }

  /** The base file most like this one, to patch from. */
  similar(entry: RecipeEntry): BaseRef | undefined {
    const here = this.#byPath.get(entry.path);
    if (here !== undefined && here.entry.size > 0) return here;
    const name = baseName(entry.path);
    return (
      nearest(this.#byName.get(name), entry) ??
      nearest(this.#byStem.get(stem(name)), entry) ??
      this.#mostAlike(entry)
    );
  }

  #mostAlike(entry: RecipeEntry): BaseRef | undefined {
    let best: BaseRef | undefined;
    let bestLikeness = leastLikeness;
    for (const value of entry.sketch) {
      for (const ref of this.#bySketch.get(value) ?? []) {
        const alike = likeness(entry.sketch, ref.entry.sketch);
        if (alike > bestLikeness) {
          best = ref;
          bestLikeness = alike;
        }
      }
    }
    return best;
  }

  #add(ref: BaseRef): void {
    const { entry } = ref;
    this.#byPath.set(entry.path, ref);
    if (entry.size === 0) return;
    this.#byHash.set(entry.hash, ref);
    const name = baseName(entry.path);
    pushTo(this.#byName, name, ref);
    const nameStem = stem(name);
    if (nameStem !== name) pushTo(this.#byStem, nameStem, ref);
    for (const value of entry.sketch) pushTo(this.#bySketch, value, ref);
  }
}

/** A file name without its version: `libtorch.so.2.5.1` and `libtorch.so.2.6.0` are both `libtorch.so.#`. */
function stem(name: string): string {
  return name.replace(/\d+(?:[._-]\d+)*/g, "#");
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Among files of one name: the one with the most alike content, else in the most alike folder, else of the nearest size. */
function nearest(candidates: BaseRef[] | undefined, entry: RecipeEntry): BaseRef | undefined {
  let best: BaseRef | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const ref of candidates ?? []) {
    const alike = likeness(entry.sketch, ref.entry.sketch);
    const folders = sharedFolders(ref.entry.path, entry.path);
    const score = 100 * alike + folders - Math.abs(Math.log(ref.entry.size / Math.max(1, entry.size)));
    if (score > bestScore) {
      best = ref;
      bestScore = score;
    }
  }
  return best;
}

/** How much of two paths agrees, folder by folder with versions left out, from 0 to 1. */
function sharedFolders(a: string, b: string): number {
  const one = new Set(stem(a).split("/"));
  const other = stem(b).split("/");
  return other.filter((folder) => one.has(folder)).length / Math.max(one.size, other.length);
}

function pushTo<K>(map: Map<K, BaseRef[]>, key: K, ref: BaseRef): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [ref]);
  else if (list.length < mostCandidates) list.push(ref);
}
