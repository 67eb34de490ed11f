/**
 * A number field of a tar header: octal digits with spaces or NULs around them, or GNU's base-256 (POSIX pax, "ustar
 * Interchange Format"; GNU tar manual, "Extensions"). Undefined where it is neither or cannot be held exactly; empty is 0.
 */
export function parseNumber(block: Buffer, offset: number, length: number): number | undefined {
  const first = block[offset] ?? 0;
  if ((first & 0x80) !== 0) return parseBase256(block, offset, length);
  let at = offset;
  let end = offset + length;
  while (at < end && isBlank(block[at])) at++;
  while (end > at && isBlank(block[end - 1])) end--;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at] ?? 0;
    // What follows a NUL is not part of the number.
    if (byte === 0) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + byte - 0x30;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}

function parseBase256(block: Buffer, offset: number, length: number): number | undefined {
  const negative = ((block[offset] ?? 0) & 0x40) !== 0;
  // Two's complement: a negative number is the complement of its complement's value.
  const flip = negative ? 0xff : 0;
  let value = ((block[offset] ?? 0) ^ flip) & 0x3f;
  for (let at = offset + 1; at < offset + length; at++) {
    value = value * 256 + ((block[at] ?? 0) ^ flip);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return negative ? -1 - value : value;
}

/** The header checksum: the sum of all bytes with the checksum field taken as spaces, bytes unsigned and signed. */
export function checksums(block: Buffer): { unsigned: number; signed: number } {
  let unsigned = 0;
  let high = 0;
  for (let at = 0; at < 512; at++) {
    const byte = block[at] ?? 0;
    unsigned += byte;
    high += byte >> 7;
  }
  for (let at = 148; at < 156; at++) {
    const byte = block[at] ?? 0;
    unsigned += 0x20 - byte;
    high -= byte >> 7;
  }
  return { unsigned, signed: unsigned - 256 * high };
}
