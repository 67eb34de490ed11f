import { PrefixCode } from "./prefix-code.ts";

/** The codes that need no header (RFC 1951, 3.2.6). */
export const fixedLiterals = PrefixCode.ofLengths(
  Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
);
export const fixedDistances = PrefixCode.ofLengths(new Uint8Array(30).fill(5));
