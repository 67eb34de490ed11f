import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** Text is packed in pieces of about this many characters. */
const pieceLength = 256 << 10;
const params = { [constants.ZSTD_c_compressionLevel]: 1 };

/** A long text that is written piece by piece and read when all of it is there; it is kept packed. */
export class PackedText {
  readonly #packed: Buffer[] = [];
  #open: string[] = [];
  #openLength = 0;
  /** What it takes in memory, in bytes, but for the piece that is open. */
  size = 0;

  add(text: string): void {
    this.#open.push(text);
    this.#openLength += text.length;
    if (this.#openLength < pieceLength) return;
    const packed = zstdCompressSync(this.#open.join(""), { params });
    this.#packed.push(packed);
    this.size += packed.length;
    this.#open = [];
    this.#openLength = 0;
  }

  /** All of it, in pieces. */
  *pieces(): Generator<string, void, void> {
    for (const packed of this.#packed) yield zstdDecompressSync(packed).toString();
    yield this.#open.join("");
  }
}
