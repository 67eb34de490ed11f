import { BitOutput } from "../bit-output.ts";
import type { BlockFormat, DeflateMaker } from "../encoder.ts";
import { Compressor } from "./compressor.ts";
import { versions } from "./versions.ts";

/**
 * The bytes of compress/flate from Go 1.27 on, which is a port of klauspost/compress, at a level from 1 to 9 (6 is Go's default). Throws a
 * RangeError at another level.
 */
export function go127Deflate(level: number): DeflateMaker {
  return (emit) => {
    const output = new BitOutput(emit);
    const compressor = new Compressor(versions.go, level, output);
    compressor.begin(new Uint8Array(0));
    return {
      write: (input) => compressor.write(input),
      flush() {
        compressor.sync();
        output.flush();
      },
      finish() {
        compressor.finish();
        output.flush();
      },
    };
  };
}

/**
 * The blocks of klauspost/pgzip with a version of klauspost/compress at a level from 1 to 9 (5 is what its default means). podman, buildah,
 * skopeo and apko have blocks of 1 MiB, umoci up to 0.4.7 and pgzip up to 1.2.1 of 256 KiB.
 */
export function pgzipBlocks(version: keyof typeof versions, level: number, size = 1 << 20): BlockFormat {
  return {
    size,
    tailSize: 16 << 10,
    makePacker(emit) {
      const output = new BitOutput(emit);
      const compressor = new Compressor(versions[version], level, output);
      return {
        pack(block, tail, isLast) {
          compressor.begin(tail);
          compressor.write(block);
          compressor.sync();
          if (isLast) compressor.finish();
          output.flush();
        },
      };
    },
  };
}
