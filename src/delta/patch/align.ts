import { StepList, type Alignment } from "./alignment.ts";
import type { Bytes } from "./bytes.ts";
import { readExecutable, type Executable } from "./executable.ts";
import { maskAddresses } from "./mask.ts";
import { scan } from "./scan.ts";
import { buildIndex } from "./window-index.ts";

export type Effort = "fast" | "default" | "max";

const MiB = 2 ** 20;
/** Base bytes that are in memory at a time, and target bytes in one piece. */
const baseWindow = 96 * MiB;
const pieceLength = 32 * MiB;
const maxTableBits = 25;

/** Aligns `target` with `base`: pieces in target order, of at most 32 MiB. Memory is bounded at any size of both. */
export function* alignFile(base: Bytes, target: Bytes, options: { effort: Effort }): Generator<Alignment> {
  let table: Int32Array | undefined;
  let loaded: { start: number; bytes: Uint8Array; index: ReturnType<typeof buildIndex> } | undefined;
  let expected = 0;
  const baseCode = readExecutable(base);
  const targetCode = readExecutable(target);
  for (let offset = 0; offset < target.length; offset += pieceLength) {
    const piece = masked(target, offset, Math.min(pieceLength, target.length - offset), targetCode);
    const start = Math.max(0, Math.min(expected - (baseWindow - pieceLength) / 2, base.length - baseWindow));
    if (loaded === undefined || loaded.start !== start) {
      const bytes = masked(base, start, Math.min(baseWindow, base.length - start), baseCode);
      const step = stepFor(bytes.length, options.effort);
      const bits = Math.min(maxTableBits, Math.max(10, 33 - Math.clz32(bytes.length / step)));
      if (table?.length !== 2 ** bits) table = new Int32Array(2 ** bits);
      loaded = { start, bytes, index: buildIndex(bytes, step, table) };
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

function masked(file: Bytes, offset: number, length: number, code: Executable | undefined): Uint8Array {
  const bytes = file.read(offset, length);
  if (code === undefined) return bytes;
  const copy = new Uint8Array(bytes);
  maskAddresses(copy, offset, code);
  return copy;
}

function stepFor(length: number, effort: Effort): number {
  if (effort === "fast") return 8;
  if (length <= 32 * MiB) return 1;
  return length <= 64 * MiB ? 2 : 4;
}
