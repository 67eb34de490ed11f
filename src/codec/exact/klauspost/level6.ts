import { hash4, hash7 } from "./hash.ts";
import { farthest, Matcher, margin } from "./matcher.ts";

const bits = 15;

/**
 * Level 6, the default of Go 1.27: as level 5, but a short match must also beat the distance of the last match, later ends are tried behind every
 * match, with both long places, and all places inside matches are entered.
 */
export class Level6 extends Matcher {
  private readonly short: Int32Array;
  /** The last place and the one before it, side by side. */
  private readonly long: Int32Array;

  constructor() {
    const short = new Int32Array(1 << bits);
    const long = new Int32Array(2 << bits);
    super(false, short, long);
    this.short = short;
    this.long = long;
  }

  protected override scan(start: number, end: number): number {
    const { view, short, long, origin } = this;
    const limit = end - margin;
    let emitted = start;
    let at = start;
    let distance = 1;
    for (;;) {
      let next = at;
      let length = 0;
      let from = 0;
      let word = view.getInt32(at, true);
      let shortHash = hash4(word, bits);
      let longHash = hash7(word, view.getInt32(at + 3, true), bits) << 1;
      for (;;) {
        at = next;
        next = at + 1 + ((at - emitted) >> 7);
        if (next > limit) return emitted;
        const shortPlace = short[shortHash]! - origin;
        const longPlace = long[longHash]! - origin;
        const olderPlace = long[longHash + 1]! - origin;
        short[shortHash] = at + origin;
        long[longHash + 1] = long[longHash]!;
        long[longHash] = at + origin;

        const nextWord = view.getInt32(next, true);
        shortHash = hash4(nextWord, bits);
        longHash = hash7(nextWord, view.getInt32(next + 3, true), bits) << 1;

        if (at - longPlace < farthest) {
          from = -1;
          const olderFits = at - olderPlace < farthest && word === view.getInt32(olderPlace, true);
          if (word === view.getInt32(longPlace, true)) {
            from = longPlace;
            if (olderFits) {
              const most = Math.min(254, end - at - 4);
              length = this.common(at + 4, longPlace + 4, most) + 4;
              const older = this.common(at + 4, olderPlace + 4, most) + 4;
              if (older > length) {
                from = olderPlace;
                length = older;
              }
            }
          } else if (olderFits) from = olderPlace;
          if (from >= 0) {
            short[shortHash] = next + origin;
            long[longHash + 1] = long[longHash]!;
            long[longHash] = next + origin;
            break;
          }
        }
        if (at - shortPlace < farthest && word === view.getInt32(shortPlace, true)) {
          from = shortPlace;
          length = this.common(at + 4, shortPlace + 4, Math.min(254, end - at - 4)) + 4;
          const nextLong = long[longHash]! - origin;
          const nextOlder = long[longHash + 1]! - origin;
          short[shortHash] = next + origin;
          long[longHash + 1] = long[longHash]!;
          long[longHash] = next + origin;

          const again = at - distance + 1;
          if (view.getInt32(again, true) === view.getInt32(at + 1, true)) {
            const repeated = this.common(at + 5, again + 4, Math.min(254, end - at - 5)) + 4;
            if (repeated > length) {
              from = again;
              length = repeated;
              at++;
              break;
            }
          }
          if (next - nextLong < farthest) {
            const most = Math.min(254, end - next - 4);
            if (nextWord === view.getInt32(nextLong, true)) {
              const better = this.common(next + 4, nextLong + 4, most) + 4;
              if (better > length) {
                from = nextLong;
                at = next;
                length = better;
              }
            }
            if (next - nextOlder < farthest && nextWord === view.getInt32(nextOlder, true)) {
              const better = this.common(next + 4, nextOlder + 4, most) + 4;
              if (better > length) {
                from = nextOlder;
                at = next;
                length = better;
              }
            }
          }
          break;
        }
        word = nextWord;
      }

      if (length === 0) length = this.common(at + 4, from + 4, end - at - 4) + 4;
      else if (length === 258) length += this.common(at + length, from + length, end - at - length);

      const behind = at + length;
      if (behind < limit) {
        const hash = hash7(view.getInt32(behind, true), view.getInt32(behind + 3, true), bits) << 1;
        const later = at + 2;
        // Where a match would begin that goes on behind this one.
        let place = long[hash]! - origin - length + 2;
        if (later - place < farthest) {
          if (later > place && place >= 0) {
            const other = this.common(later, place, end - later);
            if (other > length) {
              from = place;
              length = other;
              at = later;
            }
          }
          place = long[hash + 1]! - origin - length + 2;
          if (later > place && later - place < farthest && place >= 0) {
            const other = this.common(later, place, end - later);
            if (other > length) {
              from = place;
              length = other;
              at = later;
            }
          }
        }
      }
      distance = at - from;
      this.putExtended(emitted, at, from, length);
      at += length;
      emitted = at;
      if (next >= at) at = next + 1;
      if (at >= limit) {
        for (let place = next + 1; place < end - 8; place += 2) this.enter(place);
        return emitted;
      }
      for (let place = next + 1; place < at - 1; place += 2) {
        this.enter(place);
        this.enterLong(place + 1);
      }
    }
  }

  private enter(place: number): void {
    this.short[hash4(this.view.getInt32(place, true), bits)] = place + this.origin;
    this.enterLong(place);
  }

  private enterLong(place: number): void {
    const { long, view } = this;
    const hash = hash7(view.getInt32(place, true), view.getInt32(place + 3, true), bits) << 1;
    long[hash + 1] = long[hash]!;
    long[hash] = place + this.origin;
  }
}
