/** Room for the bits of one block and more; a block has at most 65,536 tokens of 48 bits. */
const capacity = 1 << 19;
/** What is worth being handed out. */
const worthwhile = 1 << 14;

/**
 * Bits on their way out, the first one lowest (RFC 1951, 3.1.1). They are gathered in words of 32 bits, which lie in memory as bytes do in the
 * stream, for the machines that ddiff runs on are little-endian. Tight loops take `word`, `filled` and `at` into variables and put them back.
 */
export class BitOutput {
  /** What is full. */
  readonly words = new Int32Array(capacity / 4);
  /** Where the next full word goes. */
  at = 0;
  /** The bits of the word that is not full, zeros above them. */
  word = 0;
  /** How many bits that are, below 32. */
  filled = 0;
  private readonly bytes = new Uint8Array(this.words.buffer);
  private readonly emit: (bytes: Uint8Array) => void;

  constructor(emit: (bytes: Uint8Array) => void) {
    this.emit = emit;
  }

  /** Makes room for so many bytes, at most 500,000. To be called before bits are put, once for many. */
  reserve(bytes: number): void {
    if (4 * this.at < worthwhile && 4 * this.at + bytes + 8 <= capacity) return;
    this.emit(this.bytes.subarray(0, 4 * this.at));
    this.at = 0;
  }

  /** Puts the low `count` bits, at most 31, of a value that has no others. */
  put(value: number, count: number): void {
    this.word |= value << this.filled;
    this.filled += count;
    if (this.filled < 32) return;
    this.words[this.at++] = this.word;
    this.filled -= 32;
    this.word = value >>> (count - this.filled);
  }

  /** Fills up the byte that was begun with zeros. */
  align(): void {
    if ((this.filled & 7) !== 0) this.put(0, 8 - (this.filled & 7));
  }

  /** Puts whole bytes, after `align`, for which room was made. */
  putBytes(source: Uint8Array, start: number, end: number): void {
    const to = 4 * this.at + (this.filled >>> 3);
    this.words[this.at] = this.word;
    this.bytes.set(source.subarray(start, end), to);
    const next = to + end - start;
    this.at = next >>> 2;
    this.filled = (next & 3) << 3;
    this.word = this.words[this.at]! & ((1 << this.filled) - 1);
  }

  /** Hands out all there is, after `align`. */
  flush(): void {
    this.words[this.at] = this.word;
    const size = 4 * this.at + (this.filled >>> 3);
    if (size > 0) this.emit(this.bytes.subarray(0, size));
    this.at = 0;
    this.word = 0;
    this.filled = 0;
  }
}
