import type { Executable } from "./executable.ts";

/**
 * Sets the address fields of machine code to zero, so that code which only moved, or calls what moved, looks the same.
 * `bytes` is changed; it holds the file's bytes from `start`.
 */
export function maskAddresses(bytes: Uint8Array, start: number, executable: Executable): void {
  for (const section of executable.sections) {
    if (!section.code) continue;
    const from = Math.max(section.offset - start, 0);
    const to = Math.min(section.offset + section.length - start, bytes.length);
    if (from >= to) continue;
    // Displacements that stay in the image: an address field of anything else is not one.
    const [low, high] = imageRange(executable);
    const address = start - section.offset + section.address;
    if (executable.machine === "x86-64") maskX86(bytes, from, to, low - address, high - address);
    else maskArm(bytes, from + ((4 - ((from + address) & 3)) & 3), to);
  }
}

/** The lowest and the end of the highest address that is loaded. */
function imageRange(executable: Executable): [number, number] {
  let low = Infinity;
  let high = 0;
  for (const section of executable.sections) {
    if (section.address === 0) continue;
    low = Math.min(low, section.address);
    high = Math.max(high, section.address + section.size);
  }
  return [low, high];
}

/** `low` and `high` are the image's range as positions in `bytes`. */
function maskX86(bytes: Uint8Array, from: number, to: number, low: number, high: number): void {
  let before = 0;
  const end = to - 5;
  for (let i = from; i <= end; i++) {
    const byte = bytes[i]!;
    if ((byte & 0xfe) === 0xe8 || (byte & 0xc7) === 0x05 || ((byte & 0xf0) === 0x80 && before === 0x0f)) {
      const field = bytes[i + 1]! | (bytes[i + 2]! << 8) | (bytes[i + 3]! << 16) | (bytes[i + 4]! << 24);
      const address = i + 5 + field;
      if (address >= low && address < high) {
        bytes[i + 1] = bytes[i + 2] = bytes[i + 3] = bytes[i + 4] = 0;
        i += 4;
        before = 0;
        continue;
      }
    }
    before = byte;
  }
}

function maskArm(bytes: Uint8Array, from: number, to: number): void {
  /** Bit r: register r holds a page address that ADRP made. */
  let pages = 0;
  for (let i = from; i + 4 <= to; i += 4) {
    const high = bytes[i + 3]!;
    if ((high & 0x7c) === 0x14) {
      bytes[i] = bytes[i + 1] = bytes[i + 2] = 0;
      bytes[i + 3] = high & 0xfc;
      if (high < 0x80) pages = 0;
    } else if ((high & 0x9f) === 0x90) {
      const register = bytes[i]! & 31;
      bytes[i] = register;
      bytes[i + 1] = bytes[i + 2] = 0;
      bytes[i + 3] = 0x90;
      pages |= 1 << register;
    } else if (pages !== 0 && ((high === 0x91 && bytes[i + 2]! < 0x40) || (high & 0x3b) === 0x39)) {
      const register = ((bytes[i]! >>> 5) | (bytes[i + 1]! << 3)) & 31;
      if ((pages >>> register) & 1) {
        bytes[i + 1] = bytes[i + 1]! & 3;
        bytes[i + 2] = bytes[i + 2]! & 0xc0;
      }
    }
  }
}
