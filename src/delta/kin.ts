import type { Bytes } from "../util/random-bytes.ts";
import { piecesOf } from "../util/random-bytes.ts";
import type { EarlierCopy } from "./plan.ts";
import { gear } from "./sketch.ts";

/** Files below this find their like in the window of the new bytes' compression, at no cost. */
const smallestKin = 1 << 19;
/** How many values describe a file. */
const printSize = 128;
/** Two files that share fewer values are strangers. */
const fewestShared = 10;

/** The bytes of a file that stands earlier in the bundle. */
export interface EarlierFile extends EarlierCopy {
  length: number;
}

/**
 * Large new files of a bundle, found again by likeness: `cc1`, `cc1plus` and `lto1` are one compiler linked three times, and
 * no base and no path tells. Unlike a `sketch`, a print is taken of the whole file: where programs differ is all over them.
 */
export class Kin {
  readonly #byValue = new Map<number, EarlierFile[]>();

  /** The most alike of the files added so far, if any is; the file itself is then added for those behind it. */
  async findAndAdd(file: EarlierFile, bytes: Bytes): Promise<EarlierFile | undefined> {
    if (file.length < smallestKin) return undefined;
    const print = await printOf(bytes);
    const shared = new Map<EarlierFile, number>();
    for (const value of print)
      for (const other of this.#byValue.get(value) ?? []) shared.set(other, (shared.get(other) ?? 0) + 1);
    for (const value of print) {
      const files = this.#byValue.get(value);
      if (files === undefined) this.#byValue.set(value, [file]);
      else files.push(file);
    }
    let best: EarlierFile | undefined;
    for (const [other, count] of shared) {
      if (count >= fewestShared && count > (best === undefined ? 0 : (shared.get(best) ?? 0))) best = other;
    }
    return best;
  }
}

/** The smallest of the rolling hashes at about one position in 1024 of the whole content, ascending. */
async function printOf(bytes: Bytes): Promise<Set<number>> {
  const values = new Set<number>();
  let hash = 0;
  for await (const piece of piecesOf(bytes)) {
    for (let i = 0; i < piece.length; i++) {
      hash = ((hash << 1) + (gear[piece[i] as number] as number)) | 0;
      if ((hash & 0xffc00000) === 0) values.add(Math.imul(hash, 0x9e3779b1) >>> 0);
    }
  }
  return new Set([...values].sort((a, b) => a - b).slice(0, printSize));
}
