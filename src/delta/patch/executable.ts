import type { Bytes } from "../../util/random-bytes.ts";

/** A run of bytes of a program or library and where it stands in memory when loaded. */
export interface Section {
  readonly name: string;
  readonly offset: number;
  /** Bytes in the file; 0 for memory that is only reserved (.bss). */
  readonly length: number;
  /** 0 for a section that is not loaded (a symbol table). */
  readonly address: number;
  /** Bytes in memory. */
  readonly size: number;
  readonly code: boolean;
}

/** What addresses mean in a program or library. */
export interface Executable {
  readonly machine: "x86-64" | "arm64";
  /** What image-relative addresses count from. */
  readonly imageBase: number;
  /** In order of their offset in the file. */
  readonly sections: readonly Section[];
}

const maxSections = 1024;

/**
 * Reads the section table of a 64-bit ELF, PE or Mach-O file; undefined for anything else, damaged ones included: the
 * patch is then made without knowledge of addresses.
 */
export function readExecutable(bytes: Bytes): Executable | undefined {
  if (bytes.length < 1024) return undefined;
  const head = view(bytes, 0, 64);
  const magic = head.getUint32(0, false);
  try {
    const found =
      magic === 0x7f454c46
        ? readElf(bytes, head)
        : magic >>> 16 === 0x4d5a
          ? readPe(bytes, head)
          : magic === 0xcffaedfe
            ? readMachO(bytes, head)
            : undefined;
    if (found === undefined) return undefined;
    const sections = found.sections
      .filter((s) => s.size > 0 && s.offset + s.length <= bytes.length && s.address + s.size < 2 ** 52)
      .sort((a, b) => a.offset - b.offset || a.length - b.length);
    // Sections that overlap are the sign of a damaged or unusual file.
    const filled = sections.filter((s) => s.length > 0);
    if (filled.some((s, k) => k > 0 && s.offset < filled[k - 1]!.offset + filled[k - 1]!.length))
      return undefined;
    return sections.length > maxSections ? undefined : { ...found, sections };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readElf(bytes: Bytes, head: DataView): Executable | undefined {
  const machine = machineOf(head.getUint16(18, true), 62, 183);
  if (head.getUint16(4, true) !== 0x0102 || machine === undefined) return undefined;
  const count = head.getUint16(60, true);
  if (count === 0 || head.getUint16(58, true) !== 64) return undefined;
  const table = view(bytes, u64(head, 40), count * 64);
  const namesAt = head.getUint16(62, true) * 64;
  const names = view(bytes, u64(table, namesAt + 24), u64(table, namesAt + 32));
  const sections: Section[] = [];
  for (let at = 64; at < count * 64; at += 64) {
    const type = table.getUint32(at + 4, true);
    const size = u64(table, at + 32);
    sections.push({
      name: text(names, table.getUint32(at, true), 64),
      offset: u64(table, at + 24),
      length: type === 8 ? 0 : size,
      address: u64(table, at + 16),
      size,
      code: (table.getUint32(at + 8, true) & 4) !== 0,
    });
  }
  // Thread-local .tbss takes no place in memory: its addresses belong to its successor.
  return { machine, imageBase: 0, sections: sections.filter((s) => s.name !== ".tbss") };
}

function readPe(bytes: Bytes, head: DataView): Executable | undefined {
  const at = head.getUint32(60, true);
  const coff = view(bytes, at, 24);
  const machine = machineOf(coff.getUint16(4, true), 0x8664, 0xaa64);
  const count = coff.getUint16(6, true);
  const optional = view(bytes, at + 24, coff.getUint16(20, true));
  if (
    coff.getUint32(0, false) !== 0x50450000 ||
    machine === undefined ||
    optional.getUint16(0, true) !== 0x20b
  ) {
    return undefined;
  }
  const imageBase = u64(optional, 24);
  const table = view(bytes, at + 24 + optional.byteLength, count * 40);
  const sections: Section[] = [];
  for (let row = 0; row < count * 40; row += 40) {
    const size = table.getUint32(row + 8, true);
    sections.push({
      name: text(table, row, 8),
      offset: table.getUint32(row + 20, true),
      length: Math.min(size, table.getUint32(row + 16, true)),
      address: imageBase + table.getUint32(row + 12, true),
      size,
      code: (table.getUint32(row + 36, true) & 0x20000000) !== 0,
    });
  }
  return { machine, imageBase, sections };
}

function readMachO(bytes: Bytes, head: DataView): Executable | undefined {
  const machine = machineOf(head.getUint32(4, true), 0x01000007, 0x0100000c);
  if (machine === undefined) return undefined;
  const commands = view(bytes, 32, head.getUint32(20, true));
  const sections: Section[] = [];
  let imageBase = 0;
  let at = 0;
  for (let left = head.getUint32(16, true); left > 0; left--) {
    const size = commands.getUint32(at + 4, true);
    if (commands.getUint32(at, true) === 0x19) {
      const segment = text(commands, at + 8, 16);
      const count = commands.getUint32(at + 64, true);
      if (segment === "__TEXT") imageBase = u64(commands, at + 24);
      for (let row = at + 72, k = 0; k < count; k++, row += 80) {
        const flags = commands.getUint32(row + 64, true);
        const length = u64(commands, row + 40);
        sections.push({
          name: `${segment},${text(commands, row, 16)}`,
          offset: commands.getUint32(row + 48, true),
          length: [1, 12].includes(flags & 0xff) ? 0 : length,
          address: u64(commands, row + 32),
          size: length,
          code: (flags & 0x80000400) !== 0,
        });
      }
      if (count === 0) {
        const length = u64(commands, at + 48);
        sections.push({
          name: segment,
          offset: u64(commands, at + 40),
          length,
          address: 0,
          size: length,
          code: false,
        });
      }
    }
    at += Math.max(8, size);
  }
  return { machine, imageBase, sections };
}

function machineOf(value: number, x86: number, arm: number): Executable["machine"] | undefined {
  return value === x86 ? "x86-64" : value === arm ? "arm64" : undefined;
}

function view(bytes: Bytes, offset: number, length: number): DataView {
  if (offset + length > bytes.length || length > 2 ** 22) throw new RangeError("outside the file");
  const some = bytes.read(offset, length);
  return new DataView(some.buffer, some.byteOffset, some.byteLength);
}

function u64(bytes: DataView, at: number): number {
  return bytes.getUint32(at, true) + bytes.getUint32(at + 4, true) * 2 ** 32;
}

function text(bytes: DataView, at: number, max: number): string {
  let name = "";
  for (let i = at; i < at + max && i < bytes.byteLength; i++) {
    const code = bytes.getUint8(i);
    if (code === 0) break;
    name += String.fromCharCode(code);
  }
  return name;
}
