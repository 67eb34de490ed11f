import type { ByteReader, ByteWriter } from "../util/varint.ts";

/** An entry of a base layer by number. */
export interface EntryRef {
  layer: number;
  index: number;
}

/**
 * Codes references to base entries. Files of a rebuilt layer stand in the base's order, so the entry after the last
 * one is predicted and costs nothing; others are coded as the distance from it.
 */
export class RefCoder {
  #layer = 0;
  #index = -1;

  isNext(ref: EntryRef): boolean {
    return ref.layer === this.#layer && ref.index === this.#index + 1;
  }

  /** Moves to `ref` as the last one referred to. */
  moveTo(ref: EntryRef): void {
    this.#layer = ref.layer;
    this.#index = ref.index;
  }

  /** The entry after the last one. */
  next(): EntryRef {
    return { layer: this.#layer, index: this.#index + 1 };
  }

  write(ref: EntryRef, column: ByteWriter): void {
    column.signed(ref.layer - this.#layer);
    column.signed(ref.index - (ref.layer === this.#layer ? this.#index + 1 : 0));
  }

  /** What `write` wrote. The result may be outside the base: `BaseReader` refuses it then. */
  read(column: ByteReader): EntryRef {
    const layer = this.#layer + column.signed();
    const index = column.signed() + (layer === this.#layer ? this.#index + 1 : 0);
    return { layer, index };
  }
}
