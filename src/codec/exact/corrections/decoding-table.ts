import type { PrefixCode } from "../prefix-code.ts";

/** Finds the symbol that bits begin with. */
export class DecodingTable {
  /** For all bits that may come: symbol << 4 plus the length of its code, or 0 where no symbol begins so. */
  readonly entries: Int32Array;
  mask = 0;

  constructor(maxBits: number) {
    this.entries = new Int32Array(1 << maxBits);
  }

  build({ lengths, codes }: PrefixCode): void {
    const size = 1 << lengths.reduce((most, length) => Math.max(most, length), 1);
    this.mask = size - 1;
    this.entries.fill(0, 0, size);
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol]!;
      if (length === 0) continue;
      for (let i = codes[symbol]!; i < size; i += 1 << length) this.entries[i] = (symbol << 4) | length;
    }
  }
}
