import { ByteReader } from "../../util/varint.ts";
import { StepList, type Alignment } from "./alignment.ts";
import { cachedBytes, type Bytes, type CacheMemory } from "../../util/random-bytes.ts";
import { blockLength, columnNames, copyLength, invalidPatch, literalLength, maxPiece } from "./format.ts";
import { Learned, Relinker } from "./relink.ts";
import { readSections } from "./sections.ts";

/** What decoders need for one piece after another: small patches by the thousand are not to wait for the garbage collector. */
export class DecodeMemory {
  readonly cache: CacheMemory = [];
  #learned: Learned | undefined;

  get learned(): Learned {
    return (this.#learned ??= new Learned());
  }
}

/** Rebuilds pieces from the columns of one `PatchEncoder.take()`. Throws BUNDLE_INVALID for columns that lie. */
export class PatchDecoder {
  readonly #memory: DecodeMemory;
  readonly #copy = Buffer.allocUnsafe(copyLength);
  readonly #pieces: ByteReader;
  readonly #literalLengths: ByteReader;
  readonly #copyLengths: ByteReader;
  readonly #seeks: ByteReader;
  readonly #gaps: ByteReader;
  readonly #runs: ByteReader;
  readonly #values: ByteReader;
  /** Equal bytes before the next run; bytes of that run that are still to come. */
  #gap = -1;
  #run = 0;

  constructor(columns: readonly Uint8Array[], memory = new DecodeMemory()) {
    this.#memory = memory;
    if (columns.length !== columnNames.length) {
      throw invalidPatch(`it has ${columns.length} columns where ${columnNames.length} are expected`);
    }
    const reader = (k: number): ByteReader =>
      new ByteReader(columns[k]!, `the column "${columnNames[k]}" of a patch`);
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
   * give one to n new bytes.
   */
  async piece(
    baseFile: Bytes,
    literal: (most: number) => Promise<Uint8Array>,
    out: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const base = cachedBytes(baseFile, this.#memory.cache);
    const length = this.#pieces.unsigned();
    const sections = readSections(this.#pieces);
    const piece = this.#steps(base, length);
    const relinker = sections === undefined ? undefined : new Relinker(sections, piece, this.#memory.learned);
    let at = piece.targetOffset;
    for (let k = 0; k < piece.count; k++) {
      for (let rest = piece.literals[k]!; rest > 0; ) {
        const bytes = await literal(Math.min(rest, literalLength));
        await out(bytes);
        at += bytes.length;
        rest -= bytes.length;
      }
      const copy = piece.copies[k]!;
      for (let done = 0; done < copy; ) {
        const some = Math.min(copy - done, copyLength);
        const from = piece.from[k]! + done;
        const now = this.#copy.subarray(0, some);
        now.set(base.read(from, some, now));
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

  /** Throws unless every column has been used up. */
  end(): void {
    if (this.#gap < 0) this.#gap = this.#gaps.unsigned();
    if (this.#gap > 0 || this.#run > 0) throw invalidPatch("it changes more bytes than it copies");
    const all = [this.#pieces, this.#literalLengths, this.#copyLengths, this.#seeks];
    for (const column of [...all, this.#gaps, this.#runs, this.#values]) column.end();
  }

  /** All steps of a piece, checked; at most one per byte of the columns. */
  #steps(base: Bytes, length: number): Alignment {
    const steps = new StepList();
    const targetOffset = this.#pieces.unsigned();
    if (targetOffset + length > Number.MAX_SAFE_INTEGER) throw invalidPatch("it is too long");
    let expected = 0;
    while (steps.made < length) {
      const fresh = this.#literalLengths.unsigned();
      const copy = this.#copyLengths.unsigned();
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
        if (this.#gap < 0) this.#gap = this.#gaps.unsigned();
        const equal = Math.min(this.#gap, now.length - i);
        this.#gap -= equal;
        i += equal;
        if (i === now.length) break;
        this.#run = this.#runs.unsigned() + 1;
        this.#gap = -1;
      }
      const run = Math.min(this.#run, now.length - i);
      const values = this.#values.bytes(run);
      for (let k = 0; k < run; k++, i++) now[i] = now[i]! + values[k]!;
      this.#run -= run;
    }
  }
}
