import { hash } from "node:crypto";
import { createXXHash128, type IHasher } from "hash-wasm";

/** Content up to here is named by its SHA-256, which the records of package managers have too. */
const small = 1 << 20;

/**
 * Names contents while they stream by, one after the other: the same name for the same bytes, however they are cut. Content up to a mebibyte
 * has the first half of its SHA-256; larger content its XXH3 of 128 bits, at a tenth of the cost. A name tells contents apart and vouches
 * for nothing: layers are checked against their digests.
 */
export class ContentHasher {
  readonly #large: IHasher;
  readonly #head = Buffer.allocUnsafe(small);
  #filled = 0;
  #isLarge = false;

  private constructor(large: IHasher) {
    this.#large = large;
  }

  /** A hasher for contents one after the other. */
  static async open(): Promise<ContentHasher> {
    return new ContentHasher(await createXXHash128());
  }

  /** The next bytes of the content at hand. */
  add(bytes: Buffer): void {
    if (!this.#isLarge && this.#filled + bytes.length <= small) {
      bytes.copy(this.#head, this.#filled);
      this.#filled += bytes.length;
      return;
    }
    if (!this.#isLarge) {
      this.#isLarge = true;
      this.#large.init().update(this.#head.subarray(0, this.#filled));
    }
    this.#large.update(bytes);
  }

  /** Ends the content at hand: its name, 32 digits in hex. The next content may begin. */
  finish(): string {
    const name = this.#isLarge
      ? this.#large.digest("hex")
      : hash("sha256", this.#head.subarray(0, this.#filled), "hex").slice(0, 32);
    this.#isLarge = false;
    this.#filled = 0;
    return name;
  }
}
