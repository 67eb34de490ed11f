/** By so many parts of 2^20 a small share has to be above a whole number to be rounded up. */
const roundUpAbove = [0, 473_195, 504_333, 520_860, 550_000, 700_000, 750_000, 830_000];
const unset = -2;

/**
 * Scales counts so that they come to 2^`log`, as FSE needs them: a symbol that is hardly there gets -1. `total` is the sum of the first `symbols`
 * counts, more than one of which are above 0.
 */
export function normalise(
  counts: Uint32Array,
  symbols: number,
  total: number,
  log: number,
  shares: Int16Array,
): void {
  const scale = 62n - BigInt(log);
  const step = (1n << 62n) / BigInt(total);
  const low = total >>> log;
  let left = 1 << log;
  let largest = 0;
  let most = 0;
  for (let i = 0; i < symbols; i++) {
    const count = counts[i]!;
    if (count === 0) {
      shares[i] = 0;
    } else if (count <= low) {
      shares[i] = -1;
      left--;
    } else {
      const exact = BigInt(count) * step;
      let share = Number(exact >> scale);
      if (share < 8) {
        const rest = exact - (BigInt(share) << scale);
        if (rest > BigInt(roundUpAbove[share]!) << (scale - 20n)) share++;
      }
      if (share > most) {
        most = share;
        largest = i;
      }
      shares[i] = share;
      left -= share;
    }
  }
  if (-left >= shares[largest]! >> 1) normaliseFlat(counts, symbols, total, log, shares);
  else shares[largest]! += left;
}

/** The other way, for where rounding up went too far. */
function normaliseFlat(
  counts: Uint32Array,
  symbols: number,
  total: number,
  log: number,
  shares: Int16Array,
): void {
  const low = total >>> log;
  let lowOne = (total * 3) >>> (log + 1);
  let given = 0;
  let rest = total;
  for (let i = 0; i < symbols; i++) {
    const count = counts[i]!;
    shares[i] = count === 0 ? 0 : count <= low ? -1 : count <= lowOne ? 1 : unset;
    if (shares[i] === 0 || shares[i] === unset) continue;
    given++;
    rest -= count;
  }
  let left = (1 << log) - given;
  if (Math.floor(rest / left) > lowOne) {
    lowOne = Math.floor((rest * 3) / (left * 2));
    for (let i = 0; i < symbols; i++)
      if (shares[i] === unset && counts[i]! <= lowOne) {
        shares[i] = 1;
        given++;
        rest -= counts[i]!;
      }
    left = (1 << log) - given;
  }
  if (given === symbols + 1) {
    let largest = 0;
    for (let i = 1; i < symbols; i++) if (counts[i]! > counts[largest]!) largest = i;
    shares[largest]! += left;
  } else if (rest === 0) {
    for (let i = 0; left > 0; i = (i + 1) % symbols)
      if (shares[i]! > 0) {
        left--;
        shares[i]!++;
      }
  } else shareOut(counts, symbols, rest, left, log, shares);
}

/** Gives what is left to the symbols that have nothing yet, by their counts, which come to `rest`. */
function shareOut(
  counts: Uint32Array,
  symbols: number,
  rest: number,
  left: number,
  log: number,
  shares: Int16Array,
): void {
  const scale = 62n - BigInt(log);
  const middle = (1n << (scale - 1n)) - 1n;
  const step = ((1n << scale) * BigInt(left) + middle) / BigInt(rest);
  let from = middle;
  for (let i = 0; i < symbols; i++) {
    if (shares[i] !== unset) continue;
    const to = from + BigInt(counts[i]!) * step;
    shares[i] = Number((to >> scale) - (from >> scale));
    from = to;
  }
}
