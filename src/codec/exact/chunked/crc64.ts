/** CRC-64 of ISO 3309 (x^64 + x^4 + x^3 + x + 1, reflected), as its upper half: the lower half of each entry is zero. */
const table = new Int32Array(256).map((_, byte) => {
  let upper = 0;
  let lower = byte;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (lower & 1) === 1;
    lower = (lower >>> 1) | (upper << 31);
    upper = (upper >>> 1) ^ (isOdd ? 0xd8000000 : 0);
  }
  return upper;
});

/** The checksum that tar-split keeps of each file. */
export class Crc64 {
  #upper = -1;
  #lower = -1;

  update(bytes: Uint8Array): void {
    let upper = this.#upper;
    let lower = this.#lower;
    for (let i = 0; i < bytes.length; i++) {
      const entry = table[(lower ^ bytes[i]!) & 0xff]!;
      lower = (lower >>> 8) | (upper << 24);
      upper = (upper >>> 8) ^ entry;
    }
    this.#upper = upper;
    this.#lower = lower;
  }

  /** Its 8 bytes, the highest first. */
  finish(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32BE(~this.#upper, 0);
    bytes.writeInt32BE(~this.#lower, 4);
    return bytes;
  }
}
