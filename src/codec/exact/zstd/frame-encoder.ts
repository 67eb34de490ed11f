import type { DeflateEncoder, DeflateMaker } from "../encoder.ts";
import { blockSize, DoubleFastMatcher, windowSize } from "./double-fast.ts";
import { LiteralPacker } from "./literals.ts";
import { PackedOutput } from "./packed-output.ts";
import { SequencePacker } from "./sequences.ts";
import { type ZstdVersion, zstdVersions } from "./versions.ts";
import { XxHash64 } from "./xxhash64.ts";

/** The first bytes of a frame (RFC 8878, 3.1.1), as a number. */
const magic = 0xfd2fb528;
const hasChecksum = 1 << 2;
const isSingleSegment = 1 << 5;
/** Frames without history that are larger than this have no window but their size. */
const smallestWindow = 1 << 10;
/** Kinds of blocks (RFC 8878, 3.1.1.2.2). */
const plain = 0;
const run = 1;
const packed = 2;
const blockHeader = 3;
/** So many bytes more have to be matched than the version asks for. */
const leastMatched = 16;

/** One zstd frame, as klauspost/compress makes it at its default level. */
class ZstdEncoder implements DeflateEncoder {
  private readonly version: ZstdVersion;
  private readonly emit: (bytes: Uint8Array) => void;
  private readonly hash = new XxHash64();
  private readonly out = new PackedOutput();
  private readonly block = new Uint8Array(blockSize);
  private filled = 0;
  private isBegun = false;
  private readonly matcher = new DoubleFastMatcher();
  private readonly literals: LiteralPacker;
  private readonly sequences: SequencePacker;

  constructor(version: ZstdVersion, emit: (bytes: Uint8Array) => void) {
    this.version = version;
    this.emit = emit;
    this.literals = new LiteralPacker(version);
    this.sequences = new SequencePacker(version);
  }

  write(input: Uint8Array): void {
    this.hash.update(input);
    for (let at = 0; at < input.length; ) {
      const some = input.subarray(at, at + blockSize - this.filled);
      this.block.set(some, this.filled);
      this.filled += some.length;
      at += some.length;
      if (this.filled < blockSize) continue;
      if (!this.isBegun) this.writeHeader();
      this.pack(blockSize, false, false);
      this.filled = 0;
      this.handOut();
    }
  }

  finish(): void {
    const { filled, out } = this;
    const isOnly = !this.isBegun;
    if (isOnly && filled > 0) this.writeSmallHeader(filled);
    else if (isOnly) this.writeHeader();
    if (filled > 0) this.pack(filled, true, isOnly);
    else this.writePlain(0, true);
    out.number(this.hash.finish(), 4);
    this.handOut();
  }

  flush(): void {
    if (this.filled === 0) return;
    if (!this.isBegun) this.writeHeader();
    this.pack(this.filled, false, false);
    this.filled = 0;
    this.handOut();
  }

  restart(): void {
    this.filled = 0;
    this.isBegun = false;
    this.hash.restart();
    this.matcher.restart();
    this.literals.forget();
    this.sequences.forget();
  }

  private handOut(): void {
    this.emit(this.out.bytes.subarray(0, this.out.at));
    this.out.at = 0;
  }

  private writeHeader(): void {
    this.isBegun = true;
    this.out.number(magic, 4);
    this.out.byte(hasChecksum);
    this.out.byte(windowByte(windowSize));
  }

  /** Of a frame of one block, whose size is known. */
  private writeSmallHeader(size: number): void {
    const { out } = this;
    const isSingle = size > smallestWindow;
    const sizeField = size < 256 ? 0 : size < 65_536 + 256 ? 1 : 2;
    out.number(magic, 4);
    out.byte(hasChecksum | (isSingle ? isSingleSegment : 0) | (sizeField << 6));
    if (!isSingle) out.byte(windowByte(Math.max(smallestWindow, 2 ** (32 - Math.clz32(size)))));
    if (sizeField === 1) out.number(size - 256, 2);
    else if (sizeField === 2) out.number(size, 4);
  }

  /** Writes the first `size` bytes of `block` as a block. */
  private pack(size: number, isLast: boolean, isOnly: boolean): void {
    const { matcher, out } = this;
    matcher.find(this.block.subarray(0, size), isOnly);
    if (this.version.hasRunBlocks && this.isRun()) {
      this.writeBlockHeader(run, size, isLast);
      out.byte(this.block[0]!);
      return;
    }
    if (matcher.sequences.count === 0) {
      this.packLiterals(size, isLast);
      return;
    }
    const matched = size - matcher.literalCount - (size >> this.version.matchedShift);
    if (matched < leastMatched) {
      this.packLiterals(size, isLast);
      return;
    }
    const start = out.at;
    out.at += blockHeader;
    this.literals.write(matcher.literals, matcher.literalCount, out);
    this.sequences.write(matcher.sequences, out);
    const packedSize = out.at - start - blockHeader;
    out.at = start;
    if (packedSize >= size) {
      this.writePlain(size, isLast);
      this.literals.forget();
      return;
    }
    this.writeBlockHeader(packed, packedSize, isLast);
    out.at += packedSize;
    this.sequences.keep();
  }

  /** Of a block without a match, or with hardly any. */
  private packLiterals(size: number, isLast: boolean): void {
    const { out } = this;
    const start = out.at;
    out.at += blockHeader;
    const mayPack = this.version.packsLoneLiterals && size < blockSize;
    const isPacked = mayPack && this.literals.write(this.block, size, out);
    if (isPacked) out.byte(0);
    const packedSize = out.at - start - blockHeader;
    out.at = start;
    if (!isPacked) {
      this.writePlain(size, isLast);
      return;
    }
    this.writeBlockHeader(packed, packedSize, isLast);
    out.at += packedSize;
  }

  /** Whether a block repeats one byte. */
  private isRun(): boolean {
    const { sequences, literalCount } = this.matcher;
    return (
      sequences.count === 1 &&
      literalCount <= 1 &&
      sequences.literals[0] === literalCount &&
      sequences.offsets[0] === 4
    );
  }

  private writePlain(size: number, isLast: boolean): void {
    this.writeBlockHeader(plain, size, isLast);
    this.out.copy(this.block, 0, size);
  }

  private writeBlockHeader(kind: number, size: number, isLast: boolean): void {
    this.out.number((isLast ? 1 : 0) | (kind << 1) | (size << 3), blockHeader);
  }
}

function windowByte(size: number): number {
  return (31 - Math.clz32(size - 1) + 1 - 10) << 3;
}

/** The zstd of a version of klauspost/compress at its default level. */
export function klauspostZstd(version: keyof typeof zstdVersions): DeflateMaker {
  return (emit) => new ZstdEncoder(zstdVersions[version], emit);
}
