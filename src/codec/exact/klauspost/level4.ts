import { hash4, hash7 } from "./hash.ts";
import { farthest, Matcher, margin } from "./matcher.ts";

const bits = 15;

/** Level 4: the last place with the same 7 bytes, else the last one with the same 4, unless the next place has a better long one. */
export class Level4 extends Matcher {
  private readonly short: Int32Array;
  private readonly long: Int32Array;
  /** Up to 1.17; from then on a slip has it compare with another place than the one that is taken. */
  private readonly comparesRightPlace: boolean;

  constructor(comparesRightPlace: boolean) {
    const short = new Int32Array(1 << bits);
    const long = new Int32Array(1 << bits);
    super(false, short, long);
    this.short = short;
    this.long = long;
    this.comparesRightPlace = comparesRightPlace;
  }

  protected override scan(start: number, end: number): number {
    const { view, short, long, origin } = this;
    const limit = end - margin;
    let emitted = start;
    let at = start;
    for (;;) {
      let next = at;
      let from = 0;
      let word = view.getInt32(at, true);
      for (;;) {
        const shortHash = hash4(word, bits);
        const longHash = hash7(word, view.getInt32(next + 3, true), bits);
        at = next;
        next = at + 1 + ((at - emitted) >> 6);
        if (next > limit) return emitted;
        const shortPlace = short[shortHash]! - origin;
        from = long[longHash]! - origin;
        short[shortHash] = at + origin;
        long[longHash] = at + origin;
        if (at - from < farthest && word === view.getInt32(from, true)) break;

        const nextWord = view.getInt32(next, true);
        from = shortPlace;
        if (at - from < farthest && word === view.getInt32(from, true)) {
          const better = long[hash7(nextWord, view.getInt32(next + 3, true), bits)]! - origin;
          if (next - better < farthest && nextWord === view.getInt32(better, true)) {
            const compared = this.comparesRightPlace ? better : next - better;
            const length = this.common(at + 4, from + 4, end - at - 4);
            if (this.common(next + 4, compared + 4, end - next - 4) > length) {
              at = next;
              from = better;
            }
          }
          break;
        }
        word = nextWord;
      }

      const found = this.common(at + 4, from + 4, end - at - 4) + 4;
      this.putExtended(emitted, at, from, found);
      at += found;
      emitted = at;
      if (next >= at) at = next + 1;
      if (at >= limit) {
        if (at + 8 < end) {
          this.enterShort(at);
          this.enterLong(at);
        }
        return emitted;
      }
      for (let place = next; place < at - 1; place += 3) {
        this.enterLong(place);
        this.enterLong(place + 1);
        this.enterShort(place + 1);
      }
      this.enterShort(at - 1);
      this.enterLong(at - 1);
    }
  }

  private enterShort(place: number): void {
    this.short[hash4(this.view.getInt32(place, true), bits)] = place + this.origin;
  }

  private enterLong(place: number): void {
    const { view } = this;
    const hash = hash7(view.getInt32(place, true), view.getInt32(place + 3, true), bits);
    this.long[hash] = place + this.origin;
  }
}
