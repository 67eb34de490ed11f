import { hash4 } from "../klauspost/hash.ts";
import { hash8 } from "./hash8.ts";
import { Matcher } from "./matcher.ts";
import { matchBits, matchCode, matchTable, offsetCode, offsetTable } from "./sequence-codes.ts";

/** At the end of a block so many bytes are not looked at. */
const margin = 12;
const longBits = 22;
const shortBits = 18;
/** Without a match, the step grows by one each time so many bytes were passed over, as a power of two. */
const patience = 9;
/** A match may begin with an offset before only behind so many sequences. */
const enough = 2;
/** A match of this length is looked at no further. */
const goodEnough = 250;
const longestMatch = 131_074;
/** The price of no match. */
const noMatch = 8 * longestMatch;
/** Of a match that is found by its end so many bytes may be others. */
const skipped = 2;
const windowSize = 8 << 20;
/** Says of a match that it has an offset of its own. */
const ownOffset = -1;
/** Says of a match with an offset before that no literals stand before it. */
const noLiterals = 4;

/**
 * Finds matches with tables of the last two places by hashes of eight and of four bytes, and weighs by the bits that everybody's tables would take:
 * klauspost's "best".
 */
export class BestMatcher extends Matcher {
  /** A place, and the one that stood here before it. */
  private readonly long: Int32Array;
  private readonly short: Int32Array;
  /** The match that is best so far; `repeat` numbers its offset among those before, 0 where there is no match. */
  private at = 0;
  private from = 0;
  private length = 0;
  private repeat = 0;
  private price = noMatch;
  /** What a literal takes, in 1024ths of a bit. */
  private literalPrice = 0;
  private emitted = 0;
  private readonly seesRuns: boolean;

  /** `seesRuns` where it is seen at once that a block repeats one byte. */
  constructor(seesRuns: boolean) {
    const long = new Int32Array(2 << longBits);
    const short = new Int32Array(2 << shortBits);
    super({
      windowSize,
      blockSize: 128 << 10,
      smallestBlock: 16,
      tables: [
        { entries: long, step: 1 },
        { entries: short, step: 1 },
      ],
    });
    this.seesRuns = seesRuns;
    this.long = long;
    this.short = short;
  }

  override find(isOnly: boolean): void {
    const { start, end, size } = this;
    if (!this.seesRuns || size < 4 || this.common(start + 1, start, end) < size - 1) {
      super.find(isOnly);
      return;
    }
    this.clear();
    this.putLiterals(start, start + 1);
    this.sequences.add(1, size - 1, 4);
  }

  protected override scan(): number {
    const { view, long, short, origin, sequences, start, end } = this;
    const limit = end - margin;
    this.literalPrice = Math.max(
      1024,
      Math.trunc((entropyBits(this.bytes, start, end) * 1024) / (end - start)),
    );
    let at = start;
    this.emitted = start;
    let one = 1;
    let two = 4;
    let three = 8;
    for (;;) {
      const mayRepeat = sequences.count > enough;
      const low = view.getInt32(at, true);
      const high = view.getInt32(at + 4, true);
      const longAt = hash8(low, high, longBits) << 1;
      const shortAt = hash4(low, shortBits) << 1;
      const longPlace = long[longAt]!;
      const shortPlace = short[shortAt]!;
      this.at = at;
      this.from = 0;
      this.length = 0;
      this.repeat = 0;
      this.price = noMatch;
      this.improve(longPlace - origin, at, low, ownOffset);
      this.improve(long[longAt + 1]! - origin, at, low, ownOffset);
      this.improve(shortPlace - origin, at, low, ownOffset);
      this.improve(short[shortAt + 1]! - origin, at, low, ownOffset);
      if (mayRepeat && this.length < goodEnough) {
        if (at === this.emitted) {
          this.improve(at - two, at, low, 1 | noLiterals);
          this.improve(at - three, at, low, 2 | noLiterals);
          if (one > 1) this.improve(at - (one - 1), at, low, 3 | noLiterals);
        }
        if (this.repeat <= 0) {
          const next = (low >>> 8) | (high << 24);
          this.improve(at + 1 - one, at + 1, next, 1);
          this.improve(at + 1 - two, at + 1, next, 2);
          this.improve(at + 1 - three, at + 1, next, 3);
          if (this.repeat < 0) {
            const third = (low >>> 24) | (high << 8);
            this.improve(at + 3 - one, at + 3, third, 1);
            this.improve(at + 3 - two, at + 3, third, 2);
            this.improve(at + 3 - three, at + 3, third, 3);
          }
        }
      }
      long[longAt] = at + origin;
      long[longAt + 1] = longPlace;
      short[shortAt] = at + origin;
      short[shortAt + 1] = shortPlace;
      const entered = at + 1;
      if (this.length < goodEnough) {
        if (this.length < 4) {
          at += 1 + ((at - this.emitted) >> patience);
          if (at >= limit) return this.emitted;
          continue;
        }
        this.lookAhead(at, limit);
      }
      at = this.at + this.length;
      if (this.repeat > 0) {
        this.put(this.repeat & 3);
        this.enter(entered, Math.min(at, limit + 4));
        const [before, beforeThat] = [one, two];
        switch (this.repeat) {
          case 2:
          case 1 | noLiterals:
            one = two;
            two = before;
            break;
          case 3:
          case 2 | noLiterals:
            one = three;
            two = before;
            three = beforeThat;
            break;
          case 3 | noLiterals:
            one = before - 1;
            two = before;
            three = beforeThat;
            break;
          default:
        }
      } else {
        three = two;
        two = one;
        one = this.at - this.from;
        this.put(one + 3);
        this.enter(entered, Math.min(at, limit - 4));
      }
      if (at >= limit) return this.emitted;
    }
  }

  /** Whether the four bytes `low` at `at` stand at `from`, too, and make a match that is better than the best so far. */
  private improve(from: number, at: number, low: number, repeat: number): void {
    const { bytes, view, end } = this;
    const distance = at - from;
    if (distance >= windowSize || distance <= 0 || view.getInt32(from, true) !== low) return;
    if (this.length > 16) {
      const left = end - (this.at + this.length);
      if (left <= 0) return;
      const further = this.length - (at - this.at) - 8;
      if (
        left > 2 &&
        further > 4 &&
        view.getInt32(from + further, true) !== view.getInt32(at + further, true)
      )
        return;
    }
    let length = 4 + this.common(at + 4, from + 4, end);
    let first = at;
    let firstFrom = from;
    if (this.repeat <= 0) {
      const lowest = Math.max(at - windowSize, 0);
      while (
        firstFrom > lowest &&
        first > this.emitted &&
        bytes[firstFrom - 1] === bytes[first - 1] &&
        length < longestMatch
      ) {
        first--;
        firstFrom--;
        length++;
      }
    }
    const price = this.priceOf(
      length,
      repeat < 0 ? offsetCode(first - firstFrom + 3) : offsetCode(repeat & 3),
    );
    const isBetter =
      this.price >= noMatch || price - this.price + (((first - this.at) * this.literalPrice) >> 10) < 0;
    if (!isBetter) return;
    this.at = first;
    this.from = firstFrom;
    this.length = price === noMatch ? 0 : length;
    this.repeat = repeat;
    this.price = price;
  }

  /** What a match takes more than its literals would, in bits; `noMatch` where it takes more. */
  private priceOf(length: number, offset: number): number {
    const match = matchCode(length - 3);
    const bits =
      offset +
      matchBits[match]! +
      (offsetTable.bitSteps[offset]! >>> 16) +
      (matchTable.bitSteps[match]! >>> 16);
    const price = bits - Math.trunc((length * this.literalPrice) / 1024);
    return price > 0 ? noMatch : price;
  }

  /** Looks for a better match one and two bytes further on, and at where the best one ends. */
  private lookAhead(at: number, limit: number): void {
    const { view, long, short, origin } = this;
    const one = view.getInt32(at + 1, true);
    const two = view.getInt32(at + 2, true);
    const shortPlace = short[hash4(one, shortBits) << 1]! - origin;
    const longAt = hash8(one, view.getInt32(at + 5, true), longBits) << 1;
    const nextAt = hash8(two, view.getInt32(at + 6, true), longBits) << 1;
    this.improve(shortPlace, at + 1, one, ownOffset);
    this.improve(long[longAt]! - origin, at + 1, one, ownOffset);
    this.improve(long[longAt + 1]! - origin, at + 1, one, ownOffset);
    this.improve(long[nextAt]! - origin, at + 2, two, ownOffset);
    this.improve(long[nextAt + 1]! - origin, at + 2, two, ownOffset);
    if (this.at <= at - skipped) return;
    const ended = this.at + this.length;
    if (ended >= limit) return;
    const endAt = hash8(view.getInt32(ended, true), view.getInt32(ended + 4, true), longBits) << 1;
    const endPlace = long[endAt]! - origin;
    const endBefore = long[endAt + 1]! - origin;
    const from = endPlace - this.length + skipped;
    if (from < 0) return;
    this.improve(from, this.at + skipped, view.getInt32(this.at + skipped, true), ownOffset);
    const fromBefore = endBefore - this.length + skipped;
    if (fromBefore >= 0)
      this.improve(fromBefore, this.at + skipped, view.getInt32(this.at + skipped, true), ownOffset);
  }

  /** Puts the best match and the literals before it. */
  private put(offset: number): void {
    this.putLiterals(this.emitted, this.at);
    this.sequences.add(this.at - this.emitted, this.length, offset);
    this.emitted = this.at + this.length;
  }

  /** Puts places into both tables, up to `until`. */
  private enter(from: number, until: number): void {
    const { view, long, short, origin } = this;
    for (let at = from; at < until; at++) {
      const low = view.getInt32(at, true);
      const longAt = hash8(low, view.getInt32(at + 4, true), longBits) << 1;
      const shortAt = hash4(low, shortBits) << 1;
      long[longAt + 1] = long[longAt]!;
      long[longAt] = at + origin;
      short[shortAt + 1] = short[shortAt]!;
      short[shortAt] = at + origin;
    }
  }
}

/** So many bits a code for each byte would take at the least, rounded up for each value. */
function entropyBits(bytes: Uint8Array, start: number, end: number): number {
  const counts = new Uint32Array(256);
  for (let at = start; at < end; at++) counts[bytes[at]!]!++;
  const share = 1 / (end - start);
  let bits = 0;
  for (const count of counts) if (count > 0) bits += Math.ceil(-Math.log2(count * share) * count);
  return Math.ceil(bits);
}
