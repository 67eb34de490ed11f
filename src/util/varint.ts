import { DdiffError } from "./errors.ts";

/** A growing run of bytes that numbers and bytes are appended to: one raw column of a patch. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Appends one byte. */
  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /** Appends a non-negative safe integer, 7 bits a byte, low bits first (LEB128). */
  unsigned(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  /** Appends a safe integer of either sign, zigzag coded: 0, -1, 1, -2 … are 0, 1, 2, 3 …. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Appends bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The bytes so far; the writer starts again empty. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafe(256);
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + more));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** Reads what `ByteWriter` wrote. Every method throws `BUNDLE_INVALID` where the bytes end early or a number is out of range. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #position = 0;

  /** `what` names the bytes in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  byte(): number {
    const value = this.#bytes[this.#position];
    if (value === undefined) throw this.#invalid("ends early");
    this.#position++;
    return value;
  }

  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw this.#invalid("holds a number that is too large");
      if (byte < 0x80) return value;
      scale *= 0x80;
      if (scale > 2 ** 53) throw this.#invalid("holds a number that is too large");
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The next `length` bytes, not copied. */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw this.#invalid("ends early");
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  /** Throws unless every byte has been read. */
  end(): void {
    if (this.remaining > 0) throw this.#invalid("has bytes left over");
  }

  #invalid(problem: string): DdiffError {
    return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${this.#what} ${problem}`);
  }
}
