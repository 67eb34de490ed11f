import { upperProduct } from "./multiply.ts";

const primeLow = 0xb7a56463 | 0;
const primeHigh = 0xcf1bbcdc | 0;

/** Of 8 bytes, read as two numbers: the upper `bits` of the lower half of the product with a prime. */
export function hash8(low: number, high: number, bits: number): number {
  return (
    (upperProduct(low, primeLow) + Math.imul(low, primeHigh) + Math.imul(high, primeLow)) >>> (32 - bits)
  );
}
