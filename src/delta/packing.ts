import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import type { Effort } from "./patch/align.ts";
import { DdiffError } from "../util/errors.ts";
import { largestSegment } from "./layer-ops.ts";

/** How a column is packed: the number stands in the patch. */
export const packings = ["raw", "zstd", "brotli"] as const;
export type Packing = (typeof packings)[number];

export interface PackedColumn {
  packing: Packing;
  rawLength: number;
  bytes: Buffer;
}

/** Columns above this are packed with zstd only: brotli's best level makes half a megabyte a second. */
const brotliLimit: Record<Effort, number> = { fast: 0, default: 1 << 16, max: 16 << 20 };
const zstdLevel: Record<Effort, number> = { fast: 9, default: 19, max: 22 };

/** Packs a column every way that the effort allows and keeps the smallest. */
export function packColumn(raw: Buffer, effort: Effort): PackedColumn {
  let best: PackedColumn = { packing: "raw", rawLength: raw.length, bytes: raw };
  if (raw.length < 8) return best;
  const attempts: [Packing, () => Buffer][] = [["zstd", () => zstd(raw, zstdLevel[effort])]];
  if (raw.length <= brotliLimit[effort]) attempts.push(["brotli", () => brotli(raw)]);
  for (const [packing, pack] of attempts) {
    const bytes = pack();
    if (bytes.length < best.bytes.length) best = { packing, rawLength: raw.length, bytes };
  }
  return best;
}

/** Unpacks a column. Throws `BUNDLE_INVALID` where it does not hold exactly `rawLength` bytes. */
export function unpackColumn(column: PackedColumn, what: string): Buffer {
  const { packing, rawLength, bytes } = column;
  if (rawLength > largestSegment) throw invalid(what, "is larger than any column may be");
  let raw: Buffer;
  try {
    raw = unpack(packing, bytes, rawLength);
  } catch (cause) {
    throw invalid(what, "does not unpack", cause);
  }
  if (raw.length !== rawLength) throw invalid(what, "is not as long as it says");
  return raw;
}

function unpack(packing: Packing, bytes: Buffer, rawLength: number): Buffer {
  const maxOutputLength = Math.max(1, rawLength);
  if (packing === "raw") return bytes;
  if (packing === "brotli") return brotliDecompressSync(bytes, { maxOutputLength });
  return zstdDecompressSync(bytes, { maxOutputLength, params: { [constants.ZSTD_d_windowLogMax]: 27 } });
}

function zstd(raw: Buffer, level: number): Buffer {
  return zstdCompressSync(raw, {
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 0 },
    pledgedSrcSize: raw.length,
  });
}

function brotli(raw: Buffer): Buffer {
  return brotliCompressSync(raw, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
    },
  });
}

function invalid(what: string, problem: string, cause?: unknown): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${what} ${problem}`, { cause });
}
