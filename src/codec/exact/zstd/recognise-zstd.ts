import type { Readable } from "node:stream";
import { readableOf } from "../../../util/readable.ts";
import { decompressed } from "../../compression.ts";
import type { ExactEncoder } from "../encoder.ts";
import { zstdEncoders } from "../encoders.ts";
import type { PackingRecipe } from "../packing-recipe.ts";
import { PackedStretch, Trial } from "../trial.ts";

/** So much of a layer decides who may have packed it, and so much where several give the same bytes: versions differ in few blocks. */
const headSize = 1 << 20;
const longHeadSize = 8 << 20;

/**
 * Finds out while a zstd stream is unpacked how it was packed: encoders run along for as long as they give its very bytes. `recipe` is there once
 * the stream is over, and only where an encoder gave every byte of it.
 */
export class ZstdRecogniser {
  readonly #stretch = new PackedStretch();
  #trials: Trial[];
  #size = 0;
  #isOver = false;

  /** `likely` are the ids of encoders to be named first where several give the same bytes. */
  constructor(likely: readonly string[] = []) {
    const isLikely = ({ id }: ExactEncoder): boolean => likely.includes(id);
    const ordered = [...zstdEncoders.filter(isLikely), ...zstdEncoders.filter((one) => !isLikely(one))];
    this.#trials = ordered.map((encoder) => new Trial(encoder, this.#stretch));
  }

  /** How the stream was packed; undefined where that is not known. */
  get recipe(): PackingRecipe | undefined {
    const [first] = this.#trials;
    if (first === undefined || !this.#isOver) return undefined;
    return [{ encoder: first.encoder.id, sizes: [this.#size] }];
  }

  /** How a stream that is not over was packed so far; a guess. */
  get guess(): PackingRecipe | undefined {
    const [first] = this.#trials;
    return first && [{ encoder: first.encoder.id, sizes: [] }];
  }

  /** Whether `guess` will hardly change any more. */
  get isDecided(): boolean {
    const fitting = this.#trials.length;
    return fitting === 0 || this.#size >= (fitting === 1 ? headSize : longHeadSize);
  }

  /** The next bytes of the stream, which are kept. */
  packed(bytes: Buffer): void {
    if (this.#trials.length > 0) this.#stretch.append(bytes);
  }

  /** What came out of them. */
  plain(bytes: Buffer): void {
    this.#size += bytes.length;
    for (const trial of this.#trials) trial.write(bytes);
    this.#trials = this.#trials.filter(({ fits }) => fits);
    this.#stretch.forget(Math.min(this.#stretch.length, ...this.#trials.map(({ matched }) => matched)));
  }

  /** The stream is over. */
  end(): void {
    this.#trials = this.#trials.filter((trial) => trial.finish());
    this.#isOver = true;
  }
}

/** Unpacks a zstd stream and tells `recogniser` of it. Yields the plain bytes. Throws as `decompressed` does; `what` names the data. */
export async function* unzstdRecognised(
  stream: Readable,
  recogniser: ZstdRecogniser,
  what: string,
): AsyncGenerator<Buffer, void, void> {
  async function* watched(): AsyncGenerator<Buffer, void, void> {
    for await (const bytes of stream as AsyncIterable<Buffer>) {
      recogniser.packed(bytes);
      yield bytes;
    }
  }
  const plain = decompressed(
    readableOf(watched(), () => stream.destroy()),
    { what },
  );
  for await (const bytes of plain as AsyncIterable<Buffer>) {
    recogniser.plain(bytes);
    yield bytes;
  }
  recogniser.end();
}
