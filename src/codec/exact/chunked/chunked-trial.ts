import type { ExactEncoder } from "../encoder.ts";
import type { PackingRecipe } from "../packing-recipe.ts";
import { type PackedStretch, Trial } from "../trial.ts";
import { ChunkedEncoder } from "./chunked-encoder.ts";
import type { ChunkedFrames } from "./chunked-encoders.ts";
import { chunkedEras } from "./eras.ts";

/** What stands behind the frames is carried as it is where no version wrote it: so little, or up to a part of the packed layer and so many bytes. */
const littleCarried = 16 << 10;
const mostCarriedShare = 1 / 16;
const mostCarried = 4 << 20;
/** In pieces. */
const carriedPiece = 512 << 10;
const skippableMagic = Buffer.from("502a4d18", "hex");
/** How a frame ends that was flushed before: an empty block, then the checksum. */
const emptyBlock = Buffer.from("010000", "hex");
const checksumSize = 4;

/** One of the encoders of zstd:chunked that is run along a layer for as long as it gives the layer's bytes. */
export class ChunkedTrial {
  readonly id: string;
  /** By what versions of containers/storage and of klauspost/compress went together, where no other layer tells. */
  readonly guess: string;
  readonly #stretch: PackedStretch;
  readonly #trial: Trial;
  #encoder: ChunkedEncoder | undefined;
  #tail: { id: string } | { carried: Buffer } | undefined;

  /** `likely` are ids of encoders that other layers of the image were packed by. */
  constructor(
    { id, frames, hasEmptyFrames, usualEra }: ChunkedFrames,
    stretch: PackedStretch,
    likely: readonly string[] = [],
  ) {
    this.id = id;
    this.guess = likely.find((other) => other.startsWith(id)) ?? `${id}${usualEra}`;
    this.#stretch = stretch;
    const encoder: ExactEncoder = {
      id,
      make: (emit) => {
        const chunked = new ChunkedEncoder(frames.make, hasEmptyFrames, emit);
        this.#encoder = chunked;
        return { write: (plain) => chunked.write(plain), finish: () => {} };
      },
    };
    this.#trial = new Trial(encoder, stretch);
  }

  get fits(): boolean {
    return this.#trial.fits;
  }

  get matched(): number {
    return this.#trial.matched;
  }

  write(plain: Uint8Array): void {
    this.#trial.write(plain);
  }

  /** Whether the layer is over where this encoder's is, and how to make what stands behind the frames is known. */
  finish(): boolean {
    const encoder = this.#encoder;
    if (encoder === undefined || !this.#trial.catchUp()) return false;
    encoder.finish(this.#isFlushed());
    if (!this.#trial.catchUp()) return false;
    const version = Object.entries(chunkedEras).find(([, era]) => this.#hasTail(encoder.tail(era)))?.[0];
    if (version !== undefined) this.#tail = { id: `${this.id}${version}` };
    else this.#carry();
    return this.#tail !== undefined;
  }

  /** How the layer was packed, for so many plain bytes; once it is over. */
  recipe(size: number): PackingRecipe {
    const tail = this.#tail ?? { id: this.id };
    if ("id" in tail) return [{ encoder: tail.id, sizes: [size] }];
    const recipe: PackingRecipe = [{ encoder: this.id, sizes: [size] }];
    for (let at = 0; at < tail.carried.length; at += carriedPiece)
      recipe.push({ literal: tail.carried.subarray(at, at + carriedPiece).toString("base64"), size: 0 });
    return recipe;
  }

  /** Whether the last frame was flushed before it was ended. */
  #isFlushed(): boolean {
    const rest = this.#stretch.from(this.matched);
    const end = rest.indexOf(skippableMagic) - checksumSize;
    return end >= emptyBlock.length && rest.subarray(end - emptyBlock.length, end).equals(emptyBlock);
  }

  #hasTail(tail: Iterable<Buffer> | undefined): boolean {
    if (tail === undefined) return false;
    let position = this.matched;
    for (const bytes of tail) {
      if (this.#stretch.match(position, bytes) !== bytes.length) return false;
      position += bytes.length;
    }
    return position === this.#stretch.length;
  }

  #carry(): void {
    const size = this.#stretch.length - this.matched;
    if (size <= littleCarried || size <= Math.min(mostCarried, this.#stretch.length * mostCarriedShare))
      this.#tail = { carried: this.#stretch.from(this.matched) };
  }
}
