/** Large enough that a piece costs little beside its bytes, small enough to stay in a processor's cache until it is hashed. */
const pieceSize = 256 << 10;

/** Gathers what is made of a layer, mostly small, into pieces of 256 KiB. */
export class PieceWriter {
  readonly #give: (piece: Buffer) => Promise<void> | undefined;
  readonly #lends: boolean;
  #piece = Buffer.allocUnsafe(pieceSize);
  #used = 0;

  /**
   * `give` gets each piece, and answers a promise where the writer must wait before it goes on. With `lends` one memory serves
   * for all pieces: each is good only until `give` is done with it.
   */
  constructor(give: (piece: Buffer) => Promise<void> | undefined, options: { lends: boolean }) {
    this.#give = give;
    this.#lends = options.lends;
  }

  /** Where the next bytes belong, at least one: who can fetch them right into it does so, and says `took`. */
  room(): Buffer {
    return this.#piece.subarray(this.#used);
  }

  /** The first `length` bytes of `room` have been filled. A promise must be waited for before anything else is written. */
  took(length: number): Promise<void> | undefined {
    this.#used += length;
    return this.#used === pieceSize ? this.flush() : undefined;
  }

  /** Takes a copy of `bytes`. A promise must be waited for before anything else is written. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (bytes.length >= pieceSize - this.#used) return this.#writeLong(bytes);
    this.#piece.set(bytes, this.#used);
    this.#used += bytes.length;
    return undefined;
  }

  async #writeLong(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const some = bytes.subarray(at, at + pieceSize - this.#used);
      this.#piece.set(some, this.#used);
      at += some.length;
      await this.took(some.length);
    }
  }

  /** Gives on what has been gathered. A promise must be waited for before anything else is written. */
  flush(): Promise<void> | undefined {
    if (this.#used === 0) return undefined;
    const piece = this.#piece.subarray(0, this.#used);
    this.#used = 0;
    if (!this.#lends) this.#piece = Buffer.allocUnsafe(pieceSize);
    return this.#give(piece);
  }
}
