/** The hashes of klauspost/compress and Go 1.27: the upper bits of the lower half of products with primes. */

const prime5 = 889_523_592_379n;
const prime6 = 227_718_039_650_203n;
const prime7 = 58_295_818_150_454_627n;
const half = 2n ** 32n;

/** Of 4 bytes, read as a number: the upper `bits` of 32. */
export function hash4(word: number, bits: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - bits);
}

const prime5Low = Number(prime5 % half) | 0;
/** What the first of 5 bytes adds to the upper half. */
const firstOf5 = Int32Array.from({ length: 256 }, (_, byte) =>
  Number(BigInt.asIntN(32, (BigInt(byte) * prime5) >> 8n)),
);

/** Of 5 bytes, of which the first 4 and the last 4 are read as numbers. */
export function hash5(first: number, last: number, bits: number): number {
  return (firstOf5[first & 255]! + Math.imul(last, prime5Low)) >>> (32 - bits);
}

const prime6Low = Number(prime6 % half) | 0;
const prime6Upper = Number(BigInt.asIntN(32, prime6 >> 16n));

/** Of 6 bytes, of which the first 4 (of these, the first two count) and the last 4 are read as numbers. */
export function hash6(first: number, last: number, bits: number): number {
  const two = first & 0xffff;
  return (
    (Math.imul(two, prime6Upper) +
      (Math.imul(two, prime6Low & 0xffff) >>> 16) +
      Math.imul(last, prime6Low)) >>>
    (32 - bits)
  );
}

const prime7Low = Number(prime7 % half) | 0;
const prime7High = Number(BigInt.asIntN(32, prime7 >> 24n));
/** 24 bits times this are below 2^48, so that no bit is lost in a float of 64 bits. */
const prime7Rest = Number(prime7 % 2n ** 24n) / 2 ** 24;

/** Of 7 bytes, of which the first 4 and the last 4 are read as numbers. */
export function hash7(first: number, last: number, bits: number): number {
  const three = first & 0xff_ffff;
  return (
    (Math.imul(three, prime7High) + ((three * prime7Rest) | 0) + Math.imul(last, prime7Low)) >>> (32 - bits)
  );
}
