import { blockSize, roundToBlocks, type TarHeader } from "../../../tar/entry.ts";
import { maxHeaderBytes, parseHeaders, readStep, tarInvalid } from "../../../tar/header.ts";

/** What a tar consists of, in order. All bytes are good only during the call. */
export interface TarListener {
  /** An entry's header blocks. */
  header(header: TarHeader, bytes: Buffer): void;
  /** The next bytes of a file's data. */
  data(bytes: Buffer): void;
  /** The file's data are over; not where there are none. */
  dataEnd(): void;
  /** What fills up the last block of a file's data. */
  padding(bytes: Buffer): void;
  /** The two empty blocks that end a tar. */
  end(bytes: Buffer): void;
  /** What stands behind them. */
  rest(bytes: Buffer): void;
}

/** Of other kinds the table of contents knows nothing. */
const knownTypes: ReadonlySet<string> = new Set([
  "file",
  "hardlink",
  "symlink",
  "char",
  "block",
  "directory",
  "fifo",
]);
const endSize = 2 * blockSize;

/** Walks through a tar that comes in pieces, while it is packed. Throws `TAR_INVALID`, also where an entry is of a kind that no layer has. */
export class TarWalker {
  readonly #listener: TarListener;
  #state: "header" | "data" | "padding" | "end" | "rest" = "header";
  /** The header blocks so far, and how many bytes they will be. */
  #header: Buffer[] = [];
  #headerLength = 0;
  #wanted = blockSize;
  /** Bytes that are left of what `#state` says. */
  #left = 0;
  #padding = 0;
  #offset = 0;

  constructor(listener: TarListener) {
    this.#listener = listener;
  }

  /** Whether the tar may end here. */
  get isOver(): boolean {
    return this.#state === "rest";
  }

  write(bytes: Uint8Array): void {
    const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < input.length; ) {
      const some = input.subarray(at, at + this.#most());
      at += some.length;
      this.#offset += some.length;
      this.#take(some);
    }
  }

  /** How many of the next bytes belong together. */
  #most(): number {
    if (this.#state === "rest") return Number.POSITIVE_INFINITY;
    return this.#state === "header" ? this.#wanted - this.#headerLength : this.#left;
  }

  #take(bytes: Buffer): void {
    switch (this.#state) {
      case "header":
        this.#gather(bytes);
        return;
      case "data":
        this.#left -= bytes.length;
        this.#listener.data(bytes);
        if (this.#left === 0) this.#endData();
        return;
      case "padding":
        this.#left -= bytes.length;
        this.#listener.padding(bytes);
        if (this.#left === 0) this.#state = "header";
        return;
      case "end":
        this.#left -= bytes.length;
        if (this.#left === 0) this.#state = "rest";
        this.#listener.end(bytes);
        return;
      default:
        this.#listener.rest(bytes);
    }
  }

  #endData(): void {
    this.#listener.dataEnd();
    this.#left = this.#padding;
    this.#state = this.#left > 0 ? "padding" : "header";
  }

  #gather(bytes: Buffer): void {
    // A caller may use its buffer again.
    this.#header.push(Buffer.from(bytes));
    this.#headerLength += bytes.length;
    if (this.#headerLength < this.#wanted) return;
    const header = Buffer.concat(this.#header);
    const start = this.#offset - header.length;
    const block = header.subarray(-blockSize);
    if (header.length === blockSize && block.every((byte) => byte === 0)) {
      this.#begin("end", endSize - blockSize);
      this.#listener.end(block);
      return;
    }
    const step = readStep(block, this.#offset - blockSize);
    if (step.kind === "record") {
      // The record, and the block behind it.
      this.#wanted += step.bytes + blockSize;
      if (this.#wanted > maxHeaderBytes) throw tarInvalid(start, `it is larger than ${maxHeaderBytes} bytes`);
      this.#header = [header];
      return;
    }
    const entry = parseHeaders(header, undefined, start);
    if (!knownTypes.has(entry.type) || entry.flag === "7")
      throw tarInvalid(start, "it is of a kind that zstd:chunked does not have");
    this.#begin("header", 0);
    this.#listener.header(entry, header);
    if (entry.size === 0) return;
    this.#padding = roundToBlocks(entry.size) - entry.size;
    this.#begin("data", entry.size);
  }

  #begin(state: "header" | "data" | "end", size: number): void {
    this.#state = state;
    this.#left = size;
    this.#header = [];
    this.#headerLength = 0;
    this.#wanted = blockSize;
  }
}
