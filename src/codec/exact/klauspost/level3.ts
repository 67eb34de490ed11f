import { hash5 } from "./hash.ts";
import { farthest, Matcher, margin } from "./matcher.ts";

const bits = 16;
/** Matches are not only near, but near still 4 bytes further on. */
const reach = farthest - 4;

/** Level 3: the last two places with the same 5 bytes, of which the one with the longer match is taken. */
export class Level3 extends Matcher {
  /** The last place and the one before it, side by side. */
  private readonly places: Int32Array;

  constructor() {
    const places = new Int32Array(2 << bits);
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
        const word = view.getInt32(next, true);
        const hash = hash5(word, view.getInt32(next + 1, true), bits) << 1;
        at = next;
        next = at + 1 + ((at - emitted) >> 7);
        if (next > limit) return emitted;
        from = places[hash]! - origin;
        const older = places[hash + 1]! - origin;
        places[hash + 1] = places[hash]!;
        places[hash] = at + origin;
        if (at - from > reach) continue;
        if (word === view.getInt32(from, true)) {
          if (at - older <= reach && word === view.getInt32(older, true)) {
            const most = end - at - 4;
            if (this.common(at + 4, older + 4, most) > this.common(at + 4, from + 4, most)) from = older;
          }
          break;
        }
        if (at - older < reach && word === view.getInt32(older, true)) {
          from = older;
          break;
        }
      }
      for (;;) {
        const found = this.common(at + 4, from + 4, end - at - 4) + 4;
        const length = this.putExtended(emitted, at, from, found);
        at += found;
        emitted = at;
        if (next >= at) at = next + 1;
        if (at >= limit) {
          const behind = from + found;
          if (behind > 0 && behind + 8 < end) this.enter(behind);
          return emitted;
        }
        for (let place = at - length + 2; place < at - 5; place += 6) this.enter(place);
        this.enter(at - 2);
        this.enter(at - 1);
        const word = view.getInt32(at, true);
        const hash = hash5(word, view.getInt32(at + 1, true), bits) << 1;
        from = places[hash]! - origin;
        const older = places[hash + 1]! - origin;
        places[hash + 1] = places[hash]!;
        places[hash] = at + origin;
        if (at - from < reach) {
          if (word === view.getInt32(from, true)) continue;
          from = older;
          if (at - older < reach && word === view.getInt32(older, true)) continue;
        }
        at++;
        break;
      }
    }
  }

  private enter(place: number): void {
    const { places, view } = this;
    const hash = hash5(view.getInt32(place, true), view.getInt32(place + 1, true), bits) << 1;
    places[hash + 1] = places[hash]!;
    places[hash] = place + this.origin;
  }
}
