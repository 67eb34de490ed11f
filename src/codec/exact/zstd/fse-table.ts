import { normalise } from "./normalise.ts";
import type { PackedOutput } from "./packed-output.ts";

const mostSymbols = 64;
const mostStates = 1 << 8;
const smallestLog = 5;
/** Costs are counted in parts of a bit. */
const costLog = 8;

/** A table of finite state entropy (RFC 8878, 4.1), for packing. */
export class FseTable {
  /** How often each symbol comes. */
  readonly counts = new Uint32Array(mostSymbols);
  /** Shares of the states, which come to `1 << log`; -1 is a symbol that is hardly there. */
  readonly shares = new Int16Array(mostSymbols);
  /** Symbols up to the last that comes; none where the table is not to be used again. */
  symbols = 0;
  log = 0;
  /** The only symbol, where there is one: it takes no bits. */
  isRun = false;
  /** Whether everybody has this table. */
  isPredefined = false;
  /** The next state, by the place that `stateSteps` gives. */
  readonly states = new Uint16Array(mostStates);
  /** Added to a state, the upper 16 bits say how many bits a symbol takes. */
  readonly bitSteps = new Int32Array(mostSymbols);
  readonly stateSteps = new Int32Array(mostSymbols);
  private readonly symbolAt = new Uint8Array(mostStates);
  private readonly nextPlace = new Int32Array(mostSymbols + 1);

  /** A table with given shares, which everybody has. */
  static predefined(log: number, shares: readonly number[]): FseTable {
    const table = new FseTable();
    table.shares.set(shares);
    table.symbols = shares.length;
    table.log = log;
    table.isPredefined = true;
    table.build();
    return table;
  }

  /** Takes shares for `counts`, which come to `total`. */
  fit(total: number, log: number): void {
    this.isRun = false;
    this.log = log;
    normalise(this.counts, this.symbols, total, log, this.shares);
    this.build();
  }

  /** For one symbol only. */
  fitRun(symbol: number): void {
    this.isRun = true;
    this.log = 0;
    this.states[0] = 0;
    this.bitSteps[symbol] = 0;
    this.stateSteps[symbol] = 0;
  }

  /** The state that a stream of symbols begins with, the last of which this is. */
  firstState(symbol: number): number {
    if (this.isRun) return 0;
    const step = this.bitSteps[symbol]!;
    const bits = (step + (1 << 15)) >>> 16;
    return this.states[(((bits << 16) - step) >> bits) + this.stateSteps[symbol]!]!;
  }

  /** What symbols that come so often would take in bits; infinite where it has not all of them. */
  cost(counts: Uint32Array, symbols: number): number {
    if (this.symbols < symbols || this.isRun) return Number.POSITIVE_INFINITY;
    const most = (this.log + 1) << costLog;
    let sum = 0;
    for (let i = 0; i < symbols; i++) {
      const count = counts[i]!;
      if (count === 0) continue;
      if (this.shares[i] === 0) return Number.POSITIVE_INFINITY;
      const bits = (this.bitSteps[i]! >>> 16) + 1;
      const above = (bits << 16) - this.bitSteps[i]! - (1 << this.log);
      const cost = (bits << costLog) - ((above << costLog) >>> this.log);
      if (cost > most) return Number.POSITIVE_INFINITY;
      sum += count * cost;
    }
    return Math.floor(sum / (1 << costLog));
  }

  /** Writes the shares (RFC 8878, 4.1.1). */
  write(out: PackedOutput): void {
    let threshold = 1 << this.log;
    let remaining = threshold + 1;
    let bits = this.log + 1;
    let symbol = 0;
    out.bits(this.log - smallestLog, 4);
    while (remaining > 1) {
      const share = this.shares[symbol++]!;
      const spare = 2 * threshold - 1 - remaining;
      remaining -= Math.abs(share);
      const value = share + 1 >= threshold ? share + 1 + spare : share + 1;
      out.bits(value, value < spare ? bits - 1 : bits);
      while (remaining < threshold) {
        bits--;
        threshold >>= 1;
      }
      if (share === 0 && remaining > 1) symbol = this.writeZeros(out, symbol);
    }
    out.fillByte();
  }

  /** How many symbols more have no share, three at a time. */
  private writeZeros(out: PackedOutput, start: number): number {
    let end = start;
    while (this.shares[end] === 0) end++;
    let at = start;
    for (; at + 3 <= end; at += 3) out.bits(3, 2);
    out.bits(end - at, 2);
    return end;
  }

  private build(): void {
    const { shares, symbols, symbolAt, nextPlace, states, log } = this;
    const size = 1 << log;
    let high = size - 1;
    nextPlace[0] = 0;
    for (let i = 0; i < symbols; i++) {
      nextPlace[i + 1] = nextPlace[i]! + Math.abs(shares[i]!);
      if (shares[i] === -1) symbolAt[high--] = i;
    }
    const step = (size >> 1) + (size >> 3) + 3;
    let place = 0;
    for (let i = 0; i < symbols; i++)
      for (let n = shares[i]!; n > 0; n--) {
        symbolAt[place] = i;
        do place = (place + step) & (size - 1);
        while (place > high);
      }
    for (let i = 0; i < size; i++) states[nextPlace[symbolAt[i]!]!++] = size + i;
    this.buildSteps();
  }

  private buildSteps(): void {
    const { shares, log } = this;
    let total = 0;
    for (let i = 0; i < this.symbols; i++) {
      const share = Math.abs(shares[i]!);
      if (share === 0) continue;
      const bits = share === 1 ? log : log - (31 - Math.clz32(share - 1));
      this.bitSteps[i] = (bits << 16) - (share << bits);
      this.stateSteps[i] = total - share;
      total += share;
    }
  }
}

/** The size of a table's states as a power of two, for so many symbols and different ones, at most `most`. */
export function tableLog(total: number, symbols: number, most: number, isSequence: boolean): number {
  const forTotal = highestBit(isSequence ? total : total - 1) + 1;
  const least = Math.min(forTotal, highestBit(symbols - 1) + 2);
  // What is below zero wraps around, and is no bound.
  const useful = (highestBit(total - 1) - 2) & 255;
  return Math.min(most, Math.max(smallestLog, least, Math.min(most, useful)));
}

function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}
