import { numbersOf, sampleBytes } from "./sample.ts";

/** Inputs that ask something of an encoder, by what they are: the same on every machine, so that real programs can be asked once. */
export const cases: Readonly<Record<string, () => Buffer[]>> = {
  "nothing and the smallest": () => sizes([...Array(40).keys(), ...range(120, 136), 255, 256, 257, 258, 259]),
  "around a stored block": () => sizes([...range(65_533, 65_538), ...range(131_069, 131_074), 196_605]),
  "around the window": () => sizes([...range(32_767, 32_770), ...range(65_272, 65_278), 98_304, 98_305]),
  zeros: () => [258, 259, 4_000, 65_535, 1_000_000].map((size) => Buffer.alloc(size)),
  noise: () => [noise(300_000, 1), noise(65_535, 2), noise(100, 3)],
  words: () => [words(700_000, 400), words(200_000, 12)],
  "machine words": () => [machine(400_000)],
  "pieces that come again": () =>
    [4, 1_000, 4_095, 4_096, 4_097, 8_191, 32_506, 32_767, 32_768, 32_769].map((period) => again(period)),
  "short matches from afar": () => [shortMatches(250_000)],
  "few symbols": () => [1, 2, 3].map((symbols) => fewSymbols(200_000, symbols)),
  "a tar of small files": () => [smallFiles(600)],
  "a mixture": () => [sampleBytes(2_200_000, 7)],
};

/** A long input, of which levels that search long are not asked: positions are counted anew after 16 MiB. */
export const longCase = (): Buffer =>
  Buffer.concat([words(700_000, 400), Buffer.alloc(15_500_000), noise(100_000, 4), words(2_000_000, 60)]);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** The beginnings of one mixture. */
function sizes(list: number[]): Buffer[] {
  const bytes = Buffer.concat([words(20_000, 50), sampleBytes(200_000, 3)]);
  return list.map((size) => bytes.subarray(0, size));
}

function noise(size: number, seed: number): Buffer {
  const number = numbersOf(seed * 7919);
  return Buffer.alloc(size).map(() => number()) as Buffer;
}

/** Words of a vocabulary, the first ones more often. */
function words(size: number, vocabulary: number): Buffer {
  const number = numbersOf(vocabulary);
  const list = Array.from({ length: vocabulary }, () =>
    number()
      .toString(36)
      .slice(number() % 5),
  );
  const parts: string[] = [];
  for (let length = 0; length < size; ) {
    const word = list[Math.min(number() % vocabulary, number() % vocabulary)] as string;
    parts.push(word);
    length += word.length + 1;
  }
  return Buffer.from(parts.join(" ")).subarray(0, size);
}

/** Instructions, so to speak: of four bytes some hardly change. */
function machine(size: number): Buffer {
  const number = numbersOf(64);
  const masks = [0xff, 0x07, 0x03, 0x80];
  return Buffer.alloc(size).map((_, i) => number() & (masks[i % 4] as number)) as Buffer;
}

/** Noise of so many bytes, again and again, now and then with another byte. */
function again(period: number): Buffer {
  const number = numbersOf(period);
  const bytes = Buffer.alloc(4 * period + 3_000);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = i < period || number() % 900 === 0 ? number() : (bytes[i - period] as number);
  return bytes;
}

/** Noise with copies of four to six bytes from everywhere in the window. */
function shortMatches(size: number): Buffer {
  const number = numbersOf(5);
  const bytes = noise(size, 5);
  for (let i = 40_000; i < size - 8; i += 3 + (number() % 12)) {
    const from = i - 1 - (number() % 33_000);
    bytes.copy(bytes, i, from, from + 4 + (number() % 3));
  }
  return bytes;
}

function fewSymbols(size: number, symbols: number): Buffer {
  const number = numbersOf(symbols);
  return Buffer.alloc(size).map(() => 97 + ((number() >>> 8) % symbols)) as Buffer;
}

/** Headers and padding as tar writes them, with a little between. */
function smallFiles(count: number): Buffer {
  const number = numbersOf(11);
  const text = words(400_000, 300);
  const parts: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const size = number() % 1_500;
    const header = Buffer.alloc(512);
    header.write(`usr/share/doc/package-${i % 37}/file-${i}.txt`, 0);
    header.write(`0000644\0${"0000000\0".repeat(2)}${size.toString(8).padStart(11, "0")}\0`, 100);
    header.write("ustar\x0000", 257);
    const from = number() % 390_000;
    parts.push(header, text.subarray(from, from + size), Buffer.alloc((512 - (size % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1_024)]);
}
