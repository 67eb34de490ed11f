import { matchToken } from "../tokens.ts";
import type { BlockWriter } from "./block-writer.ts";
import { hash4 } from "./hash.ts";
import { LiteralCosts, type LiteralHabits, matchExtraBits } from "./literal-costs.ts";

/** How hard the levels 7 to 9 look. */
export interface ChainEffort {
  /** No better match is looked for behind one of this length. */
  lazy: number;
  /** A match of this length ends the search. */
  nice: number;
  /** How many places are tried. */
  tries: number;
}

/** What changed over the versions in how matches are chosen. */
export interface ChainHabits extends LiteralHabits {
  /** From 1.15.15: a match that ends later may begin up to two bytes later, and level 9 asks more of a match. */
  looksBehindMatch: boolean;
  /** Up to 1.19: the first block is thought to begin with the dictionary. */
  countsDictionary: boolean;
}

const windowSize = 1 << 15;
const mask = windowSize - 1;
const hashBits = 17;
const shortestMatch = 4;
const longestMatch = 258;
const blockTokens = 1 << 15;
/** From here on, places are counted anew lest they outgrow 32 bits. */
const highestOrigin = 1 << 28;
/** How many bytes later a match may begin that ends later. */
const later = 2;
/** From so many tries on, a match is weighed against the literals it saves. */
const manyTries = 100;

/** Levels 7 to 9: chains of all places with the same 4 bytes, and a match is taken only when the next place has none that is longer. */
export class ChainCompressor {
  private readonly effort: ChainEffort;
  private readonly habits: ChainHabits;
  private readonly blocks: BlockWriter;
  private readonly tokens = new Int32Array(blockTokens);
  private count = 0;
  /** Two windows; reads of 4 bytes may go beyond. */
  private readonly bytes = new Uint8Array(2 * windowSize + 4);
  private readonly view = new DataView(this.bytes.buffer);
  /** The last place of a hash and the one before each place; in both, places have `origin` added. */
  private readonly heads = new Int32Array(1 << hashBits);
  private readonly earlier = new Int32Array(windowSize);
  private origin = 1;
  private index = 0;
  private end = 0;
  /** The first place that has fewer than 4 bytes behind it. */
  private lastEntered = 0;
  private blockStart = 0;
  /** The last place with the hash of the place at hand. */
  private chain = 0;
  /** The match found last; 3 for none. */
  private length = shortestMatch - 1;
  private distance = 0;
  private literalsInARow = 0;
  /** The byte before `index` waits for what the search at `index` gives. */
  private hasWaiting = false;
  private flushing = false;
  private readonly costs: LiteralCosts;

  constructor(effort: ChainEffort, habits: ChainHabits, blocks: BlockWriter) {
    this.effort = effort;
    this.habits = habits;
    this.blocks = blocks;
    this.costs = new LiteralCosts(habits, 2 * windowSize);
  }

  /** Begins a new stream, in which matches with `dictionary` are allowed. */
  begin(dictionary: Uint8Array): void {
    this.heads.fill(0);
    this.earlier.fill(0);
    this.origin = 1;
    this.chain = -1;
    this.length = shortestMatch - 1;
    this.distance = 0;
    this.literalsInARow = 0;
    this.hasWaiting = false;
    this.count = 0;
    this.bytes.set(dictionary);
    this.end = dictionary.length;
    this.index = this.end;
    this.blockStart = this.habits.countsDictionary ? 0 : this.end;
    for (let place = 0; place <= this.end - shortestMatch; place++) this.enter(place);
  }

  write(input: Uint8Array): void {
    let at = 0;
    while (at < input.length) {
      if (this.end === 2 * windowSize) this.compress();
      if (this.index >= 2 * windowSize - (shortestMatch + longestMatch)) this.moveWindow();
      const until = Math.min(input.length, at + 2 * windowSize - this.end);
      this.bytes.set(input.subarray(at, until), this.end);
      this.end += until - at;
      at = until;
    }
  }

  /** Writes what is left and ends the block. */
  flush(): void {
    this.flushing = true;
    this.compress();
    this.flushing = false;
  }

  private moveWindow(): void {
    this.bytes.copyWithin(0, windowSize, 2 * windowSize);
    this.index -= windowSize;
    this.end -= windowSize;
    this.blockStart = this.blockStart >= windowSize ? this.blockStart - windowSize : Infinity;
    this.origin += windowSize;
    if (this.origin <= highestOrigin) return;
    const less = this.origin - 1;
    this.origin = 1;
    this.chain -= less;
    for (const table of [this.heads, this.earlier])
      for (let i = 0; i < table.length; i++) table[i] = Math.max(0, table[i]! - less);
  }

  private compress(): void {
    const { effort } = this;
    if (this.end - this.index < shortestMatch + longestMatch && !this.flushing) return;
    if (effort.tries >= manyTries) this.costs.weigh(this.bytes, this.index, this.end);
    this.lastEntered = this.end - (shortestMatch - 1);
    for (;;) {
      const ahead = this.end - this.index;
      if (ahead < shortestMatch + longestMatch && !this.flushing) return;
      if (ahead === 0) {
        if (this.hasWaiting) this.tokens[this.count++] = this.bytes[this.index - 1]!;
        this.hasWaiting = false;
        if (this.count > 0) this.writeBlock();
        return;
      }
      if (this.index < this.lastEntered) this.chain = this.enter(this.index);
      const previous = this.length;
      const { distance } = this;
      this.length = shortestMatch - 1;
      this.distance = 0;
      const place = this.chain - this.origin;
      if (place >= Math.max(0, this.index - windowSize) && ahead > previous && previous < effort.lazy)
        this.search(place, Math.min(ahead, longestMatch));
      if (previous >= shortestMatch && this.length <= previous) this.putMatch(previous, distance, ahead);
      else this.waitOrPut();
    }
  }

  /** Enters a place into the chains; the last place with the same hash. */
  private enter(place: number): number {
    const hash = hash4(this.view.getInt32(place, true), hashBits);
    const last = this.heads[hash]!;
    this.earlier[place & mask] = last;
    this.heads[hash] = place + this.origin;
    return last;
  }

  /** Looks for a longer match along the chain that begins at a place. */
  private search(from: number, most: number): void {
    const { bytes, earlier, origin, index } = this;
    const { upTo } = this.costs;
    const { tries } = this.effort;
    const nice = Math.min(this.effort.nice, most);
    const farthest = Math.max(0, index - windowSize);
    const weighs = tries >= manyTries;
    let gain = this.habits.looksBehindMatch ? 4 : 0;
    const price = this.habits.looksBehindMatch ? 3 : 6;
    let length = shortestMatch - 1;
    let last = bytes[index + length]!;
    let place = from;
    for (let left = tries; left > 0; left--) {
      if (bytes[place + length] === last) {
        const found = this.common(index, place, most);
        let taken = found > length;
        if (taken && weighs) {
          const literals = upTo[index + found]! - upTo[index]!;
          const saved = literals - price - matchExtraBits(found, index - place);
          taken = saved > gain;
          if (taken) gain = saved;
        }
        if (taken) {
          length = found;
          this.length = found;
          this.distance = index - place;
          if (found >= nice) return;
          last = bytes[index + found]!;
        }
      }
      if (place <= farthest) return;
      place = earlier[place & mask]! - origin;
      if (place < farthest) return;
    }
  }

  /** How many bytes are the same at two places, at most so many. */
  private common(at: number, other: number, most: number): number {
    const { view } = this;
    for (let i = 0; i < most; i += 4) {
      const difference = view.getInt32(at + i, true) ^ view.getInt32(other + i, true);
      if (difference !== 0) return Math.min(most, i + ((31 - Math.clz32(difference & -difference)) >> 3));
    }
    return most;
  }

  /** Puts the match found before, or one that ends later, and enters the places in it. */
  private putMatch(length: number, distance: number, ahead: number): void {
    this.length = length;
    this.distance = distance;
    if (this.habits.looksBehindMatch) this.lookBehindMatch(ahead);
    else this.lookAtEndOfMatch(ahead);
    this.tokens[this.count++] = matchToken(this.length, this.distance);
    const next = this.index + this.length - 1;
    const end = Math.min(next, this.lastEntered);
    for (let place = this.index + 1; place < end; place++) this.enter(place);
    this.index = next;
    this.hasWaiting = false;
    this.length = shortestMatch - 1;
    this.writeFullBlock();
    this.literalsInARow = 0;
  }

  /** Tries the place whose 4 bytes are those behind the match. What it does not cover of the match's beginning is put as literals. */
  private lookBehindMatch(ahead: number): void {
    const { bytes, index } = this;
    const begin = index - 1;
    const { length } = this;
    if (length >= longestMatch - later || begin + length >= this.lastEntered) return;
    const hash = hash4(this.view.getInt32(begin + length, true), hashBits);
    const place = this.heads[hash]! - this.origin - length;
    if (begin - place === this.distance || place <= Math.max(0, index - windowSize) + later) return;
    const most = Math.min(ahead, longestMatch + later) - later;
    let found = this.common(begin + later, place + later, most);
    if (found <= length) return;
    this.distance = begin - place;
    let missing = later;
    while (missing > 0 && found < longestMatch && bytes[begin + missing - 1] === bytes[place + missing - 1]) {
      found++;
      missing--;
    }
    this.length = found;
    for (let i = 0; i < missing; i++) {
      this.tokens[this.count++] = bytes[begin + i]!;
      this.writeFullBlock();
      this.index++;
      if (this.index < this.lastEntered) this.chain = this.enter(this.index);
    }
  }

  /** Up to 1.15.14: tries the place whose 4 bytes are those around the end of the match. */
  private lookAtEndOfMatch(ahead: number): void {
    const begin = this.index - 1;
    if (begin + this.length + later >= this.lastEntered) return;
    const hash = hash4(this.view.getInt32(begin + this.length - 2, true), hashBits);
    const place = this.heads[hash]! - this.origin - this.length + 2;
    if (place <= Math.max(0, this.index - windowSize)) return;
    const found = this.common(begin, place, Math.min(ahead, longestMatch));
    if (found <= this.length) return;
    this.length = found;
    this.distance = begin - place;
  }

  /** Puts the byte that waits, for the match behind it is better, or lets one wait. Where nothing is found for long, places are left out. */
  private waitOrPut(): void {
    const { bytes, tokens } = this;
    if (this.length >= shortestMatch) this.literalsInARow = 0;
    if (!this.hasWaiting) {
      this.index++;
      this.hasWaiting = true;
      return;
    }
    // The count is one of 16 bits.
    this.literalsInARow = (this.literalsInARow + 1) & 0xffff;
    tokens[this.count++] = bytes[this.index - 1]!;
    this.writeFullBlock();
    this.index++;
    const over = this.literalsInARow - this.effort.tries;
    if (over <= 0) return;
    for (let left = 1 + (over >> 6); left > 0 && this.index < this.end - 1; left--) {
      tokens[this.count++] = bytes[this.index - 1]!;
      this.writeFullBlock();
      if (this.index < this.lastEntered) this.chain = this.enter(this.index);
      this.index++;
    }
    tokens[this.count++] = bytes[this.index - 1]!;
    this.hasWaiting = false;
    this.writeFullBlock();
  }

  private writeFullBlock(): void {
    if (this.count === blockTokens) this.writeBlock();
  }

  private writeBlock(): void {
    const start = this.blockStart <= this.index ? this.blockStart : -1;
    this.blockStart = this.index;
    this.blocks.writeTokens(this.tokens, this.count, this.bytes, start, this.index, this.flushing);
    this.count = 0;
  }
}
