/** Bytes in a window: shorter ones find more accidental matches than true ones (measured on native libraries). */
export const windowLength = 24;

const multiplier = 0x2c1b3c6d | 1;
const spread = 0x9e3779b1 | 0;
/** `multiplier ** windowLength`, to take out the byte that leaves a window. */
const leaving = power(multiplier, windowLength);

/** Where windows of a base stand: an open table of 32-bit slots, the position in the low bits, a tag of the hash above. */
export interface WindowIndex {
  readonly table: Int32Array;
  /** `(hash * spread) >>> shift` is the slot. */
  readonly shift: number;
  readonly positionBits: number;
  /** Every how many bytes a window was entered. */
  readonly step: number;
}

export const hashing = { multiplier, spread, leaving } as const;

/** The hash of the window at `at`. */
export function hashWindow(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let i = at; i < at + windowLength; i++) hash = (Math.imul(hash, multiplier) + bytes[i]!) | 0;
  return hash;
}

/**
 * Enters a window every `step` bytes of `base`; the first position of a content keeps its slot, so that repetitive
 * data costs nothing. `table` is cleared and must have 2^k slots.
 */
export function buildIndex(base: Uint8Array, step: number, table: Int32Array): WindowIndex {
  table.fill(0);
  const shift = Math.clz32(table.length) + 1;
  const positionBits = 32 - Math.clz32(Math.floor(base.length / step) + 1);
  const end = base.length - windowLength;
  if (end >= 0) {
    let hash = hashWindow(base, 0);
    let until = 0;
    let entry = 1;
    for (let at = 0; ; at++) {
      if (at === until) {
        const slot = Math.imul(hash, spread) >>> shift;
        if (table[slot] === 0) table[slot] = (hash << positionBits) | entry;
        entry++;
        until += step;
      }
      if (at === end) break;
      hash = (Math.imul(hash, multiplier) + base[at + windowLength]! - Math.imul(base[at]!, leaving)) | 0;
    }
  }
  return { table, shift, positionBits, step };
}

function power(value: number, exponent: number): number {
  let product = 1;
  for (let i = 0; i < exponent; i++) product = Math.imul(product, value);
  return product;
}
