import { isDdiffError } from "../../util/errors.ts";
import type { DeflateEncoder, ExactEncoder } from "./encoder.ts";

/** The part of a packed stream that some trial has still to be compared with. */
export class PackedStretch {
  #chunks: Buffer[] = [];
  /** Where the first chunk stands in the stream. */
  #start = 0;
  /** Bytes of the stream so far. */
  length = 0;

  /** The bytes are kept as they are, without a copy. */
  append(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.length += bytes.length;
  }

  /** How many bytes of it were not forgotten. */
  get held(): number {
    return this.length - this.#start;
  }

  /** What was not forgotten. */
  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  /** A copy of all that stands from `position` on, none of which may be forgotten. */
  from(position: number): Buffer {
    return Buffer.concat(this.#chunks).subarray(position - this.#start);
  }

  /** Forgets what stands before `position`. */
  forget(position: number): void {
    for (;;) {
      const [first] = this.#chunks;
      if (first === undefined || this.#start + first.length > position) return;
      this.#start += first.length;
      this.#chunks.shift();
    }
  }

  /** Whether these bytes stand anywhere in it. */
  includes(bytes: Buffer): boolean {
    return Buffer.concat(this.#chunks).includes(bytes);
  }

  /** Whether the stream ends with these bytes, none of which may be forgotten. */
  endsWith(bytes: Buffer): boolean {
    return (
      this.#start <= this.length - bytes.length &&
      this.match(this.length - bytes.length, bytes) === bytes.length
    );
  }

  /** How many of `bytes` stand at `position`: all that the stream has so far, or -1 where it has others. */
  match(position: number, bytes: Uint8Array): number {
    let chunkStart = this.#start;
    let done = 0;
    for (const chunk of this.#chunks) {
      const from = position + done - chunkStart;
      chunkStart += chunk.length;
      if (from >= chunk.length) continue;
      const some = Math.min(chunk.length - from, bytes.length - done);
      if (chunk.compare(bytes, done, done + some, from, from + some) !== 0) return -1;
      done += some;
      if (done === bytes.length) break;
    }
    return done;
  }
}

/** What ends a stream that was flushed before it was ended: an empty stored block, and an empty last one, stored or (since Go 1.27) in fixed codes. */
const flushedEnds = ["0000ffff010000ffff", "0000ffff0300"].map((end) => Buffer.from(end, "hex"));

/** One encoder that is run along a stream for as long as it gives the stream's bytes. */
export class Trial {
  readonly encoder: ExactEncoder;
  gave: ExactEncoder;
  readonly #stretch: PackedStretch;
  readonly #running: DeflateEncoder;
  /** What came out before the stream's own bytes were there. */
  #ahead = Buffer.alloc(0);
  /** Bytes that were compared and are the same. */
  matched = 0;
  fits = true;

  constructor(encoder: ExactEncoder, stretch: PackedStretch) {
    this.encoder = encoder;
    this.gave = encoder;
    this.#stretch = stretch;
    this.#running = encoder.make((bytes) => this.#compare(bytes));
  }

  /** Packs on; does nothing once other bytes came out, or where the encoder cannot pack this. */
  write(plain: Uint8Array): void {
    this.catchUp();
    if (!this.fits) return;
    try {
      this.#running.write(plain);
    } catch (error) {
      if (!isDdiffError(error, "TAR_INVALID")) throw error;
      this.fits = false;
    }
  }

  /** Compares what came out before the stream's own bytes were there; returns whether all that came out stands in the stream. */
  catchUp(): boolean {
    const ahead = this.#ahead;
    this.#ahead = Buffer.alloc(0);
    if (this.fits && ahead.length > 0) this.#compare(ahead);
    return this.fits && this.#ahead.length === 0;
  }

  /**
   * Whether the stream is over just where this encoder's is. Then `gave` is what gave the whole of it: the encoder, or the same with a flush
   * before its end.
   */
  finish(): boolean {
    const { flushed } = this.encoder;
    const isFlushed = flushed !== undefined && flushedEnds.some((end) => this.#stretch.endsWith(end));
    this.catchUp();
    if (this.fits && isFlushed) this.#running.flush?.();
    if (this.fits) this.#running.finish();
    if (!this.fits || this.#ahead.length > 0 || this.matched !== this.#stretch.length) return false;
    if (isFlushed) this.gave = flushed;
    return true;
  }

  #compare(bytes: Uint8Array): void {
    if (!this.fits) return;
    const same = this.#ahead.length > 0 ? 0 : this.#stretch.match(this.matched, bytes);
    if (same < 0) {
      this.fits = false;
      return;
    }
    this.matched += same;
    if (same < bytes.length) this.#ahead = Buffer.concat([this.#ahead, bytes.subarray(same)]);
  }
}
