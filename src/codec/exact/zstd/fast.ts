import { hash6 } from "../klauspost/hash.ts";
import { Matcher } from "./matcher.ts";

/** At the end of a block so many bytes are not looked at. */
const margin = 8;
const tableBits = 15;
/** Without a match, the step grows by one each time so many bytes were passed over, as a power of two. */
const patience = 5;
/** A match may begin with the offset before only behind so many sequences. */
const enough = 2;

/** Finds matches with one table of places, by a hash of six bytes, two places at a time: klauspost's "fastest". */
export class FastMatcher extends Matcher {
  /** A place, and the four bytes that stand there. */
  private readonly table: Int32Array;

  constructor() {
    const table = new Int32Array(2 << tableBits);
    super({
      windowSize: 4 << 20,
      blockSize: 64 << 10,
      smallestBlock: 10,
      tables: [{ entries: table, step: 2 }],
    });
    this.table = table;
  }

  protected override scan(isOnly: boolean): number {
    const { bytes, view, table, origin, sequences, windowSize, start, end } = this;
    const limit = end - margin;
    let at = start;
    let emitted = start;
    let offset = 1;
    let offsetBefore = 4;
    for (;;) {
      const mayRepeat = sequences.count > enough;
      let from: number;
      for (;;) {
        const word = view.getInt32(at, true);
        const second = view.getInt32(at + 1, true);
        const third = view.getInt32(at + 2, true);
        const entry = hash6(word, third, tableBits) << 1;
        const secondEntry = hash6(second, view.getInt32(at + 3, true), tableBits) << 1;
        const place = table[entry]! - origin;
        const placeWord = table[entry + 1]!;
        const secondPlace = table[secondEntry]! - origin;
        const secondWord = table[secondEntry + 1]!;
        table[entry] = at + origin;
        table[entry + 1] = word;
        table[secondEntry] = at + 1 + origin;
        table[secondEntry + 1] = second;
        if (mayRepeat && view.getInt32(at - offset + 2, true) === third) {
          const length = 4 + this.common(at + 6, at - offset + 6, end);
          const lowest = Math.max(emitted + 1, Math.max(at - windowSize, 0) + offset);
          let first = at + 2;
          while (first > lowest && bytes[first - offset - 1] === bytes[first - 1]) first--;
          this.putLiterals(emitted, first);
          sequences.add(first - emitted, length + at + 2 - first, 1);
          at += length + 2;
          emitted = at;
          if (at >= limit) return emitted;
          continue;
        }
        if (placeWord === word && at - place < windowSize) {
          from = place;
          break;
        }
        if (secondWord === second && at + 1 - secondPlace < windowSize) {
          from = secondPlace;
          at++;
          break;
        }
        at += 2 + ((at - emitted) >> patience);
        if (at >= limit) return emitted;
      }
      offsetBefore = offset;
      offset = at - from;
      emitted = this.putMatch(at, offset, 4 + this.common(at + 4, from + 4, end), emitted);
      at = emitted;
      if (at >= limit) return emitted;
      if (!(isOnly ? sequences.count > enough : mayRepeat)) continue;
      const word = view.getInt32(at, true);
      if (view.getInt32(at - offsetBefore, true) !== word) continue;
      const entry = hash6(word, view.getInt32(at + 2, true), tableBits) << 1;
      table[entry] = at + origin;
      table[entry + 1] = word;
      const length = 4 + this.common(at + 4, at - offsetBefore + 4, end);
      sequences.add(0, length, 1);
      at += length;
      emitted = at;
      const other = offset;
      offset = offsetBefore;
      offsetBefore = other;
      if (at >= limit) return emitted;
    }
  }
}
