import { hash5 } from "./hash.ts";
import { farthest, Matcher, margin } from "./matcher.ts";

const bits = 17;

/** Level 2: as level 1 with a larger table, in which three of seven places inside matches are entered, too. */
export class Level2 extends Matcher {
  private readonly places: Int32Array;

  constructor() {
    const places = new Int32Array(1 << bits);
    super(false, places);
    this.places = places;
  }

  protected override scan(start: number, end: number): number {
    const { view, places, origin } = this;
    const limit = end - margin;
    let emitted = start;
    let at = start;
    for (;;) {
      let next = at;
      let from = 0;
      for (;;) {
        at = next;
        const word = view.getInt32(at, true);
        let hash = hash5(word, view.getInt32(at + 1, true), bits);
        next = at + 2 + ((at - emitted) >> 5);
        if (next > limit) return emitted;
        from = places[hash]! - origin;
        places[hash] = at + origin;
        const nextWord = view.getInt32(next, true);
        hash = hash5(nextWord, view.getInt32(next + 1, true), bits);
        if (at - from < farthest && word === view.getInt32(from, true)) {
          places[hash] = next + origin;
          break;
        }
        at = next;
        next++;
        from = places[hash]! - origin;
        places[hash] = at + origin;
        if (at - from < farthest && nextWord === view.getInt32(from, true)) break;
      }
      for (;;) {
        const found = this.common(at + 4, from + 4, end - at - 4) + 4;
        const length = this.putExtended(emitted, at, from, found);
        at += found;
        emitted = at;
        if (next >= at) at = next + 1;
        if (at >= limit) {
          if (at + length + 8 < end) this.enter(at);
          return emitted;
        }
        for (let place = at - length + 2; place < at - 5; place += 7) {
          this.enter(place);
          this.enter(place + 2);
          this.enterWithout5th(place + 4);
        }
        this.enter(at - 2);
        this.enter(at - 1);
        const word = view.getInt32(at, true);
        const hash = hash5(word, view.getInt32(at + 1, true), bits);
        from = places[hash]! - origin;
        places[hash] = at + origin;
        if (at - from > farthest || word !== view.getInt32(from, true)) {
          at++;
          break;
        }
      }
    }
  }

  private enter(place: number): void {
    const { view } = this;
    const hash = hash5(view.getInt32(place, true), view.getInt32(place + 1, true), bits);
    this.places[hash] = place + this.origin;
  }

  /** As if the fifth byte were 0: the third place of a step is hashed from 8 bytes that were read for the first. */
  private enterWithout5th(place: number): void {
    const { view } = this;
    const hash = hash5(view.getInt32(place, true), view.getInt32(place + 1, true) & 0xff_ffff, bits);
    this.places[hash] = place + this.origin;
  }
}
