import { RollingSum } from "./rolling-sum.ts";

/** So many zeros or more, one behind the other, are a chunk of their own. */
const leastHole = 1 << 10;
const zeros = Buffer.alloc(64 << 10);

/** What a file's data are cut into. */
export interface ChunkListener {
  /** The next bytes of the chunk, at least one, good only during the call. */
  chunkBytes(bytes: Uint8Array): void;
  /** The chunk is over, which may have been empty; `isHole` where it was a long run of zeros. */
  cut(isHole: boolean): void;
}

/** Cuts one file's data as zstd:chunked does: where a rolling sum says so, and around long runs of zeros. */
export class ChunkCutter {
  readonly #listener: ChunkListener;
  readonly #sum = new RollingSum();
  /** Zeros at the end of what was written; they were handed on where they are a hole. */
  #zeros = 0;

  constructor(listener: ChunkListener) {
    this.#listener = listener;
  }

  write(bytes: Uint8Array): void {
    let begun = 0;
    // Before this there is no hole.
    let looked = 0;
    for (let at = 0; at < bytes.length; ) {
      const byte = bytes[at]!;
      if (at >= looked && (byte === 0 || this.#zeros > 0)) {
        let end = at;
        while (end < bytes.length && bytes[end] === 0) end++;
        const isHole = this.#zeros + end - at >= leastHole;
        if (isHole || end === bytes.length) {
          if (at > begun) this.#listener.chunkBytes(bytes.subarray(begun, at));
          this.#addZeros(end - at);
          if (end < bytes.length) this.#endZeros();
          begun = end;
          at = end;
          continue;
        }
        this.#endZeros();
        looked = end;
      }
      at++;
      if (!this.#sum.roll(byte)) continue;
      this.#listener.chunkBytes(bytes.subarray(begun, at));
      this.#listener.cut(false);
      begun = at;
    }
    if (begun < bytes.length) this.#listener.chunkBytes(bytes.subarray(begun));
  }

  /** The file is over, and so is its last chunk, of which `cut` says nothing. */
  finish(): void {
    this.#endZeros();
  }

  #addZeros(count: number): void {
    const before = this.#zeros;
    this.#zeros += count;
    if (this.#zeros < leastHole) return;
    if (before < leastHole) {
      this.#listener.cut(false);
      this.#handOn(this.#zeros);
    } else this.#handOn(count);
  }

  #handOn(count: number): void {
    for (let left = count; left > 0; left -= zeros.length) this.#listener.chunkBytes(zeros.subarray(0, left));
  }

  /** After the zeros come other bytes, or the file's end. */
  #endZeros(): void {
    const count = this.#zeros;
    this.#zeros = 0;
    if (count >= leastHole) {
      this.#sum.rollZeros(count);
      this.#listener.cut(true);
      return;
    }
    for (let i = 0; i < count; i++) {
      this.#listener.chunkBytes(zeros.subarray(0, 1));
      if (this.#sum.roll(0)) this.#listener.cut(false);
    }
  }
}
