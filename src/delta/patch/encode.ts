import { ByteWriter } from "../../util/varint.ts";
import type { Alignment } from "./alignment.ts";
import { cachedBytes, type Bytes } from "../../util/random-bytes.ts";
import { blockLength, columnNames, literalLength } from "./format.ts";
import { Relinker } from "./relink.ts";
import { chooseKinds, pairSections, writeSections } from "./sections.ts";

/** Codes alignments into columns. See docs/bundle-format.md. */
export class PatchEncoder {
  readonly #columns = columnNames.map(() => new ByteWriter());
  readonly #memory = new Uint8Array(literalLength);
  #expected = 0;
  #gap = 0;

  /**
   * Codes one piece of a target file; pieces of a file come in order. The new bytes go to `literal` in target order, as views
   * that are good only during the call.
   */
  add(baseFile: Bytes, targetFile: Bytes, piece: Alignment, literal: (bytes: Uint8Array) => void): void {
    const base = cachedBytes(baseFile);
    const target = cachedBytes(targetFile);
    const [pieces, literalLengths, copyLengths, seeks] = this.#columns;
    pieces!.unsigned(piece.targetLength);
    this.#expected = 0;
    const sections = pairSections(base, target);
    if (sections !== undefined) chooseKinds(sections, base, target, piece);
    writeSections(pieces!, sections);
    pieces!.unsigned(piece.targetOffset);
    const relinker = sections === undefined ? undefined : new Relinker(sections, piece);
    let at = piece.targetOffset;
    for (let k = 0; k < piece.count; k++) {
      const fresh = piece.literals[k]!;
      const copy = piece.copies[k]!;
      literalLengths!.unsigned(fresh);
      copyLengths!.unsigned(copy);
      for (let left = fresh; left > 0; ) {
        const some = Math.min(left, literalLength);
        literal(target.read(at, some, this.#memory));
        at += some;
        left -= some;
      }
      if (copy === 0) continue;
      const from = piece.from[k]!;
      seeks!.signed(from - this.#expected);
      this.#expected = from + copy;
      for (let done = 0; done < copy; ) {
        const some = Math.min(copy - done, blockLength);
        const now = target.read(at, some);
        if (relinker === undefined) this.#differences(base.read(from + done, some), now);
        else {
          const old = this.#memory.subarray(0, some);
          old.set(base.read(from + done, some));
          relinker.predict(old, from + done, at);
          relinker.learn(now);
          this.#differences(old, now);
        }
        done += some;
        at += some;
      }
    }
  }

  /** Bytes in the columns so far. */
  get size(): number {
    return this.#columns.reduce((sum, column) => sum + column.length, 0);
  }

  /** The columns of all pieces since the last `take`; the next piece starts afresh. */
  take(): Buffer[] {
    this.#columns[4]!.unsigned(this.#gap);
    this.#gap = 0;
    return this.#columns.map((column) => column.take());
  }

  #differences(old: Uint8Array, now: Uint8Array): void {
    const gaps = this.#columns[4]!;
    const runs = this.#columns[5]!;
    const values = this.#columns[6]!;
    let gap = this.#gap;
    const length = now.length;
    let i = 0;
    while (i < length) {
      const from = i;
      while (i < length && old[i] === now[i]) i++;
      gap += i - from;
      if (i === length) break;
      gaps.unsigned(gap);
      gap = 0;
      const start = i;
      while (i < length && old[i] !== now[i]) {
        values.byte((now[i]! - old[i]!) & 0xff);
        i++;
      }
      runs.unsigned(i - start - 1);
    }
    this.#gap = gap;
  }
}
