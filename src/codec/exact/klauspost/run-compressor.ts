import type { BlockWriter } from "./block-writer.ts";
import { type Matcher, runSize } from "./matcher.ts";

/** Bytes left over at the end of a stream, up to so many, are stored; up to 127, they are literals. */
const fewest = 32;
const few = 128;

/** Levels 1 to 6: input is cut into runs of 65,535 bytes, each of which is written with what is found in it. */
export class RunCompressor {
  private readonly matcher: Matcher;
  private readonly blocks: BlockWriter;
  private readonly waiting = new Uint8Array(runSize);
  private size = 0;

  constructor(matcher: Matcher, blocks: BlockWriter) {
    this.matcher = matcher;
    this.blocks = blocks;
  }

  /** Begins a new stream, in which matches with `dictionary` are allowed. */
  begin(dictionary: Uint8Array): void {
    this.size = 0;
    this.matcher.reset();
    if (dictionary.length > 0) this.matcher.find(dictionary, 0, dictionary.length);
  }

  write(input: Uint8Array): void {
    let at = 0;
    while (at < input.length) {
      // A full run waits for what comes, for the last one is written in another way.
      if (this.size === runSize) this.put(this.waiting, 0, runSize, false);
      const end = Math.min(input.length, at + runSize - this.size);
      this.waiting.set(input.subarray(at, end), this.size);
      this.size += end - at;
      at = end;
    }
  }

  /** Writes what is left and ends the block. */
  flush(): void {
    const { size, waiting, blocks } = this;
    this.size = 0;
    if (size === 0) return;
    if (size >= few) return this.put(waiting, 0, size, true);
    if (size <= fewest) blocks.store(waiting, 0, size);
    else blocks.writeLiterals(waiting, 0, size, true);
    this.matcher.reset();
  }

  private put(bytes: Uint8Array, start: number, end: number, closes: boolean): void {
    this.size = 0;
    const { matcher, blocks } = this;
    matcher.find(bytes, start, end);
    const size = end - start;
    if (matcher.count === 0) blocks.store(bytes, start, end);
    else if (matcher.count > size - (size >> 4)) blocks.writeLiterals(bytes, start, end, closes);
    else blocks.writeTokens(matcher.tokens, matcher.count, bytes, start, end, closes);
  }
}
