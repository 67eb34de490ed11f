import { countCodeLengths } from "./package-merge.ts";

/** Of a sort key the low bits are the symbol, the rest its count. */
const symbolBits = 9;
const symbolMask = (1 << symbolBits) - 1;

const keys = new Int32Array(1 << symbolBits);
const weights = new Int32Array(1 << symbolBits);
const perLength = new Int32Array(16);
const nextCode = new Int32Array(16);

/** A prefix ("Huffman") code of deflate (RFC 1951, 3.2.2). */
export class PrefixCode {
  /** How many bits a symbol takes, 0 where it has no code. */
  readonly lengths: Uint8Array;
  /** The code of a symbol, its first bit lowest, as it goes out. */
  readonly codes: Uint16Array;

  constructor(symbols: number) {
    this.lengths = new Uint8Array(symbols);
    this.codes = new Uint16Array(symbols);
  }

  /** A code of which the lengths are known. */
  static ofLengths(lengths: Uint8Array): PrefixCode {
    const code = new PrefixCode(lengths.length);
    code.assign(lengths);
    return code;
  }

  /**
   * The cheapest code for symbols that occur so often (below 2^22), with none above `maxBits`; those that never occur get none. One or two
   * symbols take a bit each.
   */
  build(counts: Int32Array, maxBits: number): void {
    const { lengths } = this;
    let used = 0;
    lengths.fill(0);
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const count = counts[symbol]!;
      if (count !== 0) keys[used++] = (count << symbolBits) | symbol;
    }
    if (used <= 2) for (let i = 0; i < used; i++) lengths[keys[i]! & symbolMask] = 1;
    else {
      keys.subarray(0, used).sort();
      for (let i = 0; i < used; i++) weights[i] = keys[i]! >>> symbolBits;
      const bits = countCodeLengths(weights, used, maxBits, perLength);
      let i = used;
      for (let length = 1; length <= bits; length++)
        for (let rest = perLength[length]!; rest > 0; rest--) lengths[keys[--i]! & symbolMask] = length;
    }
    this.giveCodes();
  }

  /** Takes over lengths; symbols without one get none. */
  assign(lengths: Uint8Array): void {
    this.lengths.fill(0);
    this.lengths.set(lengths);
    this.giveCodes();
  }

  /** The bits that so many of each symbol take, without their extra bits. Symbols without a code count nothing. */
  cost(counts: Int32Array): number {
    const { lengths } = this;
    let bits = 0;
    for (let symbol = 0; symbol < lengths.length; symbol++) bits += counts[symbol]! * lengths[symbol]!;
    return bits;
  }

  /** Gives out the codes of each length in the order of the symbols. */
  private giveCodes(): void {
    const { lengths, codes } = this;
    perLength.fill(0);
    for (const length of lengths) perLength[length]!++;
    let code = 0;
    perLength[0] = 0;
    for (let length = 1; length < 16; length++) {
      code = (code + perLength[length - 1]!) << 1;
      nextCode[length] = code;
    }
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol]!;
      if (length !== 0) codes[symbol] = reversed(nextCode[length]!++, length);
    }
  }
}

/** The low `count` bits of a value, last first. */
function reversed(value: number, count: number): number {
  let result = 0;
  for (let i = 0; i < count; i++) result |= ((value >>> i) & 1) << (count - 1 - i);
  return result;
}
