import { matchToken } from "../tokens.ts";
import { ChainEncoder, type ChainEffort, shortestMatch } from "./chain-encoder.ts";

/** What distinguishes the levels 4 to 9. */
export interface LazyEffort extends ChainEffort {
  /** After a match of so many bytes no longer one is looked for at the next byte. */
  lazy: number;
}

/** The levels 4 to 9 of Go's compress/flate: a match is taken only if the next byte does not begin a longer one. */
export class LazyEncoder extends ChainEncoder {
  private readonly lazy: number;
  /** The match found at the byte before, as its length << 16 plus its distance. */
  private before = 0;
  /** Whether the byte before still waits for its token. */
  private waiting = false;

  constructor(effort: LazyEffort, emit: (bytes: Uint8Array) => void) {
    super(effort, emit);
    this.lazy = effort.lazy;
  }

  protected override scan(until: number): void {
    const lastEntered = this.end - shortestMatch;
    while (this.index < until) {
      const { index, before } = this;
      const lengthBefore = before === 0 ? shortestMatch - 1 : before >>> 16;
      const place = index <= lastEntered ? this.enter(index) : -1;
      const searched = place >= 0 && lengthBefore < this.lazy && this.end - index > lengthBefore;
      this.before = searched ? this.longestMatch(index, place) : 0;
      if (before !== 0 && this.before >>> 16 <= lengthBefore) {
        const next = index + lengthBefore - 1;
        this.enterAll(index + 1, next);
        this.index = next;
        this.before = 0;
        this.waiting = false;
        this.addToken(matchToken(lengthBefore, before & 0xffff), next);
      } else {
        if (this.waiting) this.addToken(this.window[index - 1]!, index);
        this.index++;
        this.waiting = true;
      }
    }
    if (this.waiting && this.index === this.end) {
      this.waiting = false;
      this.addToken(this.window[this.index - 1]!, this.index);
    }
  }
}
