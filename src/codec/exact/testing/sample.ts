/** Numbers below 2^32 that are the same for the same seed (xorshift32). */
export function numbersOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/**
 * Bytes with something of all that layers hold, in runs of up to 64 KiB: words, machine words that differ little, noise, zeros, and copies
 * of what stood up to 300 kB before. The same for the same seed and size, so that digests made by real programs can be compared.
 */
export function sampleBytes(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  const number = numbersOf(seed);
  const words = Array.from({ length: 400 }, () => Buffer.from(`${number().toString(36)} `));
  let at = 0;
  while (at < size) {
    const end = Math.min(size, at + 512 + (number() % 65_536));
    const kind = number() % 6;
    if (kind === 0 && at > 1000) {
      const back = 1 + (number() % Math.min(at, 300_000));
      for (; at < end; at++) bytes[at] = bytes[at - back] as number;
    }
    if (kind === 1) at = end;
    if (kind === 2) for (; at < end; at++) bytes[at] = number();
    if (kind === 3)
      for (; at < end; at++) bytes[at] = at % 4 === 0 ? number() % 64 : at % 4 === 1 ? number() % 3 : 0;
    if (kind > 3)
      while (at < end) {
        const word = words[number() % (kind === 4 ? 40 : 400)] as Buffer;
        at += word.copy(bytes, at, 0, Math.min(word.length, end - at));
      }
  }
  return bytes;
}
