import { createHash, hash, webcrypto } from "node:crypto";

/** Content up to here is hashed as one piece; larger content by pieces of this size. */
const pieceSize = 1 << 20;
/** Pieces on their way through the other threads. */
const mostUnderWay = 8;

/**
 * Names contents while they stream by, one after the other: the same name for the same bytes, however they are cut. Content up to a mebibyte
 * has its SHA-256; larger content the SHA-256 of the SHA-256 of its pieces of a mebibyte, so that other threads can do the work.
 */
export class ContentHasher {
  #piece = Buffer.allocUnsafe(pieceSize);
  #filled = 0;
  #pieces: Promise<ArrayBuffer>[] = [];
  readonly #underWay = new Set<Promise<ArrayBuffer>>();

  /** The next bytes of the content at hand. What it answers, if anything, is to be awaited before the next call. */
  add(bytes: Buffer): Promise<unknown> | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#filled === pieceSize) this.#send();
      const some = Math.min(bytes.length - at, pieceSize - this.#filled);
      bytes.copy(this.#piece, this.#filled, at, at + some);
      this.#filled += some;
      at += some;
    }
    return this.#underWay.size < mostUnderWay ? undefined : Promise.race(this.#underWay);
  }

  /** Ends the content at hand: the first 16 bytes of its hash, in hex. The next content may begin at once. */
  finish(): string | Promise<string> {
    if (this.#pieces.length === 0) {
      const name = hash("sha256", this.#piece.subarray(0, this.#filled), "hex").slice(0, 32);
      this.#filled = 0;
      return name;
    }
    this.#send();
    const pieces = this.#pieces;
    this.#pieces = [];
    return nameOf(pieces);
  }

  #send(): void {
    // The bytes are copied before the call returns (Web Cryptography API, "digest"): the memory can be used again.
    const piece = webcrypto.subtle.digest("SHA-256", this.#piece.subarray(0, this.#filled));
    this.#filled = 0;
    this.#pieces.push(piece);
    this.#underWay.add(piece);
    void piece.finally(() => this.#underWay.delete(piece));
  }
}

async function nameOf(pieces: readonly Promise<ArrayBuffer>[]): Promise<string> {
  const whole = createHash("sha256");
  for (const piece of await Promise.all(pieces)) whole.update(new Uint8Array(piece));
  return whole.digest("hex").slice(0, 32);
}
