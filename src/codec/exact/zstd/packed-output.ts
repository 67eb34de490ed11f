/** More than any block comes to, even one whose packed form is too large to be kept. */
const capacity = 1 << 19;

/** The bytes of a block on their way out, and bits among them, the first one lowest (RFC 8878, 4). */
export class PackedOutput {
  readonly bytes = new Uint8Array(capacity);
  at = 0;
  private word = 0;
  private filled = 0;

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** The low `size` bytes of a number, at most 6, the lowest first. */
  number(value: number, size: number): void {
    let rest = value;
    for (let i = 0; i < size; i++) {
      this.bytes[this.at++] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }

  copy(source: Uint8Array, start: number, end: number): void {
    this.bytes.set(source.subarray(start, end), this.at);
    this.at += end - start;
  }

  /** Puts the low `count` bits, at most 16, of a value; others are not looked at. */
  bits(value: number, count: number): void {
    const word = this.word | ((value & ((1 << count) - 1)) << this.filled);
    const filled = this.filled + count;
    if (filled < 16) {
      this.word = word;
      this.filled = filled;
      return;
    }
    const { at, bytes } = this;
    bytes[at] = word;
    bytes[at + 1] = word >>> 8;
    this.at = at + 2;
    this.word = word >>> 16;
    this.filled = filled - 16;
  }

  /** Ends bits that are read from their end: with a one, and zeros up to the next byte. */
  endBits(): void {
    this.bits(1, 1);
    this.fillByte();
  }

  /** Fills up the byte that was begun with zeros. */
  fillByte(): void {
    for (; this.filled > 0; this.filled -= 8) {
      this.bytes[this.at++] = this.word;
      this.word >>>= 8;
    }
    this.word = 0;
    this.filled = 0;
  }
}
