/**
 * Packs what is written and hands the packed bytes to `emit`, good only during the call. Synchronous, with no allocation in its loops and
 * in bounded memory. What comes out depends on the bytes written, never on how they were cut into pieces.
 */
export interface DeflateEncoder {
  write(input: Uint8Array): void;
  /** Has all that was written so that it can be unpacked: an empty stored block ends it (what zlib calls a sync flush); of zstd, a block ends. */
  flush?(): void;
  /** Ends the stream; nothing may be written after it but with `restart`. */
  finish(): void;
  /** Begins a stream that does not depend on the one before; of zstd, where a layer may have a hundred thousand frames. */
  restart?(): void;
}

/** Begins a raw deflate stream (RFC 1951), without the header and trailer of gzip; of zstd, a whole frame. */
export type DeflateMaker = (emit: (bytes: Uint8Array) => void) => DeflateEncoder;

/** Packs one block after the other, which need not be those of one stream. */
export interface BlockPacker {
  /** `tail` is the end of the block before, or nothing before the first block. What was emitted when this returns is the whole block. */
  pack(block: Uint8Array, tail: Uint8Array, isLast: boolean): void;
}

/** A format whose blocks know of each other no more than the last bytes of the one before, so that they can be packed at the same time. */
export interface BlockFormat {
  /** Plain bytes of each block but the last, which has fewer, or none. */
  size: number;
  tailSize: number;
  makePacker(emit: (bytes: Uint8Array) => void): BlockPacker;
}

/** An encoder that gives the very bytes that some program gives. */
export interface ExactEncoder {
  /** Stands in bundles, so it never changes its meaning: what encodes otherwise gets another id. */
  id: string;
  make: DeflateMaker;
  /** The same encoder as programs use it that flush before they end a stream: those that write eStargz. */
  flushed?: ExactEncoder;
  /** Where blocks can be packed at the same time. */
  blocks?: BlockFormat;
}
