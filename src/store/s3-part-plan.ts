const mebibyte = 1024 * 1024;

/** Parts of one multipart upload at most (S3's limit). */
export const mostParts = 10_000;
/** Bytes of a part at least, but the last (S3's limit). */
export const leastPart = 5 * mebibyte;
/** Bytes of the first parts. */
export const firstPart = 8 * mebibyte;
const partsOfASize = 1000;

/**
 * Bytes of part `number` (1 to 10,000) when it is full: 8 MiB for the first thousand, twice as much for each thousand after it, up to
 * 4 GiB. So 100 GiB end in parts of 64 MiB, and 7.8 TiB fit; parts cut at half their size, where chunks end, still make 3.9 TiB.
 */
export function partSize(number: number): number {
  return firstPart * 2 ** Math.floor((number - 1) / partsOfASize);
}
