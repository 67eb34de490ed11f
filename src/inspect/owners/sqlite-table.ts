/** SQLite's file format (sqlite.org/fileformat2.html): only what it takes to read the last column of a table that is one blob. */
const magic = "SQLite format 3\0";
const interiorPage = 0x05;
const leafPage = 0x0d;
const schemaPage = 1;
/** Deeper trees are circles or somebody's joke: a real one of depth 8 would have billions of rows. */
const deepest = 20;

/**
 * The values of the blob column `column` of each row of a table, in the order of its keys. Pages that are damaged or not there (a
 * file that is cut short) are passed over, so a damaged file gives what can be read of it, and none at all where it is no database.
 * What stands only in a write-ahead log is not seen.
 */
export function* readBlobs(file: Buffer, table: string, column: number): Generator<Buffer, void, void> {
  if (file.length < 100 || file.toString("latin1", 0, 16) !== magic) return;
  const database = new Database(file);
  for (const row of database.rows(schemaPage)) {
    const [type, , name, root] = valuesOf(row, 4);
    if (type?.toString("latin1") !== "table" || name?.toString("latin1") !== table || root === undefined)
      continue;
    for (const record of database.rows(
      root.length === 0 ? 0 : root.readUIntBE(0, Math.min(root.length, 6)),
    )) {
      const value = valuesOf(record, column + 1)[column];
      if (value !== undefined) yield value;
    }
    return;
  }
}

class Database {
  readonly #file: Buffer;
  readonly #pageSize: number;
  /** Bytes of a page that hold content; the rest is of extensions. */
  readonly #usable: number;
  readonly #seen = new Set<number>();
  /** Bytes of overflow pages that may still be read: pages that stand in several chains cannot make more than the file has. */
  #overflowLeft: number;

  constructor(file: Buffer) {
    const size = file.readUInt16BE(16);
    this.#file = file;
    this.#pageSize = size === 1 ? 65536 : Math.max(size, 512);
    this.#usable = Math.max(this.#pageSize - (file[20] ?? 0), 480);
    this.#overflowLeft = 2 * file.length;
  }

  /** The records of a table's tree, each page once. */
  *rows(number: number, depth = 0): Generator<Buffer, void, void> {
    const page = this.#page(number);
    if (page === undefined || depth > deepest || this.#seen.has(number)) return;
    this.#seen.add(number);
    const header = number === schemaPage ? 100 : 0;
    const kind = page[header];
    if (kind !== interiorPage && kind !== leafPage) return;
    const first = header + (kind === interiorPage ? 12 : 8);
    const count = Math.min(page.readUInt16BE(header + 3), (page.length - first) >> 1);
    for (let i = 0; i < count; i++) {
      const at = page.readUInt16BE(first + 2 * i);
      if (kind === interiorPage) {
        if (at + 4 <= page.length) yield* this.rows(page.readUInt32BE(at), depth + 1);
      } else {
        const record = this.#record(page, at);
        if (record !== undefined) yield record;
      }
    }
    if (kind === interiorPage) yield* this.rows(page.readUInt32BE(header + 8), depth + 1);
  }

  #page(number: number): Buffer | undefined {
    const start = (number - 1) * this.#pageSize;
    const page = start < 0 ? undefined : this.#file.subarray(start, start + this.#pageSize);
    return page?.length === this.#pageSize ? page : undefined;
  }

  /** A leaf's cell: what does not fit into its page follows in a chain of overflow pages. */
  #record(page: Buffer, cell: number): Buffer | undefined {
    const { value: length, next } = varint(page, cell);
    const start = varint(page, next).next;
    const most = this.#usable - 35;
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23;
    if (length <= most)
      return start + length <= page.length ? page.subarray(start, start + length) : undefined;
    const kept = least + ((length - least) % (this.#usable - 4));
    const here = kept <= most ? kept : least;
    if (start + here + 4 > page.length) return undefined;
    const parts = [page.subarray(start, start + here)];
    let left = length - here;
    for (let number = page.readUInt32BE(start + here); left > 0; ) {
      const overflow = this.#page(number);
      if (overflow === undefined || this.#overflowLeft <= 0) return undefined;
      const part = overflow.subarray(4, Math.min(4 + left, this.#usable));
      parts.push(part);
      left -= part.length;
      this.#overflowLeft -= part.length;
      number = overflow.readUInt32BE(0);
    }
    return Buffer.concat(parts);
  }
}

/** The first `count` values of a record, as their bytes; fewer where it ends before. */
function valuesOf(record: Buffer, count: number): Buffer[] {
  const header = varint(record, 0);
  const values: Buffer[] = [];
  let at = header.value;
  for (let type = header.next; type < header.value && type < record.length && values.length < count; ) {
    const serial = varint(record, type);
    const size = sizeOf(serial.value);
    if (at + size > record.length) break;
    values.push(record.subarray(at, at + size));
    at += size;
    type = serial.next;
  }
  return values;
}

/** Bytes of a value by its serial type (section 2.1 of the format). */
function sizeOf(serial: number): number {
  if (serial >= 12) return (serial - 12 - (serial % 2)) / 2;
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][serial] ?? 0;
}

/** A number of one to nine bytes; those beyond 2^53 are no lengths of anything here, whatever their last bits are. */
function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return { value: value * 256 + (bytes[at + 8] ?? 0), next: at + 9 };
}
