/** What a made ELF file says of itself. */
export interface ElfSpec {
  needed?: readonly string[];
  soname?: string;
  /** Written as DT_RPATH. */
  rpath?: string;
  /** Written as DT_RUNPATH. */
  runpath?: string | undefined;
  interpreter?: string;
  /** 62 is x86_64, 183 aarch64. */
  machine?: number;
}

const tags = {
  needed: 1,
  hash: 4,
  stringTable: 5,
  symbolTable: 6,
  stringSize: 10,
  symbolSize: 11,
  soname: 14,
  rpath: 15,
  runpath: 29,
};

/** A little-endian 64-bit library without code, whole enough for the system's own loader to load it. */
export function elfFile(spec: ElfSpec = {}): Buffer {
  const { needed = [], soname, rpath, runpath, interpreter, machine = 62 } = spec;
  let strings = "\0";
  const put = (text: string): bigint => {
    const at = strings.length;
    strings += `${text}\0`;
    return BigInt(at);
  };
  const entries: [tag: number, value: bigint][] = needed.map((name) => [tags.needed, put(name)]);
  if (soname !== undefined) entries.push([tags.soname, put(soname)]);
  if (rpath !== undefined) entries.push([tags.rpath, put(rpath)]);
  if (runpath !== undefined) entries.push([tags.runpath, put(runpath)]);
  const interpreterAt = interpreter === undefined ? 0n : put(interpreter);
  const heads = interpreter === undefined ? 3 : 4;
  const hashAt = 64 + 56 * heads;
  const symbolsAt = hashAt + 16;
  const dynamicAt = symbolsAt + 24;
  const dynamicSize = (entries.length + 6) * 16;
  const stringsAt = dynamicAt + dynamicSize;
  const size = stringsAt + strings.length;
  entries.push(
    [tags.hash, BigInt(hashAt)],
    [tags.stringTable, BigInt(stringsAt)],
    [tags.symbolTable, BigInt(symbolsAt)],
    [tags.stringSize, BigInt(strings.length)],
    [tags.symbolSize, 24n],
    [0, 0n],
  );
  const bytes = Buffer.alloc(size);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(bytes);
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(64, 52);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(heads, 56);
  const head = (at: number, type: number, start: number, length: number, align: number): void => {
    const place = 64 + 56 * at;
    bytes.writeUInt32LE(type, place);
    bytes.writeUInt32LE(6, place + 4);
    for (const field of [8, 16, 24]) bytes.writeBigUInt64LE(BigInt(start), place + field);
    for (const field of [32, 40]) bytes.writeBigUInt64LE(BigInt(length), place + field);
    bytes.writeBigUInt64LE(BigInt(align), place + 48);
  };
  head(0, 1, 0, size, 4096);
  head(1, 2, dynamicAt, dynamicSize, 8);
  head(2, 0x6474e551, 0, 0, 16);
  if (interpreter !== undefined) head(3, 3, stringsAt + Number(interpreterAt), interpreter.length + 1, 1);
  // One bucket, one symbol, which is none.
  bytes.writeUInt32LE(1, hashAt);
  bytes.writeUInt32LE(1, hashAt + 4);
  for (const [i, [tag, value]] of entries.entries()) {
    bytes.writeBigUInt64LE(BigInt(tag), dynamicAt + i * 16);
    bytes.writeBigUInt64LE(value, dynamicAt + i * 16 + 8);
  }
  bytes.write(strings, stringsAt, "latin1");
  return bytes;
}
