import { DdiffError } from "../../util/errors.ts";
import { ByteReader, ByteWriter } from "../../util/varint.ts";

/** The columns that header coding fills, in this order (docs/bundle-format.md, "Headers"). */
export const headerColumnNames = [
  "header-ops",
  "header-shapes",
  "header-times",
  "header-nanos",
  "header-joints",
  "header-prefixes",
  "header-text",
  "header-sizes",
  "header-fields",
  "header-values",
  "header-raw",
  "header-fixes",
] as const;

/** The number of each column in `headerColumnNames`. */
export const column = {
  ops: 0,
  shapes: 1,
  times: 2,
  nanos: 3,
  joints: 4,
  prefixes: 5,
  text: 6,
  sizes: 7,
  fields: 8,
  values: 9,
  raw: 10,
  fixes: 11,
} as const;

/**
 * Columns to write to or to read from. One procedure serves both ways and so cannot disagree with itself: every method takes
 * the value to write and returns it; when reading it ignores what it is given and returns what it read.
 */
export interface HeaderColumns {
  readonly reading: boolean;
  byte(column: number, value: number): number;
  unsigned(column: number, value: number): number;
  signed(column: number, value: number): number;
  /** 32 bits. */
  word(column: number, value: number): number;
  /** Text without NUL, one byte a character. */
  text(column: number, value: string): string;
  /** Any bytes, one a character, their number in front. */
  bytes(column: number, value: string): string;
}

/** Columns that are written. */
export class WritingColumns implements HeaderColumns {
  readonly reading = false;
  readonly #writers = headerColumnNames.map(() => new ByteWriter());

  /** Bytes in all columns. */
  get size(): number {
    return this.#writers.reduce((sum, writer) => sum + writer.length, 0);
  }

  unsigned(column: number, value: number): number {
    this.#writer(column).unsigned(value);
    return value;
  }

  byte(column: number, value: number): number {
    this.#writer(column).byte(value);
    return value;
  }

  signed(column: number, value: number): number {
    this.#writer(column).signed(value);
    return value;
  }

  word(column: number, value: number): number {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.#writer(column).bytes(bytes);
    return value;
  }

  text(column: number, value: string): string {
    this.#writer(column).bytes(Buffer.from(`${value}\0`, "latin1"));
    return value;
  }

  bytes(column: number, value: string): string {
    this.#writer(column).unsigned(value.length);
    this.#writer(column).bytes(Buffer.from(value, "latin1"));
    return value;
  }

  take(): Buffer[] {
    return this.#writers.map((writer) => writer.take());
  }

  #writer(column: number): ByteWriter {
    return this.#writers[column] as ByteWriter;
  }
}

/** Columns that are read. Every method throws `BUNDLE_INVALID` where a column ends early. */
export class ReadingColumns implements HeaderColumns {
  readonly reading = true;
  readonly #readers: ByteReader[];
  readonly #text: Buffer;
  #textAt = 0;

  constructor(columns: Buffer[]) {
    this.#readers = headerColumnNames.map(
      (name, i) => new ByteReader(columns[i] ?? Buffer.alloc(0), `column ${name}`),
    );
    this.#text = columns[column.text] ?? Buffer.alloc(0);
  }

  unsigned(column: number): number {
    return this.#reader(column).unsigned();
  }

  byte(column: number): number {
    return this.#reader(column).byte();
  }

  signed(column: number): number {
    return this.#reader(column).signed();
  }

  word(column: number): number {
    return Buffer.from(this.#reader(column).bytes(4)).readUInt32LE();
  }

  text(): string {
    const end = this.#text.indexOf(0, this.#textAt);
    if (end < 0) throw invalidHeaders("text ends early");
    const value = this.#text.toString("latin1", this.#textAt, end);
    this.#textAt = end + 1;
    return value;
  }

  bytes(column: number): string {
    const reader = this.#reader(column);
    return Buffer.from(reader.bytes(reader.unsigned())).toString("latin1");
  }

  /** Throws `BUNDLE_INVALID` unless every byte has been read. */
  end(): void {
    for (const [i, reader] of this.#readers.entries()) {
      if (i !== column.text) reader.end();
    }
    if (this.#textAt !== this.#text.length) throw invalidHeaders("text has bytes left over");
  }

  #reader(column: number): ByteReader {
    return this.#readers[column] as ByteReader;
  }
}

/** The error of header columns that no encoder wrote. */
export function invalidHeaders(problem: string): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: its tar headers' ${problem}`);
}
