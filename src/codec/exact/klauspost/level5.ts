import { farthest, Matcher, margin } from "./matcher.ts";
import { hash4, hash7 } from "./hash.ts";

const bits = 15;

/** What changed over the versions in level 5. */
export interface Level5Habits {
  /** So many bytes later than another match one may begin that ends later: 2, up to 1.15.9 none, and -1 up to 1.11, where none is tried. */
  later: number;
  /** Up to 1.14: see `Matcher`. */
  partsOf255: boolean;
}

/**
 * Level 5, what podman and its kin use: the last place with the same 4 bytes and the last two with the same 7. Of two long ones the longer is
 * taken; a short one must beat the long ones of the next place. Behind a match that is shorter than 30 bytes, another is tried that ends later.
 */
export class Level5 extends Matcher {
  private readonly short: Int32Array;
  /** The last place and the one before it, side by side. */
  private readonly long: Int32Array;

  private readonly later: number;

  constructor({ later, partsOf255 }: Level5Habits) {
    const short = new Int32Array(1 << bits);
    const long = new Int32Array(2 << bits);
    super(partsOf255, short, long);
    this.short = short;
    this.long = long;
    this.later = later;
  }

  protected override scan(start: number, end: number): number {
    const { view, short, long, origin, later } = this;
    const limit = end - margin;
    let emitted = start;
    let at = start;
    let word = view.getInt32(at, true);
    let shortHash = hash4(word, bits);
    let longHash = hash7(word, view.getInt32(at + 3, true), bits) << 1;
    for (;;) {
      let next = at;
      let length = 0;
      let from = 0;
      for (;;) {
        at = next;
        next = at + 1 + ((at - emitted) >> 6);
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
          if (word === view.getInt32(longPlace, true)) {
            short[shortHash] = next + origin;
            long[longHash + 1] = long[longHash]!;
            long[longHash] = next + origin;
            from = longPlace;
            if (at - olderPlace < farthest && word === view.getInt32(olderPlace, true)) {
              const most = Math.min(254, end - at - 4);
              length = this.common(at + 4, longPlace + 4, most) + 4;
              const older = this.common(at + 4, olderPlace + 4, most) + 4;
              if (older > length) {
                from = olderPlace;
                length = older;
              }
            }
            break;
          }
          if (at - olderPlace < farthest && word === view.getInt32(olderPlace, true)) {
            short[shortHash] = next + origin;
            long[longHash + 1] = long[longHash]!;
            long[longHash] = next + origin;
            from = olderPlace;
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
          if (next - nextLong < farthest) {
            const most = Math.min(254, end - next - 4);
            let better = 0;
            let place = nextLong;
            if (nextWord === view.getInt32(nextLong, true))
              better = this.common(next + 4, nextLong + 4, most) + 4;
            if (
              better <= length &&
              next - nextOlder < farthest &&
              nextWord === view.getInt32(nextOlder, true)
            ) {
              better = this.common(next + 4, nextOlder + 4, most) + 4;
              place = nextOlder;
            }
            if (better > length) {
              from = place;
              at = next;
              length = better;
            }
          }
          break;
        }
        word = nextWord;
      }

      if (length === 0) length = this.common(at + 4, from + 4, end - at - 4) + 4;
      else if (length === 258) length += this.common(at + length, from + length, end - at - length);

      const behind = at + length;
      if (length < 30 && behind < limit && later >= 0) {
        const hash = hash7(view.getInt32(behind, true), view.getInt32(behind + 3, true), bits) << 1;
        const place = long[hash]! - origin - length + later;
        const distance = at + later - place;
        if (place >= 0 && distance < farthest && distance > 0) {
          const other = this.common(at + later, place, end - at - later);
          if (other > length) {
            from = place;
            length = other;
            at += later;
          }
        }
      }
      const whole = this.putExtended(emitted, at, from, length);
      at += length;
      emitted = at;
      if (next >= at) at = next + 1;
      if (at >= limit) return emitted;

      let place = at - whole + 1;
      if (place < at - 1) {
        const first = view.getInt32(place, true);
        const second = view.getInt32(place + 4, true);
        short[hash4(first, bits)] = place + origin;
        let hash = hash7(first, view.getInt32(place + 3, true), bits) << 1;
        long[hash + 1] = long[hash]!;
        long[hash] = place + origin;
        hash = hash7((first >>> 8) | (second << 24), second, bits) << 1;
        long[hash + 1] = long[hash]!;
        long[hash] = place + 1 + origin;
        short[hash4((first >>> 16) | (second << 16), bits)] = place + 2 + origin;
        for (place += 4; place < at - 1; place += 3) {
          const here = view.getInt32(place, true);
          const rest = view.getInt32(place + 3, true);
          hash = hash7(here, rest, bits) << 1;
          long[hash + 1] = long[hash]!;
          long[hash] = place + origin;
          short[hash4((here >>> 8) | ((rest << 16) & 0xff000000), bits)] = place + 1 + origin;
        }
      }
      const before = view.getInt32(at - 1, true);
      const hash = hash7(before, view.getInt32(at + 2, true), bits) << 1;
      short[hash4(before, bits)] = at - 1 + origin;
      long[hash + 1] = long[hash]!;
      long[hash] = at - 1 + origin;
      word = view.getInt32(at, true);
      shortHash = hash4(word, bits);
      longHash = hash7(word, view.getInt32(at + 3, true), bits) << 1;
    }
  }
}
