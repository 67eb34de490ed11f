import type { DeflateEncoder, DeflateMaker } from "../encoder.ts";
import { LiteralPacker } from "./literals.ts";
import type { Matcher } from "./matcher.ts";
import { PackedOutput } from "./packed-output.ts";
import { SequencePacker } from "./sequences.ts";
import type { ZstdVersion } from "./versions.ts";
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
/** Blocks below this are not packed as literals. */
const leastLone = 32;

/** One zstd frame, as klauspost/compress makes it. */
class ZstdEncoder implements DeflateEncoder {
  private readonly version: ZstdVersion;
  private readonly emit: (bytes: Uint8Array) => void;
  private readonly hash = new XxHash64();
  private readonly out = new PackedOutput();
  private isBegun = false;
  private readonly matcher: Matcher;
  private readonly literals: LiteralPacker;
  private readonly sequences: SequencePacker;

  constructor(version: ZstdVersion, emit: (bytes: Uint8Array) => void) {
    this.version = version;
    this.emit = emit;
    this.matcher = version.makeMatcher();
    this.literals = new LiteralPacker(version);
    this.sequences = new SequencePacker(version);
  }

  write(input: Uint8Array): void {
    const { matcher } = this;
    for (let at = 0; at < input.length; ) {
      const size = matcher.append(at === 0 ? input : input.subarray(at));
      this.hash.update(input.subarray(at, at + size));
      at += size;
      if (matcher.size < matcher.blockSize) continue;
      if (!this.isBegun) this.writeHeader();
      this.packNext();
    }
  }

  finish(): void {
    const { matcher, out } = this;
    const { size } = matcher;
    const isOnly = !this.isBegun;
    if (isOnly && size > 0) this.writeSmallHeader(size);
    else if (isOnly) this.writeHeader();
    if (size > 0) this.pack(true, isOnly);
    else this.writePlain(true);
    out.number(this.hash.finish(), 4);
    this.handOut();
  }

  flush(): void {
    if (this.matcher.size === 0) return;
    if (!this.isBegun) this.writeHeader();
    this.packNext();
  }

  restart(): void {
    this.isBegun = false;
    this.hash.restart();
    this.matcher.restart();
    this.literals.forget();
    this.sequences.forget();
  }

  /** Writes a block that others follow. */
  private packNext(): void {
    this.pack(false, false);
    this.matcher.next();
    this.handOut();
  }

  private handOut(): void {
    this.emit(this.out.bytes.subarray(0, this.out.at));
    this.out.at = 0;
  }

  private writeHeader(): void {
    this.isBegun = true;
    this.out.number(magic, 4);
    this.out.byte(hasChecksum);
    this.out.byte(windowByte(this.matcher.windowSize));
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

  /** Writes the block that the matcher has. */
  private pack(isLast: boolean, isOnly: boolean): void {
    const { matcher, out } = this;
    const { size } = matcher;
    matcher.find(isOnly);
    if (this.version.hasRunBlocks && this.isRun()) {
      this.writeBlockHeader(run, size, isLast);
      out.byte(matcher.bytes[matcher.start]!);
      return;
    }
    if (matcher.sequences.count === 0) {
      this.packLiterals(isLast);
      return;
    }
    const matched = size - matcher.literalCount - (size >> this.version.matchedShift);
    if (matched < leastMatched) {
      this.packLiterals(isLast);
      return;
    }
    const start = out.at;
    out.at += blockHeader;
    this.literals.write(matcher.literals, matcher.literalCount, out);
    this.sequences.write(matcher.sequences, out);
    const packedSize = out.at - start - blockHeader;
    out.at = start;
    if (packedSize >= size) {
      this.writePlain(isLast);
      this.literals.forget();
      return;
    }
    this.writeBlockHeader(packed, packedSize, isLast);
    out.at += packedSize;
    this.sequences.keep();
  }

  /** Of a block without a match, or with hardly any. */
  private packLiterals(isLast: boolean): void {
    const { matcher, out } = this;
    const block = matcher.bytes.subarray(matcher.start, matcher.end);
    const { packsLoneLiterals, leavesFullBlocks } = this.version;
    const isFull = block.length === matcher.blockSize && matcher.sequences.count === 0;
    const mayPack = packsLoneLiterals && block.length >= leastLone && !(isFull && leavesFullBlocks);
    const start = out.at;
    out.at += blockHeader;
    const isPacked = mayPack && this.literals.write(block, block.length, out, { areAlone: true });
    if (isPacked) out.byte(0);
    const packedSize = out.at - start - blockHeader;
    out.at = start;
    if (!isPacked) {
      this.writePlain(isLast);
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

  private writePlain(isLast: boolean): void {
    const { bytes, start, end } = this.matcher;
    this.writeBlockHeader(plain, end - start, isLast);
    this.out.copy(bytes, start, end);
  }

  private writeBlockHeader(kind: number, size: number, isLast: boolean): void {
    this.out.number((isLast ? 1 : 0) | (kind << 1) | (size << 3), blockHeader);
  }
}

function windowByte(size: number): number {
  return (31 - Math.clz32(size - 1) + 1 - 10) << 3;
}

/** The zstd of a version of klauspost/compress at a level. */
export function klauspostZstd(version: ZstdVersion): DeflateMaker {
  return (emit) => new ZstdEncoder(version, emit);
}
