import { type Digest, hexOf } from "../oci/digest.ts";

/**
 * A set of digests for many millions of them: it keeps 64 bits of each, 16 bytes with the free slots. Two digests that begin alike are
 * one to it, which makes a collection keep a blob too many, once in 2^64 pairs, and never take one.
 */
export interface DigestSet {
  readonly size: number;
  has(digest: Digest): boolean;
  /** Whether it was not there before. */
  add(digest: Digest): boolean;
}

const firstSlots = 1024;

/** An empty set. */
export function makeDigestSet(): DigestSet {
  /** Pairs of words; a free slot is a pair of zeros. */
  let words = new Uint32Array(firstSlots * 2);
  let size = 0;

  /** Where the pair is or would be: the digest's own bits are as good as a hash of them. */
  function slotOf(high: number, low: number): number {
    const mask = words.length / 2 - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const [a, b] = [words[slot * 2], words[slot * 2 + 1]];
      if ((a === high && b === low) || (a === 0 && b === 0)) return slot;
    }
  }

  function put(high: number, low: number): boolean {
    const slot = slotOf(high, low);
    if (words[slot * 2] !== 0 || words[slot * 2 + 1] !== 0) return false;
    words[slot * 2] = high;
    words[slot * 2 + 1] = low;
    return true;
  }

  function grow(): void {
    const old = words;
    words = new Uint32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      const [high, low] = [old[i] as number, old[i + 1] as number];
      if (high !== 0 || low !== 0) put(high, low);
    }
  }

  return {
    get size() {
      return size;
    },
    has(digest) {
      const [high, low] = wordsOf(digest);
      const slot = slotOf(high, low);
      return words[slot * 2] === high && words[slot * 2 + 1] === low;
    },
    add(digest) {
      const [high, low] = wordsOf(digest);
      if (!put(high, low)) return false;
      size++;
      if (size * 3 > words.length) grow();
      return true;
    },
  };
}

/** The first 64 bits; all zeros would look like a free slot. */
function wordsOf(digest: Digest): [high: number, low: number] {
  const hex = hexOf(digest);
  const high = Number.parseInt(hex.slice(0, 8), 16);
  const low = Number.parseInt(hex.slice(8, 16), 16);
  return high === 0 && low === 0 ? [1, 0] : [high, low];
}
