import type { Alignment } from "./alignment.ts";

/**
 * What kind of addresses a section holds. 0 none; 1 x86-64 code; 2 arm64 code; 3 absolute 64-bit pointers; 4 32-bit
 * image-relative addresses; 5 32-bit addresses relative to themselves; 6 32-bit addresses relative to the section;
 * 7 absolute pointers, or else image-relative addresses.
 */
export type AddressKind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
export const addressKinds = 8;

/** A section of the base and its counterpart in the target. */
export interface SectionPair {
  kind: AddressKind;
  readonly offset: number;
  readonly length: number;
  readonly address: number;
  readonly size: number;
  readonly code: boolean;
  readonly targetOffset: number;
  readonly targetLength: number;
  readonly targetAddress: number;
}

export interface SectionPairs {
  readonly imageBase: number;
  readonly targetImageBase: number;
  /** In order of `offset`, those with bytes in the file before others at the same offset. */
  readonly pairs: readonly SectionPair[];
}

const learnedBits = 16;
/** Base bytes that share one entry of the index into the moved ranges, at least; and entries, at most. */
const smallestStep = 4096;
const mostSteps = 1 << 16;

/** Where something pointed at has been seen to have moved, against what the alignment says. Its memory serves one piece after another. */
export class Learned {
  /** By slot: an address, and where it went. */
  readonly #pairs = new Float64Array(2 ** (learnedBits + 1));
  readonly #used = new Uint32Array(2 ** learnedBits);
  #usedCount = 0;

  /** Where `address` went, or undefined. */
  get(address: number): number | undefined {
    const at = 2 * slotOf(address);
    return this.#pairs[at] === address ? this.#pairs[at + 1] : undefined;
  }

  set(address: number, to: number): void {
    const at = 2 * slotOf(address);
    const isNew = this.#pairs[at] === 0 && this.#pairs[at + 1] === 0;
    if (isNew && this.#usedCount < this.#used.length) this.#used[this.#usedCount++] = at;
    this.#pairs[at] = address;
    this.#pairs[at + 1] = to;
  }

  /** Forgets everything. Most pieces learn little, so that only what they used is cleared. */
  clear(): void {
    if (this.#usedCount === this.#used.length) this.#pairs.fill(0);
    for (let k = 0; k < this.#usedCount; k++) {
      const at = this.#used[k]!;
      this.#pairs[at] = 0;
      this.#pairs[at + 1] = 0;
    }
    this.#usedCount = 0;
  }
}

/**
 * Foresees how the addresses in a relinked program changed: what a base address pointed at has moved as its bytes have
 * moved in the alignment. Encoder and decoder call `predict` for each block of copied bytes and, with what the block really
 * became, `learn`, in the same order. Nothing that `predict` does can fail on any input.
 */
export class Relinker {
  readonly #sections: SectionPairs;
  readonly #byAddress: SectionPair[];
  readonly #byTarget: SectionPair[];
  readonly #low: number;
  readonly #high: number;
  readonly #codeLow: number;
  readonly #codeHigh: number;
  readonly #starts: Float64Array;
  readonly #shifts: Float64Array;
  readonly #index: SearchIndex;
  readonly #learned: Learned;
  learning = true;

  /** Fields of the block at hand: position, form, what the base's address pointed at, what is foreseen. */
  #count = 0;
  #at = new Int32Array(1024);
  #form = new Uint8Array(1024);
  #old = new Float64Array(1024);
  #new = new Float64Array(1024);
  #here = new Float64Array(1024);

  #last: SectionPair | undefined;

  /** `learned` is cleared and then this relinker's alone. */
  constructor(sections: SectionPairs, piece: Alignment, learned = new Learned()) {
    this.#sections = sections;
    learned.clear();
    this.#learned = learned;
    this.#byAddress = sections.pairs.filter((s) => s.address > 0).sort((a, b) => a.address - b.address);
    this.#byTarget = sections.pairs
      .filter((s) => s.targetLength > 0)
      .sort((a, b) => a.targetOffset - b.targetOffset);
    const loaded = this.#byAddress;
    this.#low = loaded[0]?.address ?? 0;
    this.#high = loaded.reduce((high, s) => Math.max(high, s.address + s.size), 0);
    const code = loaded.filter((s) => s.code);
    this.#codeLow = code[0]?.address ?? 0;
    this.#codeHigh = code.reduce((high, s) => Math.max(high, s.address + s.size), 0);

    const map = moves(piece);
    this.#starts = map.starts;
    this.#shifts = map.shifts;
    this.#index = searchIndex(map.starts);
  }

  /** Changes `block`, base bytes from `from` that become target bytes at `to`, to what they are expected to be. */
  predict(block: Uint8Array, from: number, to: number): void {
    this.#count = 0;
    const pairs = this.#sections.pairs;
    let k = upperBound(pairs, from, (s) => s.offset + s.length);
    for (; k < pairs.length; k++) {
      const section = pairs[k]!;
      const begin = Math.max(0, section.offset - from);
      const end = Math.min(block.length, section.offset + section.length - from);
      if (section.offset >= from + block.length) break;
      if (begin >= end || section.kind === 0) continue;
      const here = this.#targetSection(to + begin, section);
      if (here === undefined) continue;
      // Addresses of the block's first byte, before and after.
      const old = from - section.offset + section.address;
      const now = to - here.targetOffset + here.targetAddress;
      if (section.kind === 1) this.#predictX86(block, begin, end, old, now);
      else if (section.kind === 2) this.#predictArm(block, begin, end, old, now);
      else this.#predictData(block, begin, end, old, now, section);
    }
  }

  /** Learns from what the block of the last `predict` really became. */
  learn(now: Uint8Array): void {
    if (!this.learning) return;
    const view = new DataView(now.buffer, now.byteOffset, now.byteLength);
    let page = 0;
    for (let k = 0; k < this.#count; k++) {
      const at = this.#at[k]!;
      const here = this.#here[k]!;
      const form = this.#form[k]!;
      let real: number;
      if (form === 1) real = here + view.getInt32(at, true);
      else if (form === 2) real = here + ((view.getInt32(at, true) << 6) >> 4);
      else if (form === 3) {
        page = pageOf(view.getInt32(at, true), here);
        continue;
      } else if (form === 4) {
        const word = view.getInt32(at, true);
        page = this.#pageBefore(view, k) ?? page;
        real = page + lowOf(word);
      } else if (form === 5) real = view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
      else real = here + view.getUint32(at, true);
      const old = this.#old[k]!;
      if (real === this.#new[k]) continue;
      this.#learned.set(old, real);
    }
  }

  #pageBefore(view: DataView, k: number): number | undefined {
    const link = this.#link[k]!;
    return link < 0 ? undefined : pageOf(view.getInt32(this.#at[link]!, true), this.#here[link]!);
  }
  #link = new Int32Array(1024);

  #field(at: number, form: number, old: number, now: number, here: number, link: number): void {
    const k = this.#count++;
    if (k === this.#at.length) {
      this.#at = larger(this.#at, new Int32Array(k * 2));
      this.#form = larger(this.#form, new Uint8Array(k * 2));
      this.#old = larger(this.#old, new Float64Array(k * 2));
      this.#new = larger(this.#new, new Float64Array(k * 2));
      this.#here = larger(this.#here, new Float64Array(k * 2));
      this.#link = larger(this.#link, new Int32Array(k * 2));
    }
    this.#at[k] = at;
    this.#form[k] = form;
    this.#old[k] = old;
    this.#new[k] = now;
    this.#here[k] = here;
    this.#link[k] = link;
  }

  #predictX86(block: Uint8Array, begin: number, end: number, old: number, now: number): void {
    const low = this.#low - old;
    const high = this.#high - old;
    const codeLow = this.#codeLow - old;
    const codeHigh = this.#codeHigh - old;
    let before = 0;
    for (let i = begin; i <= end - 5; i++) {
      const byte = block[i]!;
      const call = (byte & 0xfe) === 0xe8 || ((byte & 0xf0) === 0x80 && before === 0x0f);
      if (call || (byte & 0xc7) === 0x05) {
        const field = block[i + 1]! | (block[i + 2]! << 8) | (block[i + 3]! << 16) | (block[i + 4]! << 24);
        const target = i + 5 + field;
        if (call ? target >= codeLow && target < codeHigh : target >= low && target < high) {
          const moved = this.#moved(target + old);
          const here = now + i + 5;
          const value = moved - here;
          block[i + 1] = value;
          block[i + 2] = value >> 8;
          block[i + 3] = value >> 16;
          block[i + 4] = value >> 24;
          this.#field(i + 1, 1, target + old, moved, here, -1);
          i += 4;
          before = 0;
          continue;
        }
      }
      before = byte;
    }
  }

  #predictArm(block: Uint8Array, begin: number, end: number, old: number, now: number): void {
    const shift = now - old;
    if (shift % 4 !== 0) return;
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    const first = begin + ((4 - ((begin + old) % 4)) % 4);
    /** By register: the field of the ADRP that made its page, and that page. */
    const adrp = new Int32Array(32).fill(-1);
    const pages = new Float64Array(32);
    for (let i = first; i + 4 <= end; i += 4) {
      const word = view.getInt32(i, true);
      const high = word >>> 24;
      if ((high & 0x7c) === 0x14) {
        const target = old + i + ((word << 6) >> 4);
        if (target >= this.#codeLow && target < this.#codeHigh) {
          const moved = this.#moved(target);
          const here = now + i;
          view.setInt32(i, (word & 0xfc000000) | (((moved - here) >> 2) & 0x3ffffff), true);
          this.#field(i, 2, target, moved, here, -1);
        }
      } else if ((high & 0x9f) === 0x90) {
        const register = word & 31;
        const page = pageOf(word, old + i);
        pages[register] = page;
        adrp[register] = -1;
        if (page < this.#low - 4096 || page >= this.#high) continue;
        // The low bits stand in one of the next instructions.
        let target = page;
        for (let j = i + 4; j < i + 64 && j + 4 <= end; j += 4) {
          const next = view.getInt32(j, true);
          if (usesPage(next) && ((next >>> 5) & 31) === register) {
            target = page + lowOf(next);
            break;
          }
          if (((next >>> 24) & 0x9f) === 0x90 && (next & 31) === register) break;
        }
        const moved = this.#moved(target);
        const here = now + i;
        view.setInt32(i, withPage(word, moved, here), true);
        adrp[register] = this.#count;
        this.#field(i, 3, target, moved, here, -1);
      } else if (usesPage(word)) {
        const register = (word >>> 5) & 31;
        const link = adrp[register]!;
        if (link < 0) continue;
        const target = pages[register]! + lowOf(word);
        const moved = this.#moved(target);
        const scale = scaleOf(word);
        const low = moved % 4096;
        if (low % scale === 0) view.setInt32(i, (word & ~(0xfff << 10)) | ((low / scale) << 10), true);
        this.#field(i, 4, target, moved, now + i, link);
      }
    }
  }

  #predictData(
    block: Uint8Array,
    begin: number,
    end: number,
    old: number,
    now: number,
    section: SectionPair,
  ): void {
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    const { kind } = section;
    const { imageBase, targetImageBase } = this.#sections;
    const first = begin + ((4 - ((begin + old) % 4)) % 4);
    for (let i = first; i + 4 <= end; i += 4) {
      const value = view.getInt32(i, true);
      if ((kind === 3 || kind === 7) && (i + old) % 8 === 0 && i + 8 <= end) {
        const pointer = (value >>> 0) + view.getInt32(i + 4, true) * 2 ** 32;
        if (pointer > this.#low && pointer < this.#high) {
          const moved = this.#moved(pointer);
          view.setUint32(i, moved % 2 ** 32, true);
          view.setInt32(i + 4, moved / 2 ** 32, true);
          this.#field(i, 5, pointer, moved, 0, -1);
          i += 4;
          continue;
        }
      }
      if (kind === 3 || value === 0) continue;
      const from = kind === 5 ? old + i : kind === 6 ? section.address : imageBase;
      const here = kind === 5 ? now + i : kind === 6 ? section.targetAddress : targetImageBase;
      const target = from + value;
      const inside =
        kind === 6
          ? target >= this.#low && target < this.#high
          : kind === 4
            ? value > 0 && target > this.#low && target < this.#high
            : target >= this.#codeLow && target < this.#codeHigh;
      if (!inside) continue;
      const moved = this.#moved(target);
      view.setInt32(i, moved - here, true);
      this.#field(i, kind === 4 || kind === 7 ? 6 : 1, target, moved, here, -1);
    }
  }

  /** Where what stood at the base's address is expected in the target. */
  #moved(address: number): number {
    const known = this.#learned.get(address);
    if (known !== undefined) return known;
    let section = this.#last;
    if (section === undefined || address < section.address || address >= section.address + section.size) {
      const k = upperBound(this.#byAddress, address, (s) => s.address);
      section = this.#byAddress[k - 1];
      if (section === undefined) return address;
      this.#last = section;
    }
    const inside = address - section.address;
    if (inside >= section.length) return inside - section.size + section.targetAddress + section.size;
    const offset = section.offset + inside;
    const starts = this.#starts;
    const { lows, highs } = this.#index;
    const step = Math.floor(offset / this.#index.step);
    let low = step < lows.length ? lows[step]! : 0;
    let high = step < highs.length ? highs[step]! : starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return inside + section.targetAddress;
    const to = offset + this.#shifts[low - 1]!;
    const there = this.#targetSection(to, section);
    return there === undefined
      ? inside + section.targetAddress
      : to - there.targetOffset + there.targetAddress;
  }

  #targetSection(at: number, likely: SectionPair): SectionPair | undefined {
    if (at >= likely.targetOffset && at < likely.targetOffset + likely.targetLength) return likely;
    const k = upperBound(this.#byTarget, at, (s) => s.targetOffset);
    const section = this.#byTarget[k - 1];
    return section !== undefined && at < section.targetOffset + section.targetLength ? section : undefined;
  }
}

/** Copies shorter than this say nothing about where their surroundings went. */
const tellingCopy = 32;

/** How far which base bytes moved: ranges from one start to the next. Where copies overlap, the longer one tells. */
function moves(piece: Alignment): { starts: Float64Array; shifts: Float64Array } {
  let at = piece.targetOffset;
  const shiftOf = new Float64Array(piece.count);
  const copies: number[] = [];
  for (let k = 0; k < piece.count; k++) {
    at += piece.literals[k]!;
    shiftOf[k] = at - piece.from[k]!;
    at += piece.copies[k]!;
    if (piece.copies[k]! >= tellingCopy) copies.push(k);
  }
  copies.sort((a, b) => piece.from[a]! - piece.from[b]! || a - b);
  const starts: number[] = [];
  const shifts: number[] = [];
  let end = 0;
  let length = 0;
  for (const k of copies) {
    let from = piece.from[k]!;
    const till = from + piece.copies[k]!;
    if (from < end && piece.copies[k]! <= length) from = end;
    if (from >= till) continue;
    starts.push(from);
    shifts.push(shiftOf[k]!);
    end = till;
    length = till - from;
  }
  return { starts: Float64Array.from(starts), shifts: Float64Array.from(shifts) };
}

/** For each `step` of base bytes, how far the search for one of them always goes alike. */
interface SearchIndex {
  step: number;
  lows: Uint32Array;
  highs: Uint32Array;
}

/**
 * Where ranges overlapped, `starts` is not quite in order, and what a search then finds is part of the format: so its first steps
 * are taken beforehand, as far as they are the same for all of a step's bytes, and not the search replaced.
 */
export function searchIndex(starts: Float64Array): SearchIndex {
  const end = starts.reduce((a, b) => Math.max(a, b + 1), 0);
  const step = Math.max(smallestStep, Math.ceil(end / mostSteps));
  const count = Math.ceil(end / step);
  const lows = new Uint32Array(count);
  const highs = new Uint32Array(count);
  for (let k = 0; k < count; k++) {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= k * step) low = middle + 1;
      else if (starts[middle]! >= (k + 1) * step) high = middle;
      else break;
    }
    lows[k] = low;
    highs[k] = high;
  }
  return { step, lows, highs };
}

/** How many of the sorted rows have a key of at most `value`. */
function upperBound<T>(rows: readonly T[], value: number, key: (row: T) => number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key(rows[middle]!) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function larger<T extends Int32Array | Uint8Array | Float64Array>(old: T, made: T): T {
  made.set(old);
  return made;
}

function slotOf(address: number): number {
  return Math.imul(address | 0, 0x9e3779b1) >>> (32 - learnedBits);
}

/** ADD (immediate) or a load or store with an unsigned offset: what follows an ADRP. */
function usesPage(word: number): boolean {
  return (word & 0xffc00000) >>> 0 === 0x91000000 || (word & 0x3b000000) === 0x39000000;
}

/** Bytes that one step of the instruction's offset means. */
function scaleOf(word: number): number {
  if ((word & 0xffc00000) >>> 0 === 0x91000000) return 1;
  return (word & 0x04800000) === 0x04800000 ? 16 : 2 ** (word >>> 30);
}

function lowOf(word: number): number {
  return ((word >>> 10) & 0xfff) * scaleOf(word);
}

function pageOf(word: number, here: number): number {
  const pages = (((word << 8) >> 13) << 2) | ((word >>> 29) & 3);
  return here - (here % 4096) + ((pages << 11) >> 11) * 4096;
}

function withPage(word: number, target: number, here: number): number {
  const pages = Math.floor(target / 4096) - Math.floor(here / 4096);
  return (word & 0x9f00001f) | ((pages & 3) << 29) | (((pages >> 2) & 0x7ffff) << 5);
}
