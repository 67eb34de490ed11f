import type { ExactEncoder } from "./encoder.ts";
import { goDeflate } from "./go/deflate.ts";
import { chromiumDeflate, zlibDeflate } from "./zlib.ts";

/** Every encoder that layers can be packed with again, bit for bit. */
export const encoders: readonly ExactEncoder[] = [
  ...levels("go1.8", goDeflate),
  { id: "go1.8-level0", make: goDeflate(0) },
  { id: "go1.8-huffman", make: goDeflate(-2) },
  ...levels("zlib", zlibDeflate),
  ...levels("chromium", chromiumDeflate),
];

/** An encoder for each level from 1 to 9, as `NAME-levelN`. */
function levels(name: string, make: (level: number) => ExactEncoder["make"]): ExactEncoder[] {
  return Array.from({ length: 9 }, (_, i) => ({ id: `${name}-level${i + 1}`, make: make(i + 1) }));
}
