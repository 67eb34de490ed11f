import { matchToken } from "../tokens.ts";
import { ChainEncoder, type ChainEffort, shortestMatch } from "./chain-encoder.ts";

/** What distinguishes the levels 2 and 3. */
export interface GreedyEffort extends ChainEffort {
  /** Of longer matches only the first place is entered. */
  longestEntered: number;
}

/** The levels 2 and 3 of Go's compress/flate: the first match is taken. */
export class GreedyEncoder extends ChainEncoder {
  private readonly longestEntered: number;

  constructor(effort: GreedyEffort, emit: (bytes: Uint8Array) => void) {
    super(effort, emit);
    this.longestEntered = effort.longestEntered;
  }

  protected override scan(until: number): void {
    const lastEntered = this.end - shortestMatch;
    while (this.index < until) {
      const { index } = this;
      const place = index <= lastEntered ? this.enter(index) : -1;
      const match = place >= 0 ? this.longestMatch(index, place) : 0;
      if (match === 0) {
        this.index++;
        this.addToken(this.window[index]!, this.index);
        continue;
      }
      const length = match >>> 16;
      if (length <= this.longestEntered) this.enterAll(index + 1, index + length);
      this.index += length;
      this.addToken(matchToken(length, match & 0xffff), this.index);
    }
  }
}
