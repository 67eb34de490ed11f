import type { BitOutput } from "../bit-output.ts";
import { BlockWriter } from "./block-writer.ts";
import { ChainCompressor, type ChainEffort } from "./chain-compressor.ts";
import { FillingBlockWriter } from "./filling-block-writer.ts";
import { Level1 } from "./level1.ts";
import { Level2 } from "./level2.ts";
import { Level3 } from "./level3.ts";
import { Level4 } from "./level4.ts";
import { Level5 } from "./level5.ts";
import { Level6 } from "./level6.ts";
import type { Matcher } from "./matcher.ts";
import { RunCompressor } from "./run-compressor.ts";
import type { Version } from "./versions.ts";

/** Finds what stands in the blocks of a stream and has them written. */
interface Finder {
  begin(dictionary: Uint8Array): void;
  write(input: Uint8Array): void;
  flush(): void;
}

const matchers: Record<number, (version: Version) => Matcher> = {
  1: () => new Level1(),
  2: () => new Level2(),
  3: () => new Level3(),
  4: (version) => new Level4(version.level4ComparesRightPlace),
  5: (version) => new Level5(version.level5),
  6: () => new Level6(),
};

const efforts: Record<number, ChainEffort> = {
  7: { lazy: 12, nice: 16, tries: 24 },
  8: { lazy: 30, nice: 40, tries: 64 },
  9: { lazy: 258, nice: 258, tries: 1024 },
};

/** A level from 1 to 9 of a version of klauspost/compress/flate. One stream after the other may be packed with it. */
export class Compressor {
  private readonly blocks: BlockWriter;
  private readonly finder: Finder;

  /** Throws a RangeError at another level. */
  constructor(version: Version, level: number, output: BitOutput) {
    const effort = efforts[level];
    const matcher = matchers[level];
    if (effort) {
      this.blocks = new BlockWriter(output, version.blocks, 8);
      this.finder = new ChainCompressor(effort, version.chains, this.blocks);
    } else if (matcher) {
      const { blocks, filling } = version;
      this.blocks = filling ? new FillingBlockWriter(output, filling) : new BlockWriter(output, blocks, 7);
      this.finder = new RunCompressor(matcher(version), this.blocks);
    } else throw new RangeError(`no level of klauspost/compress: ${level}`);
  }

  /** Begins a stream, or a part of one, that may copy from the bytes before it: the dictionary, at most 32 KiB. */
  begin(dictionary: Uint8Array): void {
    this.blocks.reset();
    this.finder.begin(dictionary);
  }

  write(input: Uint8Array): void {
    this.finder.write(input);
  }

  /** Has everything written so that it can be unpacked (what zlib calls a sync flush). */
  sync(): void {
    this.finder.flush();
    this.blocks.sync();
  }

  /** Ends the stream. */
  finish(): void {
    this.finder.flush();
    this.blocks.finish();
  }
}
