import type { TarHeader } from "../../../tar/entry.ts";
import { DdiffError } from "../../../util/errors.ts";
import type { DeflateEncoder, DeflateMaker } from "../encoder.ts";
import { ChunkCutter, type ChunkListener } from "./chunk-cutter.ts";
import { LayerContents } from "./contents.ts";
import type { ChunkedEra } from "./eras.ts";
import { tailOf } from "./tail.ts";
import { type TarListener, TarWalker } from "./tar-walker.ts";

/**
 * Packs a tar into the zstd frames of zstd:chunked: each chunk of a file's data is a frame, and so are the headers between two files. What stands
 * behind them is told by `tail`. Its methods throw `TAR_INVALID` for what is no tar, or has entries that no layer has.
 */
export class ChunkedEncoder implements TarListener, ChunkListener {
  readonly #frames: DeflateMaker;
  readonly #frame: DeflateEncoder;
  readonly #hasEmptyFrames: boolean;
  readonly #walker = new TarWalker(this);
  readonly #contents = new LayerContents();
  #cutter: ChunkCutter | undefined;
  /** Packed bytes so far. */
  #position = 0;
  /** Plain bytes in the frame. */
  #size = 0;
  /** Whether the file's data have begun, and so a frame of their own. */
  #isBegun = false;

  /** `hasEmptyFrames` where the encoder of `frames` makes a frame of nothing. */
  constructor(frames: DeflateMaker, hasEmptyFrames: boolean, emit: (bytes: Uint8Array) => void) {
    this.#frames = frames;
    this.#hasEmptyFrames = hasEmptyFrames;
    this.#frame = frames((bytes) => {
      this.#position += bytes.length;
      emit(bytes);
    });
  }

  write(input: Uint8Array): void {
    this.#walker.write(input);
  }

  /** Ends the last frame, and flushes it before where a version does so. */
  finish(isFlushed: boolean): void {
    if (isFlushed) this.#frame.flush?.();
    this.#endFrame();
    this.#contents.finish();
  }

  /** What a version of containers/storage writes behind the frames; undefined where that depends on more than the version. */
  tail(era: ChunkedEra): Generator<Buffer, void, void> | undefined {
    if (!this.#contents.isClear) return undefined;
    return tailOf(this.#contents, this.#position, era, this.#frames);
  }

  header(header: TarHeader, bytes: Buffer): void {
    this.#contents.header(header, bytes);
    this.#add(bytes);
  }

  data(bytes: Buffer): void {
    this.#cutter ??= new ChunkCutter(this);
    this.#cutter.write(bytes);
  }

  dataEnd(): void {
    this.#cutter?.finish();
    this.#cutter = undefined;
    this.cut(false);
    this.#isBegun = false;
    this.#contents.dataEnd();
  }

  padding(bytes: Buffer): void {
    this.#contents.raw(bytes);
    this.#add(bytes);
  }

  end(bytes: Buffer): void {
    this.padding(bytes);
    if (!this.#walker.isOver) return;
    this.#frame.flush?.();
    this.#contents.end();
  }

  rest(bytes: Buffer): void {
    this.#contents.rest(bytes);
    this.#add(bytes);
  }

  chunkBytes(bytes: Uint8Array): void {
    if (!this.#isBegun) {
      this.#endFrame();
      this.#contents.dataBegin(this.#position);
    }
    this.#isBegun = true;
    this.#contents.chunkBytes(bytes);
    this.#add(bytes);
  }

  cut(isHole: boolean): void {
    if (!this.#isBegun) return;
    this.#endFrame();
    this.#contents.cut(isHole, this.#position);
  }

  #add(bytes: Uint8Array): void {
    this.#frame.write(bytes);
    this.#size += bytes.length;
  }

  #endFrame(): void {
    if (this.#size === 0 && !this.#hasEmptyFrames) return;
    this.#frame.finish();
    this.#frame.restart?.();
    this.#size = 0;
  }
}

/** Layers of zstd:chunked by an encoder of zstd: with what a version of containers/storage writes behind the frames, or without. */
export function chunkedLayer(frames: DeflateMaker, hasEmptyFrames: boolean, era?: ChunkedEra): DeflateMaker {
  return (emit) => {
    const encoder = new ChunkedEncoder(frames, hasEmptyFrames, emit);
    return {
      write: (input) => encoder.write(input),
      finish() {
        encoder.finish(era?.flushesEnd ?? false);
        if (era === undefined) return;
        const tail = encoder.tail(era);
        if (tail === undefined)
          throw new DdiffError(
            "TAR_INVALID",
            "the layer has contents that zstd:chunked does not list in one way",
          );
        for (const bytes of tail) emit(bytes);
      },
    };
  };
}
