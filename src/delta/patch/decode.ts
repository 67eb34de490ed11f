import type { Bytes } from "./bytes.ts";
import { ColumnReader, invalidPatch } from "./columns.ts";
import { blockLength, columnNames } from "./format.ts";

/** Rebuilds pieces from the columns of one `PatchEncoder.take()`. Throws BUNDLE_INVALID for columns that lie. */
export class PatchDecoder {
  readonly #pieces: ColumnReader;
  readonly #literalLengths: ColumnReader;
  readonly #copyLengths: ColumnReader;
  readonly #seeks: ColumnReader;
  readonly #gaps: ColumnReader;
  readonly #runs: ColumnReader;
  readonly #values: ColumnReader;
  #expected = 0;
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
    base: Bytes,
    literal: (length: number) => Promise<Uint8Array>,
    out: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    let left = this.#pieces.varint();
    this.#expected = 0;
    while (left > 0) {
      const fresh = this.#literalLengths.varint();
      const copy = this.#copyLengths.varint();
      if (fresh + copy > left || fresh + copy === 0)
        throw invalidPatch("its steps do not add up to its length");
      left -= fresh + copy;
      for (let rest = fresh; rest > 0; ) {
        const some = Math.min(rest, blockLength);
        const bytes = await literal(some);
        if (bytes.length !== some) throw invalidPatch("its new bytes end too early");
        await out(bytes);
        rest -= some;
      }
      if (copy === 0) continue;
      const from = this.#expected + this.#seeks.signed();
      if (!(from >= 0 && from + copy <= base.length)) throw invalidPatch("it copies from outside its base");
      this.#expected = from + copy;
      for (let done = 0; done < copy; ) {
        const some = Math.min(copy - done, blockLength);
        await out(this.#applied(base.read(from + done, some)));
        done += some;
      }
    }
  }

  #applied(old: Uint8Array): Uint8Array {
    const now = new Uint8Array(old);
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
    return now;
  }
}
