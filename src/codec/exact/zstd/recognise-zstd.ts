import type { Readable } from "node:stream";
import { readableOf } from "../../../util/readable.ts";
import { decompressed } from "../../compression.ts";
import { ChunkedTrial } from "../chunked/chunked-trial.ts";
import { chunkedFrames } from "../chunked/chunked-encoders.ts";
import type { ExactEncoder } from "../encoder.ts";
import { otherZstdEncoders, zstdEncoders } from "../encoders.ts";
import type { PackingRecipe } from "../packing-recipe.ts";
import { PackedStretch, Trial } from "../trial.ts";

/** So much of a layer is kept until it is tried by each encoder in turn: two blocks of a frame. */
const triedSize = 256 << 10;
/** So much of a layer decides who may have packed it, and so much where several give the same bytes: versions differ in few blocks. */
const headSize = 1 << 20;
const longHeadSize = 8 << 20;
/** So many packed bytes may wait for their plain ones, or stand behind the last of these: a frame that is to be skipped may have 4 GiB. */
const mostHeld = 64 << 20;

/** An encoder, used in one way or another, that is run along a stream. */
interface Runner {
  /** Stands in recipes. */
  readonly id: string;
  readonly fits: boolean;
  readonly matched: number;
  write(plain: Uint8Array): void;
  /** Whether the stream is over where this encoder's is. */
  finish(): boolean;
  /** How the stream was packed, for so many plain bytes. */
  recipe(size: number): PackingRecipe;
  /** How a stream that is not over was probably packed. */
  readonly guess: string;
}

/** One whole frame. */
class FrameTrial extends Trial implements Runner {
  readonly id: string;
  readonly guess: string;

  constructor(encoder: ExactEncoder, stretch: PackedStretch) {
    super(encoder, stretch);
    this.id = encoder.id;
    this.guess = encoder.id;
  }

  recipe(size: number): PackingRecipe {
    return [{ encoder: this.id, sizes: [size] }];
  }
}

/**
 * Finds out while a zstd stream is unpacked how it was packed: encoders run along for as long as they give its very bytes. `recipe` is there once
 * the stream is over, and only where an encoder gave every byte of it.
 */
export class ZstdRecogniser {
  readonly #stretch = new PackedStretch();
  readonly #likely: readonly string[];
  /** What came before the encoders were tried; undefined once they were. */
  #head: Buffer[] | undefined = [];
  #runners: Runner[] = [];
  #size = 0;
  #isOver = false;
  #failed = false;

  /** `likely` are the ids of encoders to be named first where several give the same bytes. */
  constructor(likely: readonly string[] = []) {
    this.#likely = likely;
  }

  /** How the stream was packed; undefined where that is not known. */
  get recipe(): PackingRecipe | undefined {
    return this.#isOver ? this.#runners[0]?.recipe(this.#size) : undefined;
  }

  /** How a stream that is not over was packed so far; a guess. */
  get guess(): PackingRecipe | undefined {
    const [first] = this.#runners;
    return first && [{ encoder: first.guess, sizes: [] }];
  }

  /** Whether `guess` will hardly change any more. */
  get isDecided(): boolean {
    if (this.#head !== undefined) return this.#failed;
    const fitting = this.#runners.length;
    return fitting === 0 || this.#size >= (fitting === 1 ? headSize : longHeadSize);
  }

  /** The next bytes of the stream, which are kept. */
  packed(bytes: Buffer): void {
    if (this.#failed) return;
    this.#stretch.append(bytes);
    if (this.#stretch.held > mostHeld) this.#fail();
  }

  /** What came out of them. */
  plain(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#failed) return;
    if (this.#head !== undefined) {
      this.#head.push(Buffer.from(bytes));
      if (this.#size >= triedSize) this.#try();
      return;
    }
    for (const runner of this.#runners) runner.write(bytes);
    this.#runners = this.#runners.filter(({ fits }) => fits);
    this.#forget();
  }

  /** The stream is over. */
  end(): void {
    if (!this.#failed && this.#head !== undefined) this.#try();
    // What is carried beside what an encoder gives may be what another one gives, too.
    const lengthOf = (runner: Runner): number => runner.recipe(this.#size).length;
    this.#runners = this.#runners
      .filter((runner) => runner.finish())
      .sort((one, other) => lengthOf(one) - lengthOf(other));
    this.#isOver = true;
  }

  /** Has each encoder pack the head, one after the other; those that do not fit are gone before the next one begins. */
  #try(): void {
    const head = this.#head ?? [];
    this.#head = undefined;
    for (const make of this.#candidates()) {
      const runner = make();
      for (const bytes of head) if (runner.fits) runner.write(bytes);
      if (runner.fits) this.#runners.push(runner);
    }
    this.#forget();
  }

  #candidates(): (() => Runner)[] {
    const stretch = this.#stretch;
    const isLikely = ({ id }: ExactEncoder): boolean => this.#likely.some((likely) => likely.startsWith(id));
    const all = [...zstdEncoders, ...otherZstdEncoders];
    const ordered = [...all.filter(isLikely), ...all.filter((one) => !isLikely(one))];
    return [
      ...ordered.map((encoder) => () => new FrameTrial(encoder, stretch)),
      ...chunkedFrames(ordered).map((frames) => () => new ChunkedTrial(frames, stretch, this.#likely)),
    ];
  }

  #forget(): void {
    if (this.#runners.length === 0) this.#fail();
    else this.#stretch.forget(Math.min(...this.#runners.map(({ matched }) => matched)));
  }

  #fail(): void {
    this.#failed = true;
    this.#head = undefined;
    this.#runners = [];
    this.#stretch.forget(this.#stretch.length);
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
