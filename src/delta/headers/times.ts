import { column, type HeaderColumns, invalidHeaders } from "./columns.ts";

const listLength = 32;

/**
 * Codes times, in whole seconds, as they occur in layers: many files share a few times, and a rebuilt file is later than its
 * base by about what the file before was. Both ways of seeing it (the time itself; its distance to the base's) keep a list of
 * recent numbers; the one that was cheaper lately is used, and a number is its place in the list or its difference to the
 * most recent one.
 */
export class TimeCoder {
  readonly #times: number[] = [];
  readonly #shifts: number[] = [];
  #timesCost = 64;
  #shiftsCost = 48;

  /** The most recent time. */
  get last(): number {
    return this.#times[0] ?? 0;
  }

  /** Codes a time that is not what it was expected to be; `base` is the base's. */
  code(columns: HeaderColumns, base: number | undefined, time: number): number {
    const useShift = base !== undefined && this.#shiftsCost <= this.#timesCost;
    const list = useShift ? this.#shifts : this.#times;
    const origin = useShift ? base : 0;
    const symbol = columns.unsigned(column.times, columns.reading ? 0 : symbolOf(list, time - origin));
    const result = columns.reading ? valueOf(list, symbol) + origin : time;
    if (!Number.isSafeInteger(result)) throw invalidHeaders("times are out of range");
    if (base !== undefined) {
      this.#timesCost = smooth(this.#timesCost, this.#times, result);
      this.#shiftsCost = smooth(this.#shiftsCost, this.#shifts, result - base);
      moveToFront(this.#shifts, result - base);
    }
    this.see(result);
    return result;
  }

  /** Takes note of a time that was not coded. */
  see(time: number): void {
    moveToFront(this.#times, time);
  }
}

function symbolOf(list: number[], value: number): number {
  const place = list.indexOf(value);
  if (place >= 0) return place;
  const difference = value - (list[0] ?? 0);
  return listLength + (difference < 0 ? -2 * difference - 1 : 2 * difference);
}

function valueOf(list: number[], symbol: number): number {
  if (symbol < listLength) {
    const value = list[symbol];
    if (value === undefined) throw invalidHeaders("times refer to none before");
    return value;
  }
  const rest = symbol - listLength;
  return (list[0] ?? 0) + (rest % 2 === 0 ? rest / 2 : -(rest + 1) / 2);
}

/** A running mean of what a value would have cost: in sixteenths, whole numbers only, so that all machines agree. */
function smooth(mean: number, list: number[], value: number): number {
  const symbol = symbolOf(list, value);
  const bits = 32 - Math.clz32(Math.min(symbol, 0x7fffffff));
  return (mean * 7 + bits * 16) >> 3;
}

function moveToFront(list: number[], value: number): void {
  const place = list.indexOf(value);
  if (place === 0) return;
  if (place > 0) list.splice(place, 1);
  else if (list.length === listLength) list.pop();
  list.unshift(value);
}
