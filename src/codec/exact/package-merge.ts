/** The deepest code and the largest alphabet this is asked for. */
const mostBits = 15;
const mostSymbols = 288;
const rowSize = 2 * mostSymbols;

/** Weights of the row that is made and of the row below it. */
let row = new Int32Array(rowSize);
let below = new Int32Array(rowSize);
/** Of each row: how many of its first `i` items are leaves. */
const leavesAmong = new Uint16Array((mostBits + 1) * (rowSize + 1));

/**
 * The package-merge method (Larmore and Hirschberg, 1990): the cheapest prefix code in which no symbol takes more than `maxBits`. There may be
 * several that are equally cheap; this gives the one that Go's compress/flate gives, which takes a package before a leaf of the same weight.
 *
 * `weights` are the first `size` values, at least 3, lightest first. `perLength[b]` becomes the number of symbols that take `b` bits, for `b`
 * up to the number returned, the most bits that may have been used.
 */
export function countCodeLengths(
  weights: Int32Array,
  size: number,
  maxBits: number,
  perLength: Int32Array,
): number {
  const bits = Math.min(maxBits, size - 1);
  const wanted = 2 * size - 2;
  let belowSize = 0;
  for (let level = 1; level <= bits; level++) {
    const at = level * (rowSize + 1);
    let leaf = 0;
    let pair = 0;
    let made = 0;
    leavesAmong[at] = 0;
    while (made < wanted) {
      const pairs = pair + 1 < belowSize;
      const together = pairs ? below[pair]! + below[pair + 1]! : 0;
      if (leaf < size && (!pairs || weights[leaf]! < together)) row[made++] = weights[leaf++]!;
      else if (pairs) {
        row[made++] = together;
        pair += 2;
      } else break;
      leavesAmong[at + made] = leaf;
    }
    belowSize = made;
    const spare = below;
    below = row;
    row = spare;
  }
  // A symbol takes as many bits as there are rows in which its leaf is among those that are used.
  let used = wanted;
  let leaves = leavesAmong[bits * (rowSize + 1) + used]!;
  for (let level = bits; level >= 1; level--) {
    used = 2 * (used - leaves);
    const deeper = level > 1 ? leavesAmong[(level - 1) * (rowSize + 1) + used]! : 0;
    perLength[bits - level + 1] = leaves - deeper;
    leaves = deeper;
  }
  return bits;
}
