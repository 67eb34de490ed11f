import { BlockEncoder } from "./block-encoder.ts";
import type { BlockSource } from "./block-writer.ts";

/** The level 0 of Go's compress/flate: bytes are only stored. */
export class StoredEncoder extends BlockEncoder {
  protected override encode(block: BlockSource): void {
    this.writer.writeStored(block);
  }

  protected override moved(): void {}
}

/** The level -2 of Go's compress/flate ("HuffmanOnly"): no matches are looked for. */
export class LiteralEncoder extends BlockEncoder {
  protected override encode(block: BlockSource): void {
    this.writer.writeLiterals(block);
  }

  protected override moved(): void {}
}
