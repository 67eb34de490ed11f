import { decodeName, encodeName } from "./names.ts";

/**
 * The records of a PAX extended header, in order: `length key=value\n` (POSIX pax, "pax Extended Header").
 * Undefined where the bytes are not such records. NULs after the last record are tolerated.
 */
export function parsePax(bytes: Buffer): [key: string, value: string][] | undefined {
  const records: [string, string][] = [];
  let at = 0;
  while (at < bytes.length && bytes[at] !== 0) {
    let length = 0;
    let digit = at;
    for (; digit < bytes.length && digit < at + 10; digit++) {
      const byte = bytes[digit] ?? 0;
      if (byte < 0x30 || byte > 0x39) break;
      length = length * 10 + byte - 0x30;
    }
    const end = at + length;
    if (digit === at || bytes[digit] !== 0x20 || end > bytes.length || end <= digit + 2) return undefined;
    if (bytes[end - 1] !== 0x0a) return undefined;
    const record = bytes.subarray(digit + 1, end - 1);
    const equals = record.indexOf(0x3d);
    if (equals < 1) return undefined;
    records.push([decodeName(record.subarray(0, equals)), decodeName(record.subarray(equals + 1))]);
    at = end;
  }
  return records;
}

/** One PAX record; its length counts its own digits. */
export function formatPaxRecord(key: string, value: string): Buffer {
  const body = encodeName(` ${key}=${value}\n`);
  let length = body.length + 1;
  while (String(length).length + body.length > length) length++;
  return Buffer.concat([Buffer.from(String(length)), body]);
}
