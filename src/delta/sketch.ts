/** How many values make a sketch. */
const sketchSize = 8;
/** Only the first mebibyte is sampled: enough to recognise a renamed file, and cheap at any size. */
const sampledBytes = 1 << 20;
/** Files below this are not worth a patch against an unknown partner. */
const smallestSketched = 4096;

/** A fixed random number for each byte, for rolling hashes: `hash = (hash << 1) + gear[byte]` sees the last 32 bytes. */
export const gear = makeGear();

/**
 * Fingerprints content so that similar files share values wherever their common parts stand: a rolling (gear) hash
 * picks about one position in 512, and the smallest hashes there are kept (min-hashing, Broder 1997).
 */
export class SketchBuilder {
  #hash = 0;
  #seen = 0;
  #values: number[] = [];

  /** The next bytes of the content. */
  add(bytes: Uint8Array): void {
    const end = Math.min(bytes.length, sampledBytes - this.#seen);
    let hash = this.#hash;
    for (let i = 0; i < end; i++) {
      hash = ((hash << 1) + (gear[bytes[i] as number] as number)) | 0;
      if ((hash & 0xff800000) === 0) this.#keep(Math.imul(hash, 0x9e3779b1) >>> 0);
    }
    this.#hash = hash;
    this.#seen += bytes.length;
  }

  /** The values, ascending; empty for content too short to compare. */
  finish(): number[] {
    return this.#seen < smallestSketched ? [] : this.#values;
  }

  #keep(value: number): void {
    const values = this.#values;
    if (values.length === sketchSize && value >= (values[sketchSize - 1] as number)) return;
    if (values.includes(value)) return;
    values.push(value);
    values.sort((a, b) => a - b);
    if (values.length > sketchSize) values.pop();
  }
}

/** How alike two sketches are: the share of equal values, 0 to 1. */
export function likeness(a: number[], b: number[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  const values = new Set(b);
  let equal = 0;
  for (const value of a) if (values.has(value)) equal++;
  return equal / Math.max(a.length, b.length);
}

/** 256 fixed random numbers (xorshift, so that every machine has the same). */
function makeGear(): Int32Array {
  const table = new Int32Array(256);
  let state = 0x2545f491;
  for (let i = 0; i < 256; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    table[i] = state;
  }
  return table;
}
