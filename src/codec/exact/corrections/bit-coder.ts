/** Probabilities are of 22 bits, so that what is nearly always right costs next to nothing; of them 16 are used. */
const probabilityBits = 22;
const even = 1 << (probabilityBits - 1);
const adaptation = 5;

/** How likely zeros are, for each of a number of contexts. */
export type Contexts = Int32Array;

/** Contexts in which zeros and ones are as likely. */
export function contexts(count: number): Contexts {
  return new Int32Array(count).fill(even);
}

/**
 * Writes or reads bits, each by how likely it is in its context: who writes gives the bit and gets it back, who reads gives anything and gets
 * the bit that was written. So one description of what is coded serves both ways.
 */
export interface BitCoder {
  bit(contexts: Contexts, index: number, bit: number): number;
}

/** The part of a range below 2^32 that belongs to zeros. */
function split(range: number, likely: number): number {
  const part = likely >>> (probabilityBits - 16);
  return (range >>> 16) * (part === 0 ? 1 : part);
}

function adapt(contexts: Contexts, index: number, bit: number): void {
  const likely = contexts[index]!;
  contexts[index] = likely + (((bit === 0 ? 1 << probabilityBits : 0) - likely) >> adaptation);
}

/** A range coder (Martin, 1979) that writes. */
export class BitEncoder implements BitCoder {
  private low = 0;
  private range = 0xffff_ffff;
  /** The byte that a carry may still change, and how many 0xff follow it. */
  private held = 0;
  private run = 0;
  private isFirst = true;
  private bytes = new Uint8Array(1 << 12);
  /** Bytes so far. */
  size = 0;

  bit(contexts: Contexts, index: number, bit: number): number {
    const zeros = split(this.range, contexts[index]!);
    if (bit === 0) this.range = zeros;
    else {
      this.low += zeros;
      this.range -= zeros;
    }
    adapt(contexts, index, bit);
    while (this.range < 1 << 24) {
      this.shift();
      this.range = (this.range << 8) >>> 0;
    }
    return bit;
  }

  /** All that was written. */
  finish(): Uint8Array {
    for (let i = 0; i < 5; i++) this.shift();
    let end = this.size;
    // Who reads takes zeros for what is missing.
    while (end > 0 && this.bytes[end - 1] === 0) end--;
    return this.bytes.subarray(0, end);
  }

  private shift(): void {
    if (this.low < 0xff00_0000 || this.low > 0xffff_ffff) {
      const carry = this.low > 0xffff_ffff ? 1 : 0;
      if (!this.isFirst) this.push(this.held + carry);
      for (; this.run > 0; this.run--) this.push(0xff + carry);
      this.isFirst = false;
      this.held = (this.low >>> 24) & 0xff;
    } else this.run++;
    this.low = (this.low & 0x00ff_ffff) * 256;
  }

  private push(byte: number): void {
    if (this.size === this.bytes.length) {
      const grown = new Uint8Array(2 * this.size);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[this.size++] = byte;
  }
}

/** Reads what `BitEncoder` wrote. Any bytes can be read; behind their end are zeros. */
export class BitDecoder implements BitCoder {
  private readonly bytes: Uint8Array;
  private at = 0;
  private range = 0xffff_ffff;
  private code = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    for (let i = 0; i < 4; i++) this.code = ((this.code << 8) | this.next()) >>> 0;
  }

  bit(contexts: Contexts, index: number): number {
    const zeros = split(this.range, contexts[index]!);
    const bit = this.code < zeros ? 0 : 1;
    if (bit === 0) this.range = zeros;
    else {
      this.code -= zeros;
      this.range -= zeros;
    }
    adapt(contexts, index, bit);
    while (this.range < 1 << 24) {
      this.code = ((this.code << 8) | this.next()) >>> 0;
      this.range = (this.range << 8) >>> 0;
    }
    return bit;
  }

  private next(): number {
    return this.at < this.bytes.length ? this.bytes[this.at++]! : 0;
  }
}

/** A value of so many bits, each in the context of those above it; takes `1 << bits` contexts from `base` on. */
export function codeValue(
  coder: BitCoder,
  contexts: Contexts,
  base: number,
  bits: number,
  value: number,
): number {
  let node = 1;
  for (let i = bits - 1; i >= 0; i--)
    node = (node << 1) | coder.bit(contexts, base + node, (value >>> i) & 1);
  return node - (1 << bits);
}

/** Contexts that `codeNumber` takes. */
export const numberContexts = 64;

/** A number from 0 to 2^24, small ones for less; takes `numberContexts` contexts from `base` on. */
export function codeNumber(coder: BitCoder, contexts: Contexts, base: number, value: number): number {
  const bits = 31 - Math.clz32(value + 1);
  let length = 0;
  while (length < 24 && coder.bit(contexts, base + length, length < bits ? 1 : 0) === 1) length++;
  let result = 1;
  for (let i = length - 1; i >= 0; i--)
    result = (result << 1) | coder.bit(contexts, base + 32 + i, ((value + 1) >>> i) & 1);
  return result - 1;
}
