import { StepList, type Alignment } from "./alignment.ts";
import { cachedBytes, type Bytes } from "./bytes.ts";
import { ColumnReader, invalidPatch } from "./columns.ts";
import { blockLength, columnNames, copyLength, literalLength, maxPiece } from "./format.ts";
import { Relinker } from "./relink.ts";
import { readSections } from "./sections.ts";

/** Rebuilds pieces from the columns of one `PatchEncoder.take()`. Throws BUNDLE_INVALID for columns that lie. */
export class PatchDecoder {
  readonly #pieces: ColumnReader;
  readonly #literalLengths: ColumnReader;
  readonly #copyLengths: ColumnReader;
  readonly #seeks: ColumnReader;
  readonly #gaps: ColumnReader;
  readonly #runs: ColumnReader;
  readonly #values: ColumnReader;
  /** Equal bytes before the next run; bytes of that run that are still to come. */
  #gap = -1;
  #run = 0;

  constructor(columns: readonly Uint8Array[]) {
    if (columns.length !== columnNames.length) {
      throw invalidPatch(`it has ${columns.length} columns where ${columnNames.length} are expected`);
    }
    const reader = (k: number): ColumnReader => new ColumnReader(columns[k]!, columnNames[k]!);
    this.#pieces = reader(0);
    this.#literalLengths = reader(1);
    this.#copyLengths = reader(2);
    this.#seeks = reader(3);
    this.#gaps = reader(4);
    this.#runs = reader(5);
    this.#values = reader(6);
  }

  /**
   * Makes the next piece: hands it to `out` in runs of at most 256 KiB, good only until `out` settles. `literal(n)` must
   * give exactly n new bytes.
   */
  async piece(
    baseFile: Bytes,
    literal: (length: number) => Promise<Uint8Array>,
    out: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const base = cachedBytes(baseFile);
    const length = this.#pieces.varint();
    const sections = readSections(this.#pieces);
    const piece = this.#steps(base, length);
    const relinker = sections === undefined ? undefined : new Relinker(sections, piece);
    let at = piece.targetOffset;
    for (let k = 0; k < piece.count; k++) {
      for (let rest = piece.literals[k]!; rest > 0; ) {
        const some = Math.min(rest, literalLength);
        const bytes = await literal(some);
        if (bytes.length !== some) throw invalidPatch("its new bytes end too early");
        await out(bytes);
        at += some;
        rest -= some;
      }
      const copy = piece.copies[k]!;
      for (let done = 0; done < copy; ) {
        const some = Math.min(copy - done, copyLength);
        const from = piece.from[k]! + done;
        const now = new Uint8Array(base.read(from, some));
        for (let i = 0; i < some; i += blockLength) {
          const block = now.subarray(i, Math.min(some, i + blockLength));
          relinker?.predict(block, from + i, at + i);
          this.#apply(block);
          relinker?.learn(block);
        }
        await out(now);
        done += some;
        at += some;
      }
    }
  }

  /** All steps of a piece, checked; at most one per byte of the columns. */
  #steps(base: Bytes, length: number): Alignment {
    const steps = new StepList();
    const targetOffset = this.#pieces.varint();
    if (targetOffset + length > Number.MAX_SAFE_INTEGER) throw invalidPatch("it is too long");
    let expected = 0;
    while (steps.made < length) {
      const fresh = this.#literalLengths.varint();
      const copy = this.#copyLengths.varint();
      const left = length - steps.made;
      if (fresh > left || copy > left - fresh || fresh + copy === 0 || left > maxPiece) {
        throw invalidPatch("its steps do not add up to its length");
      }
      let from = 0;
      if (copy > 0) {
        from = expected + this.#seeks.signed();
        if (!(from >= 0 && from + copy <= base.length)) throw invalidPatch("it copies from outside its base");
        expected = from + copy;
      }
      steps.add(fresh, copy, from);
    }
    return steps.finish(targetOffset);
  }

  #apply(now: Uint8Array): void {
    let i = 0;
    while (i < now.length) {
      if (this.#run === 0) {
        if (this.#gap < 0) this.#gap = this.#gaps.varint();
        const equal = Math.min(this.#gap, now.length - i);
        this.#gap -= equal;
        i += equal;
        if (i === now.length) break;
        this.#run = this.#runs.varint() + 1;
        this.#gap = -1;
      }
      const run = Math.min(this.#run, now.length - i);
      const values = this.#values.bytes(run);
      for (let k = 0; k < run; k++, i++) now[i] = now[i]! + values[k]!;
      this.#run -= run;
    }
  }
}
