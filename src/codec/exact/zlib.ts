import { Deflate, type DeflateOptions } from "pako";
import type { DeflateEncoder, DeflateMaker } from "./encoder.ts";

const pieceSize = 1 << 16;
const nothing = new Uint8Array(0);

/**
 * The bytes of zlib's deflate at a level from 1 to 9 with its usual memory (memLevel 8, a window of 32 KiB): Python, Java, libarchive, PHP,
 * Perl. Node's own zlib cannot be used, for it is Chromium's, which hashes in another way.
 */
export function zlibDeflate(level: number): DeflateMaker {
  return deflateWith({ level, legacyHash: true });
}

/** The bytes of Chromium's zlib, which Node brings: what ddiff itself packs layers with. */
export function chromiumDeflate(level: number): DeflateMaker {
  return deflateWith({ level, legacyHash: false });
}

function deflateWith(options: DeflateOptions): DeflateMaker {
  return (emit): DeflateEncoder => {
    const deflate = new Deflate({ ...options, raw: true, memLevel: 8, windowBits: 15, chunkSize: pieceSize });
    deflate.onData = emit;
    deflate.onEnd = () => {};
    return {
      write: (input) => void deflate.push(input, false),
      finish: () => void deflate.push(nothing, true),
    };
  };
}
