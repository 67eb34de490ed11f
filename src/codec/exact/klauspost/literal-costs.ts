import { PrefixCode } from "../prefix-code.ts";
import { distanceExtraBits, distanceSymbolOf, lengthExtraBits, lengthSymbolOf } from "../symbols.ts";

/** What changed over the versions in what literals are thought to cost. */
export interface LiteralHabits {
  /** Up to 1.18.1: their code is made of all bytes at hand, counted in 16 bits, not of the first 32,768. */
  weighsAllBytes: boolean;
  /** Go 1.27: a literal costs a bit at least. */
  literalsCost: boolean;
}

const weighed = 1 << 15;
const farthest = 1 << 15;

/** What bytes would cost as literals, to tell what a match saves. */
export class LiteralCosts {
  /** For each place: what the bytes before it cost, from where they were weighed. */
  readonly upTo: Int32Array;
  private readonly habits: LiteralHabits;
  private readonly code = new PrefixCode(256);
  private readonly counts = new Int32Array(256);

  /** For places up to `size`. */
  constructor(habits: LiteralHabits, size: number) {
    this.habits = habits;
    this.upTo = new Int32Array(size + 1);
  }

  /** Makes a code for bytes and adds up what they take in it. */
  weigh(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    const { counts, upTo } = this;
    const { weighsAllBytes, literalsCost } = this.habits;
    counts.fill(0);
    const counted = weighsAllBytes ? end : Math.min(end, start + weighed);
    for (let at = start; at < counted; at++) counts[bytes[at]!]!++;
    for (let byte = 0; byte < 256; byte++) counts[byte]! &= 0xffff;
    this.code.build(counts, 15);
    const { lengths } = this.code;
    upTo[start] = 0;
    for (let at = start; at < end; at++) {
      const cost = lengths[bytes[at]!]!;
      upTo[at + 1] = upTo[at]! + (cost === 0 && literalsCost ? 1 : cost);
    }
  }
}

/** The extra bits of a match. */
export function matchExtraBits(length: number, distance: number): number {
  // This looks up the distance, not the distance less 1, in tables that the farthest one is beyond.
  const symbol = distance === farthest ? 14 : distanceSymbolOf(distance);
  return lengthExtraBits[lengthSymbolOf[length - 3]!]! + distanceExtraBits[symbol]!;
}
