/**
 * Deflates what is written and hands the packed bytes to `emit`, good only during the call. Synchronous, with no allocation in its loops and
 * in bounded memory. What comes out depends on the bytes written, never on how they were cut into pieces.
 */
export interface DeflateEncoder {
  write(input: Uint8Array): void;
  /** Ends the stream; nothing may be written after it. */
  finish(): void;
}

/** Begins a raw deflate stream (RFC 1951), without the header and trailer of gzip. */
export type DeflateMaker = (emit: (bytes: Uint8Array) => void) => DeflateEncoder;

/** An encoder that gives the very bytes that some program gives. */
export interface ExactEncoder {
  /** Stands in bundles, so it never changes its meaning: what encodes otherwise gets another id. */
  id: string;
  make: DeflateMaker;
}
