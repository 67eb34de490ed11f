import { hash5 } from "./hash.ts";
import { farthest, Matcher, margin } from "./matcher.ts";

const bits = 15;

/** Level 1: the last place with the same 5 bytes, looked up at every other place at most. A match right behind a match needs no new search. */
export class Level1 extends Matcher {
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
        if (at - from < farthest && nextWord === view.getInt32(from, true)) {
          // The place behind gets this one's slot, not its own.
          places[hash] = next + origin;
          break;
        }
        at = next;
      }
      for (;;) {
        const found = this.common(at + 4, from + 4, end - at - 4) + 4;
        const length = this.putExtended(emitted, at, from, found);
        at += found;
        emitted = at;
        if (next >= at) at = next + 1;
        if (at >= limit) {
          if (at + length + 8 < end)
            places[hash5(view.getInt32(at, true), view.getInt32(at + 1, true), bits)] = at + origin;
          return emitted;
        }
        places[hash5(view.getInt32(at - 2, true), view.getInt32(at - 1, true), bits)] = at - 2 + origin;
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
}
