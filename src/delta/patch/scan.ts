import type { StepList } from "./alignment.ts";
import { hashing, hashWindow, windowLength, type WindowIndex } from "./window-index.ts";

/** An alignment is left only for a window that it explains worse than this many bytes (the rule of bsdiff). */
const tolerated = 8;

/**
 * Aligns `target` with `base`, both in memory, and adds the steps. `shift` is the alignment to begin with: byte i of the
 * target is expected at `i + shift` in the base. Linear in the length of the target.
 */
export function scan(
  base: Uint8Array,
  target: Uint8Array,
  index: WindowIndex,
  shift: number,
  add: StepList["add"],
): void {
  const { multiplier, spread, leaving } = hashing;
  const { table, shift: slotShift, positionBits, step } = index;
  const positionMask = 2 ** positionBits - 1;
  const length = target.length;
  const end = length - windowLength;
  /** The target up to here is in steps; from here on `delta` is the alignment. */
  let done = 0;
  let literalFrom = 0;
  let delta = shift;
  /** Target positions from `low` to `high` have a counterpart under `delta`. */
  let low = Math.max(0, -delta);
  let high = Math.min(length, base.length - delta);
  let hashAt = -windowLength;
  let hash = 0;
  let at = 0;
  let bad = mismatches(base, target, at, delta, low, high);
  while (at <= end) {
    if (bad === 0) {
      // Jump to the window whose last byte is the first mismatch.
      let next = at + windowLength;
      while (next < high && base[next + delta] === target[next]) next++;
      if (next + windowLength > length) break;
      at = next - windowLength + 1;
      bad = next < high ? 1 : mismatches(base, target, at, delta, low, high);
      continue;
    }
    if (bad > tolerated) {
      if (at - hashAt < windowLength) {
        while (hashAt < at) {
          hash =
            (Math.imul(hash, multiplier) +
              target[hashAt + windowLength]! -
              Math.imul(target[hashAt]!, leaving)) |
            0;
          hashAt++;
        }
      } else {
        hash = hashWindow(target, at);
        hashAt = at;
      }
      const entry = table[Math.imul(hash, spread) >>> slotShift]!;
      if (entry !== 0 && (entry ^ (hash << positionBits)) >>> positionBits === 0) {
        const found = ((entry & positionMask) - 1) * step;
        let same = 0;
        while (same < windowLength && base[found + same] === target[at + same]) same++;
        if (same === windowLength && found - at !== delta) {
          // Close the old alignment, open the new one as far back as both together explain most.
          const old = delta;
          const oldHigh = Math.min(high, at);
          delta = found - at;
          let oldEnd = done;
          if (done >= low) oldEnd = forward(base, target, done, oldHigh, old);
          let newStart = backward(base, target, Math.max(done, -delta), at, delta);
          if (newStart < oldEnd) {
            newStart = split(base, target, newStart, oldEnd, old, delta);
            oldEnd = newStart;
          }
          if (oldEnd > done) {
            add(done - literalFrom, oldEnd - done, done + old);
            literalFrom = oldEnd;
          }
          done = newStart;
          low = Math.max(0, -delta);
          high = Math.min(length, base.length - delta);
          bad = 0;
          continue;
        }
      }
    }
    if (at === end) break;
    const next = at + windowLength;
    if (at >= low && next < high) {
      bad += (base[next + delta] === target[next] ? 0 : 1) - (base[at + delta] === target[at] ? 0 : 1);
      at++;
    } else {
      at++;
      bad = mismatches(base, target, at, delta, low, high);
    }
  }
  const oldEnd = done >= low ? forward(base, target, done, high, delta) : done;
  if (oldEnd > done) {
    add(done - literalFrom, oldEnd - done, done + delta);
    literalFrom = oldEnd;
  }
  if (literalFrom < length) add(length - literalFrom, 0, 0);
}

/** Bytes of the window at `at` that differ under the alignment; all of them where a part has no counterpart. */
function mismatches(
  base: Uint8Array,
  target: Uint8Array,
  at: number,
  delta: number,
  low: number,
  high: number,
): number {
  if (at < low || at + windowLength > high) return windowLength;
  let bad = 0;
  for (let i = at; i < at + windowLength; i++) if (base[i + delta] !== target[i]) bad++;
  return bad;
}

/** How far the alignment reaches from `from`, at most to `to`: where 2 x equal - length is largest. */
function forward(base: Uint8Array, target: Uint8Array, from: number, to: number, delta: number): number {
  let score = 0;
  let best = 0;
  let reach = from;
  for (let i = from; i < to; ) {
    score += base[i + delta] === target[i] ? 1 : -1;
    i++;
    if (score > best) {
      best = score;
      reach = i;
    }
  }
  return reach;
}

/** As `forward`, from `from` down to `to`. */
function backward(base: Uint8Array, target: Uint8Array, to: number, from: number, delta: number): number {
  let score = 0;
  let best = 0;
  let reach = from;
  for (let i = from - 1; i >= to; i--) {
    score += base[i + delta] === target[i] ? 1 : -1;
    if (score > best) {
      best = score;
      reach = i;
    }
  }
  return reach;
}

/** The point between `from` and `to` at which changing from the one alignment to the other explains most. */
function split(
  base: Uint8Array,
  target: Uint8Array,
  from: number,
  to: number,
  first: number,
  second: number,
): number {
  let score = 0;
  let best = 0;
  let point = from;
  for (let i = from; i < to; i++) {
    const byte = target[i];
    if (base[i + first] === byte) score++;
    if (base[i + second] === byte) score--;
    if (score >= best) {
      best = score;
      point = i + 1;
    }
  }
  return point;
}
