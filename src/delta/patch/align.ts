import { StepList, type Alignment } from "./alignment.ts";
import type { Bytes } from "../../util/random-bytes.ts";
import { readExecutable, type Executable } from "./executable.ts";
import { maskAddresses } from "./mask.ts";
import { scan } from "./scan.ts";
import { buildIndex, type WindowIndex } from "./window-index.ts";

export type Effort = "fast" | "default" | "max";

const MiB = 2 ** 20;
/** Base bytes that are in memory at a time, and target bytes in one piece. */
const baseWindow = 96 * MiB;
const pieceLength = 32 * MiB;
const maxTableBits = 25;

/** Aligns files with older ones, with memory that is bounded at any size of both and used again for the next file. */
export class Aligner {
  readonly #effort: Effort;
  #table = new Int32Array(0);
  #base = new Uint8Array(0);
  #target = new Uint8Array(0);

  constructor(effort: Effort) {
    this.#effort = effort;
  }

  /** Pieces in target order, of at most 32 MiB. Each file must be taken to its end before the next. */
  *align(base: Bytes, target: Bytes): Generator<Alignment> {
    let loaded: { start: number; bytes: Uint8Array; index: WindowIndex } | undefined;
    let expected = 0;
    const baseCode = readExecutable(base);
    const targetCode = readExecutable(target);
    for (let offset = 0; offset < target.length; offset += pieceLength) {
      const length = Math.min(pieceLength, target.length - offset);
      this.#target = atLeast(this.#target, length);
      const piece = masked(target, offset, this.#target.subarray(0, length), targetCode);
      const middle = expected - (baseWindow - pieceLength) / 2;
      const start = Math.max(0, Math.min(middle, base.length - baseWindow));
      if (loaded === undefined || loaded.start !== start) {
        const held = Math.min(baseWindow, base.length - start);
        this.#base = atLeast(this.#base, held);
        const bytes = masked(base, start, this.#base.subarray(0, held), baseCode);
        loaded = { start, bytes, index: this.#index(bytes) };
      }
      const steps = new StepList();
      const from = loaded.start;
      scan(loaded.bytes, piece, loaded.index, expected - from, (literal, copy, at) => {
        steps.add(literal, copy, copy === 0 ? 0 : at + from);
        if (copy > 0) expected = at + from + copy;
      });
      yield steps.finish(offset);
    }
  }

  #index(bytes: Uint8Array): WindowIndex {
    const step = stepFor(bytes.length, this.#effort);
    const bits = Math.min(maxTableBits, Math.max(10, 33 - Math.clz32(bytes.length / step)));
    if (this.#table.length < 2 ** bits) this.#table = new Int32Array(2 ** bits);
    return buildIndex(bytes, step, this.#table.subarray(0, 2 ** bits));
  }
}

function atLeast(memory: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  return memory.length >= length ? memory : new Uint8Array(length);
}

/** The file's bytes from `offset` in `memory`, addresses masked. */
function masked(file: Bytes, offset: number, memory: Uint8Array, code: Executable | undefined): Uint8Array {
  const bytes = file.read(offset, memory.length, memory);
  if (code === undefined) return bytes;
  if (bytes.buffer !== memory.buffer) memory.set(bytes);
  maskAddresses(memory, offset, code);
  return memory;
}

/** Every how many bytes of a base a window is entered: in a large one a sparse index finds as much, in half the time. */
function stepFor(length: number, effort: Effort): number {
  if (effort === "fast") return 8;
  const dense = effort === "max" ? 1 : 2;
  if (length <= 8 * MiB) return dense;
  return length <= 32 * MiB ? 2 * dense : 4 * dense;
}
