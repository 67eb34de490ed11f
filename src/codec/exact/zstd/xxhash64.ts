import { upperProduct } from "./multiply.ts";

const primes = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;
const lowOf = (value: bigint): number => Number(BigInt.asIntN(32, value));
const highOf = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));
const oneLow = lowOf(primes[0]);
const oneHigh = highOf(primes[0]);
const twoLow = lowOf(primes[1]);
const twoHigh = highOf(primes[1]);
const stripe = 32;
const firstSums = [primes[0] + primes[1], primes[1], 0n, -primes[0]].flatMap((sum) => [
  lowOf(sum),
  highOf(sum),
]);

/** XXH64 with the seed 0: a zstd frame ends with its lower half. */
export class XxHash64 {
  /** Four sums of 64 bits, each its lower and its upper half. */
  private readonly sums = new Int32Array(firstSums);
  private readonly pending = new Uint8Array(stripe);
  private readonly pendingView = new DataView(this.pending.buffer);
  private waiting = 0;
  private size = 0;

  /** Forgets all bytes. */
  restart(): void {
    this.sums.set(firstSums);
    this.waiting = 0;
    this.size = 0;
  }

  update(bytes: Uint8Array): void {
    this.size += bytes.length;
    let at = 0;
    if (this.waiting > 0) {
      const some = bytes.subarray(0, stripe - this.waiting);
      this.pending.set(some, this.waiting);
      this.waiting += some.length;
      at = some.length;
      if (this.waiting < stripe) return;
      this.stripes(this.pendingView, 0, stripe);
      this.waiting = 0;
    }
    const end = bytes.length - ((bytes.length - at) % stripe);
    this.stripes(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at, end);
    this.pending.set(bytes.subarray(end));
    this.waiting = bytes.length - end;
  }

  /** The lower half of the hash, as a number of 32 bits without a sign. */
  finish(): number {
    const [one, two, three, four, five] = primes;
    let hash = this.size < stripe ? five : this.merged();
    hash += BigInt(this.size);
    let at = 0;
    for (; at + 8 <= this.waiting; at += 8) {
      hash ^= product(rotated(product(this.pendingView.getBigUint64(at, true), two), 31n), one);
      hash = product(rotated(hash, 27n), one) + four;
    }
    if (at + 4 <= this.waiting) {
      hash ^= product(BigInt(this.pendingView.getUint32(at, true)), one);
      hash = product(rotated(hash, 23n), two) + three;
      at += 4;
    }
    for (; at < this.waiting; at++)
      hash = product(rotated(hash ^ product(BigInt(this.pending[at]!), five), 11n), one);
    hash = BigInt.asUintN(64, hash);
    hash = product(hash ^ (hash >> 33n), two);
    hash = product(hash ^ (hash >> 29n), three);
    return Number(BigInt.asUintN(32, hash ^ (hash >> 32n)));
  }

  private stripes(view: DataView, start: number, end: number): void {
    const { sums } = this;
    for (let at = start; at < end; at += stripe)
      for (let i = 0; i < 8; i += 2) {
        const low = view.getInt32(at + 4 * i, true);
        const high = view.getInt32(at + 4 * i + 4, true);
        const addend = Math.imul(low, twoLow);
        const before = sums[i]!;
        const sum = (before + addend) | 0;
        // A question whether there is a carry could not be guessed by the processor.
        const carry = ((before & addend) | ((before | addend) & ~sum)) >>> 31;
        const upper =
          (sums[i + 1]! +
            carry +
            upperProduct(low, twoLow) +
            Math.imul(high, twoLow) +
            Math.imul(low, twoHigh)) |
          0;
        const turnedLow = (sum << 31) | (upper >>> 1);
        const turnedHigh = (upper << 31) | (sum >>> 1);
        sums[i] = Math.imul(turnedLow, oneLow);
        sums[i + 1] =
          upperProduct(turnedLow, oneLow) + Math.imul(turnedHigh, oneLow) + Math.imul(turnedLow, oneHigh);
      }
  }

  private merged(): bigint {
    const [one, two, , four] = primes;
    const sums = [0, 2, 4, 6].map(
      (i) =>
        BigInt.asUintN(32, BigInt(this.sums[i]!)) | (BigInt.asUintN(32, BigInt(this.sums[i + 1]!)) << 32n),
    );
    let hash = sums.reduce((total, sum, i) => total + rotated(sum, [1n, 7n, 12n, 18n][i]!), 0n);
    for (const sum of sums) hash = product(hash ^ product(rotated(product(sum, two), 31n), one), one) + four;
    return hash;
  }
}

function product(a: bigint, b: bigint): bigint {
  return BigInt.asUintN(64, a * b);
}

function rotated(value: bigint, by: bigint): bigint {
  const plain = BigInt.asUintN(64, value);
  return BigInt.asUintN(64, (plain << by) | (plain >> (64n - by)));
}
