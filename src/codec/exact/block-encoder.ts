import { BlockCutter } from "./block-cutter.ts";
import type { BlockFormat, DeflateMaker } from "./encoder.ts";

/** Packs a stream that consists of blocks one block after the other. */
export function deflateInBlocks(format: BlockFormat): DeflateMaker {
  return (emit) => {
    const packer = format.makePacker(emit);
    const cutter = new BlockCutter(format, (block, tail, isLast) => packer.pack(block, tail, isLast));
    return { write: (input) => cutter.write(input), finish: () => cutter.finish() };
  };
}
