const windowSize = 64;
/** Is added to each byte, so that zeros count. */
const byteOffset = 31;
/** A border is where so many low bits of the sum of sums are set: at one of 65,536 bytes. */
const borderBits = 0xffff;

/** The rolling checksum of bup over the last 64 bytes: a sum of bytes, and a sum of these sums. */
export class RollingSum {
  readonly #window = new Uint8Array(windowSize);
  #at = 0;
  #sum = windowSize * byteOffset;
  #sums = windowSize * (windowSize - 1) * byteOffset;

  /** Takes a byte in; returns whether a border is behind it. */
  roll(byte: number): boolean {
    const old = this.#window[this.#at]!;
    this.#window[this.#at] = byte;
    this.#at = (this.#at + 1) % windowSize;
    this.#sum = (this.#sum + byte - old) | 0;
    this.#sums = (this.#sums + this.#sum - windowSize * (old + byteOffset)) | 0;
    return (this.#sums & borderBits) === borderBits;
  }

  /** Takes so many zeros in; once the window is full of them nothing changes any more. */
  rollZeros(count: number): void {
    for (let i = Math.min(count, windowSize); i > 0; i--) this.roll(0);
  }
}
