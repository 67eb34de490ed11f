const mostSymbols = 256;
/** Codes have so many bits at the most. */
export const longestCode = 11;
/** Counts of nodes that are not there: of those to come, and of the one before the first. */
const toCome = 2 ** 30;
const none = 2 ** 31;

/** A prefix code for bytes (RFC 8878, 4.2). */
export class HuffmanCode {
  /** Bits of each symbol's code; 0 where it has none. */
  readonly lengths = new Uint8Array(mostSymbols);
  readonly codes = new Uint16Array(mostSymbols);
  /** Symbols up to the last that the code was made for; none where it is not to be used again. */
  symbols = 0;
  /** The longest length. */
  longest = 0;
  /** Counts and symbols of those that come, the most frequent last. */
  private readonly sorted = new Uint32Array(mostSymbols);
  // Nodes stand one place further than their numbers: before the first is one that is never taken.
  private readonly counts = new Float64Array(2 * mostSymbols + 1);
  private readonly parents = new Int32Array(2 * mostSymbols + 1);
  private readonly depths = new Uint8Array(2 * mostSymbols + 1);
  /** The last node of each depth, counted from the longest. */
  private readonly lastOf = new Int32Array(longestCode + 2);

  /** Makes the code for counts of which more than one is above 0. `most` is the longest length that it may have. */
  fit(counts: Uint32Array, symbols: number, most: number): void {
    const present = this.sort(counts, symbols);
    this.grow(present, symbols);
    this.longest = this.limit(present - 1, most);
    this.assign(present, symbols);
  }

  /** Whether every symbol that comes has a code. */
  covers(counts: Uint32Array): boolean {
    for (let i = 0; i < mostSymbols; i++)
      if (counts[i] !== 0 && (i >= this.symbols || this.lengths[i] === 0)) return false;
    return true;
  }

  /** How many bytes symbols take that come so often. */
  size(counts: Uint32Array, symbols: number): number {
    let bits = 7;
    for (let i = 0; i < symbols; i++) bits += this.lengths[i]! * counts[i]!;
    return bits >>> 3;
  }

  /** Puts the symbols that come into nodes, the most frequent first, of the same frequency the lower first; returns how many. */
  private sort(counts: Uint32Array, symbols: number): number {
    const { sorted } = this;
    let present = 0;
    for (let i = 0; i < symbols; i++)
      if (counts[i] !== 0) sorted[present++] = counts[i]! * mostSymbols + (mostSymbols - 1 - i);
    sorted.subarray(0, present).sort();
    for (let i = 0; i < present; i++) this.counts[i + 1] = sorted[present - 1 - i]! >>> 8;
    return present;
  }

  /** Joins the two least frequent until one is left, and counts how deep each symbol then stands. */
  private grow(present: number, symbols: number): void {
    const { counts, parents, depths } = this;
    const root = symbols + present - 2;
    counts[0] = none;
    counts.fill(toCome, symbols + 1, root + 2);
    let leaf = present - 1;
    let node = symbols;
    for (let next = symbols; next <= root; next++) {
      const one = counts[leaf + 1]! < counts[node + 1]! ? leaf-- : node++;
      const other = counts[leaf + 1]! < counts[node + 1]! ? leaf-- : node++;
      counts[next + 1] = counts[one + 1]! + counts[other + 1]!;
      parents[one + 1] = next;
      parents[other + 1] = next;
    }
    depths[root + 1] = 0;
    for (let i = root - 1; i >= symbols; i--) depths[i + 1] = depths[parents[i + 1]! + 1]! + 1;
    for (let i = 0; i < present; i++) depths[i + 1] = depths[parents[i + 1]! + 1]! + 1;
  }

  /** Makes no symbol deeper than `most`, and the others as much deeper as that takes. Returns the greatest depth. */
  private limit(last: number, most: number): number {
    const { depths } = this;
    const deepest = depths[last + 1]!;
    if (deepest <= most) return deepest;
    let debt = 0;
    let n = last;
    for (; depths[n + 1]! > most; n--) {
      debt += (1 << (deepest - most)) - (1 << (deepest - depths[n + 1]!));
      depths[n + 1] = most;
    }
    while (depths[n + 1] === most) n--;
    this.findLast(n, most);
    const overpaid = this.deepen(debt >> (deepest - most), most);
    this.raise(overpaid, n, most);
    return most;
  }

  private findLast(from: number, most: number): void {
    const { depths, lastOf } = this;
    lastOf.fill(-1);
    let depth = most;
    for (let i = from; i >= 0; i--) {
      if (depths[i + 1]! >= depth) continue;
      depth = depths[i + 1]!;
      lastOf[most - depth] = i;
    }
  }

  /** Pays with symbols of less depth, the cheapest first. Returns what was paid too much. */
  private deepen(debt: number, most: number): number {
    const { counts, depths, lastOf } = this;
    let left = debt;
    while (left > 0) {
      let by = 32 - Math.clz32(left);
      for (; by > 1; by--) {
        const high = lastOf[by]!;
        const low = lastOf[by - 1]!;
        if (high < 0) continue;
        if (low < 0 || counts[high + 1]! <= 2 * counts[low + 1]!) break;
      }
      while (by <= longestCode && lastOf[by]! < 0) by++;
      left -= 1 << (by - 1);
      const taken = lastOf[by]!;
      if (lastOf[by - 1]! < 0) lastOf[by - 1] = taken;
      depths[taken + 1]!++;
      lastOf[by] = taken > 0 && depths[taken] === most - by ? taken - 1 : -1;
    }
    return -left;
  }

  private raise(overpaid: number, from: number, most: number): void {
    const { depths, lastOf } = this;
    let n = from;
    for (let left = overpaid; left > 0; left--) {
      if (lastOf[1]! < 0) {
        while (depths[n + 1] === most) n--;
        lastOf[1] = n;
      }
      depths[lastOf[1]! + 2]!--;
      lastOf[1]!++;
    }
  }

  private assign(present: number, symbols: number): void {
    const { lengths, codes, sorted, depths, longest } = this;
    const first = new Uint16Array(longestCode + 1);
    lengths.fill(0);
    for (let i = 0; i < present; i++) {
      const depth = depths[i + 1]!;
      lengths[mostSymbols - 1 - (sorted[present - 1 - i]! & 255)] = depth;
      first[depth]!++;
    }
    let next = 0;
    for (let length = longest; length > 0; length--) {
      const here = first[length]!;
      first[length] = next;
      next = (next + here) >> 1;
    }
    for (let i = 0; i < symbols; i++) codes[i] = first[lengths[i]!]!++;
    this.symbols = symbols;
  }
}
