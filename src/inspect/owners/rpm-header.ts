import { decodeName } from "../../tar/names.ts";

/** Tags of rpm's headers (rpm.org, "Package header tags"). */
const tag = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  fileStates: 1029,
  directoryIndexes: 1116,
  baseNames: 1117,
  directoryNames: 1118,
};
const type = { char: 1, int32: 4, string: 6, stringArray: 8 };
/** The file belongs to another package by now, or was never written. */
const fileIsOurs = 0;

/** Longer than any path; what is cut here names nothing. */
const longestString = 8192;

/** A package as rpm's database has it. */
export interface RpmPackage {
  name: string;
  /** `epoch:version-release` without an epoch of 0. */
  version: string;
  /** Absolute paths, folders among them. */
  files: string[];
}

/**
 * A header as it lies in the database: the number of index entries and of data bytes, the entries (tag, type, offset, count), the
 * data. undefined for what is no header or has no name; files that cannot be read are left out.
 */
export function readRpmHeader(bytes: Buffer): RpmPackage | undefined {
  if (bytes.length < 8) return undefined;
  const count = bytes.readUInt32BE(0);
  const data = 8 + 16 * count;
  if (data > bytes.length) return undefined;
  const header = new Header(bytes, count, bytes.subarray(data, data + bytes.readUInt32BE(4)));
  const [name] = header.strings(tag.name);
  if (name === undefined) return undefined;
  const [epoch = 0] = header.numbers(tag.epoch);
  const version = [header.strings(tag.version)[0], header.strings(tag.release)[0]]
    .filter((part) => part !== undefined)
    .join("-");
  const folders = header.strings(tag.directoryNames);
  const indexes = header.numbers(tag.directoryIndexes);
  const states = header.numbers(tag.fileStates);
  const files = header.strings(tag.baseNames).flatMap((base, i): string[] => {
    const folder = folders[indexes[i] ?? -1];
    return folder === undefined || (states[i] ?? fileIsOurs) !== fileIsOurs ? [] : [folder + base];
  });
  return { name, version: epoch === 0 ? version : `${epoch}:${version}`, files };
}

class Header {
  readonly #entries = new Map<number, { type: number; offset: number; count: number }>();
  readonly #data: Buffer;

  constructor(bytes: Buffer, count: number, data: Buffer) {
    this.#data = data;
    for (let i = 0; i < count; i++) {
      const at = 8 + 16 * i;
      this.#entries.set(bytes.readUInt32BE(at), {
        type: bytes.readUInt32BE(at + 4),
        offset: bytes.readUInt32BE(at + 8),
        count: bytes.readUInt32BE(at + 12),
      });
    }
  }

  /** The strings of a tag, as many as there are. */
  strings(wanted: number): string[] {
    const entry = this.#entries.get(wanted);
    if (entry?.type !== type.string && entry?.type !== type.stringArray) return [];
    const found: string[] = [];
    let at = entry.offset;
    for (let i = 0; i < entry.count && at < this.#data.length; i++) {
      const end = this.#data.indexOf(0, at);
      if (end < 0) break;
      found.push(decodeName(this.#data.subarray(at, Math.min(end, at + longestString))));
      at = end + 1;
    }
    return found;
  }

  /** The numbers of a tag, as many as there are. */
  numbers(wanted: number): number[] {
    const entry = this.#entries.get(wanted);
    const width = entry?.type === type.int32 ? 4 : entry?.type === type.char ? 1 : 0;
    if (entry === undefined || width === 0) return [];
    const count = Math.min(entry.count, Math.max(0, Math.floor((this.#data.length - entry.offset) / width)));
    return Array.from({ length: count }, (_, i) => this.#data.readUIntBE(entry.offset + i * width, width));
  }
}
