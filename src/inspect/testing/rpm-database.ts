import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** What a header of rpm says. */
export interface RpmSpec {
  name: string;
  version: string;
  release: string;
  epoch?: number;
  /** Absolute paths. */
  files: readonly string[];
  /** One for each file; 0 is normal. */
  states?: readonly number[];
}

/** A header as rpm's databases have it. */
export function rpmHeader({ name, version, release, epoch, files, states }: RpmSpec): Buffer {
  const folders = [...new Set(files.map((path) => path.slice(0, path.lastIndexOf("/") + 1)))];
  const tags: [tag: number, type: number, count: number, data: Buffer][] = [
    [1000, 6, 1, strings([name])],
    [1001, 6, 1, strings([version])],
    [1002, 6, 1, strings([release])],
    [1003, 4, epoch === undefined ? 0 : 1, numbers(epoch === undefined ? [] : [epoch])],
    [1029, 1, states?.length ?? 0, Buffer.from(states ?? [])],
    [1117, 8, files.length, strings(files.map((path) => path.slice(path.lastIndexOf("/") + 1)))],
    [1118, 8, folders.length, strings(folders)],
    [1116, 4, files.length, numbers(files.map((path) => folders.findIndex((one) => isIn(path, one))))],
  ];
  const index = Buffer.alloc(8 + 16 * tags.length);
  const data = Buffer.concat(tags.map(([, , , bytes]) => bytes));
  index.writeUInt32BE(tags.length, 0);
  index.writeUInt32BE(data.length, 4);
  let offset = 0;
  for (const [i, [tag, type, count, bytes]] of tags.entries()) {
    for (const [j, value] of [tag, type, offset, count].entries())
      index.writeUInt32BE(value, 8 + 16 * i + 4 * j);
    offset += bytes.length;
  }
  return Buffer.concat([index, data]);
}

/** An `rpmdb.sqlite` with these headers, written by SQLite itself. */
export function sqliteDatabase(headers: readonly Buffer[], pageSize = 4096): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "ddiff-rpm-"));
  try {
    const path = join(folder, "rpmdb.sqlite");
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA page_size = ${pageSize}; PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF`);
    database.exec("CREATE TABLE Other (key TEXT, value BLOB); INSERT INTO Other VALUES ('a', x'00')");
    database.exec("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)");
    const insert = database.prepare("INSERT INTO Packages (blob) VALUES (?)");
    database.exec("BEGIN");
    for (const header of headers) insert.run(header);
    database.exec("COMMIT");
    database.close();
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A `Packages.db` with these headers. */
export function ndbDatabase(headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(4096);
  slots.write("RpmP", 0, "latin1");
  slots.writeUInt32LE(1, 12);
  const blobs: Buffer[] = [];
  let block = slots.length / 16;
  for (const [i, header] of headers.entries()) {
    const blob = Buffer.alloc(Math.ceil((16 + header.length + 12) / 16) * 16);
    blob.write("BlbS", 0, "latin1");
    blob.writeUInt32LE(i + 1, 4);
    blob.writeUInt32LE(header.length, 12);
    header.copy(blob, 16);
    const at = 32 + 16 * i;
    slots.write("Slot", at, "latin1");
    slots.writeUInt32LE(i + 1, at + 4);
    slots.writeUInt32LE(block, at + 8);
    slots.writeUInt32LE(blob.length / 16, at + 12);
    block += blob.length / 16;
    blobs.push(blob);
  }
  return Buffer.concat([slots, ...blobs]);
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
}

function strings(values: readonly string[]): Buffer {
  return Buffer.from(values.map((value) => `${value}\0`).join(""));
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(folder) && !path.slice(folder.length).includes("/");
}
