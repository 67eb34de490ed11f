/** More than any block comes to, even one whose packed form is too large to be kept. */
const capacity = 1 << 19;

/** The bytes of a block on their way out, and bits among them, the first one lowest (RFC 8878, 4). */
export class PackedOutput {
  readonly bytes = new Uint8Array(capacity);
  readonly view = new DataView(this.bytes.buffer);
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

  /** Puts the low `count` bits, at most 24, of a value; others are not looked at. */
  bits(value: number, count: number): void {
    const word = this.word | ((value & ((1 << count) - 1)) << this.filled);
    const filled = this.filled + count;
    const { at } = this;
    // Whole bytes are handed on without a question, which a processor would often guess wrong; fewer than 8 bits wait.
    this.view.setInt32(at, word, true);
    this.at = at + (filled >> 3);
    this.word = word >>> (filled & 24);
    this.filled = filled & 7;
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
