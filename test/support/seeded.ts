import { createCipheriv, createHash } from "node:crypto";

/** Numbers that are the same for the same seed (mulberry32), so that a failure can be told by one number. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number of at least 0, less than `end`. */
  below(end: number): number;
  /** One of them. */
  pick<T>(list: readonly T[]): T;
}

/** Random numbers of a seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return { next, below, pick: (list) => list[below(list.length)] as (typeof list)[number] };
}

/** Bytes that look random and are the same for the same name. */
export function bytesOf(name: string, size: number): Buffer {
  const key = createHash("sha256").update(name).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(size));
}
