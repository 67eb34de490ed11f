/**
 * How one piece of a target file is made of a base file: a list of steps, each some new bytes and then a
 * copy of base bytes that fits approximately (the differences are added by the patch).
 * Step k makes `literals[k]` new bytes, then `copies[k]` bytes that stand at `from[k]` in the base.
 */
export interface Alignment {
  /** Where the piece begins in the target, and how long it is, in bytes. */
  readonly targetOffset: number;
  readonly targetLength: number;
  /** Steps in use; the arrays may be longer. */
  readonly count: number;
  readonly literals: Uint32Array;
  readonly copies: Uint32Array;
  readonly from: Float64Array;
}

/** Grows the steps of one `Alignment`. */
export class StepList {
  #count = 0;
  #literals = new Uint32Array(1024);
  #copies = new Uint32Array(1024);
  #from = new Float64Array(1024);
  #made = 0;

  /** The next step. A copy that continues the one before is joined to it. */
  add(literal: number, copy: number, from: number): void {
    this.#made += literal + copy;
    const last = this.#count - 1;
    if (last >= 0 && literal === 0 && from === (this.#from[last] ?? 0) + (this.#copies[last] ?? 0)) {
      this.#copies[last] = (this.#copies[last] ?? 0) + copy;
      return;
    }
    if (last >= 0 && this.#copies[last] === 0) {
      this.#literals[last] = (this.#literals[last] ?? 0) + literal;
      this.#copies[last] = copy;
      this.#from[last] = from;
      return;
    }
    if (this.#count === this.#literals.length) {
      this.#literals = grown(this.#literals, new Uint32Array(this.#count * 2));
      this.#copies = grown(this.#copies, new Uint32Array(this.#count * 2));
      this.#from = grown(this.#from, new Float64Array(this.#count * 2));
    }
    this.#literals[this.#count] = literal;
    this.#copies[this.#count] = copy;
    this.#from[this.#count] = from;
    this.#count++;
  }

  /** Target bytes that the steps so far make. */
  get made(): number {
    return this.#made;
  }

  finish(targetOffset: number): Alignment {
    return {
      targetOffset,
      targetLength: this.#made,
      count: this.#count,
      literals: this.#literals,
      copies: this.#copies,
      from: this.#from,
    };
  }
}

function grown<T extends Uint32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
