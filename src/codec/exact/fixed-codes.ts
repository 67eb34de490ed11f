import { PrefixCode } from "./prefix-code.ts";

/** The codes that need no header (RFC 1951, 3.2.6). */
export const fixedLiterals = PrefixCode.ofLengths(
  Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
);
export const fixedDistances = PrefixCode.ofLengths(new Uint8Array(30).fill(5));

/** The distance code of a block that has none: something must be there. */
export const noDistances = PrefixCode.ofLengths(Uint8Array.from({ length: 30 }, (_, i) => (i === 0 ? 1 : 0)));
