import { leastRepeats, lengthOrder, lengthSymbols, repeatBits, repeatLast } from "../code-length-runs.ts";
import { DynamicHeader } from "../dynamic-header.ts";
import { fixedDistances, fixedLiterals } from "../fixed-codes.ts";
import { PrefixCode } from "../prefix-code.ts";
import {
  distanceBases,
  distanceExtraBits,
  distanceSymbols,
  endOfBlock,
  firstLengthSymbol,
  lengthBases,
  lengthExtraBits,
  literalSymbols,
} from "../symbols.ts";
import { DecodingTable } from "./decoding-table.ts";

/** How a block is coded (RFC 1951, 3.2.3). */
export const blockTypes = { stored: 0, fixed: 1, dynamic: 2 } as const;

/** Hears what a deflate stream is made of. Arrays are good only during the call, headers for ever. */
export interface DeflateListener {
  block(type: number, last: boolean): void;
  /** A stored block's bytes, all at once. */
  stored(bytes: Uint8Array): void;
  token(token: number): void;
  /** After the last token; `header` and lengths of both codes where these were the block's own. */
  blockEnd(header: DynamicHeader | undefined, literals: Uint8Array, distances: Uint8Array): void;
}

/** What a block's header takes at most, and what a token takes, in bytes, with some to spare. */
const headerBytes = 640;
const tokenBytes = 8;

/**
 * Takes a deflate stream apart into its blocks and tokens. Gives up, for good, at what cannot be said in these: damage, bits between blocks that are not
 * zero, the longest length in its longer way.
 */
export class DeflateReader {
  isBroken = false;
  private readonly listener: DeflateListener;
  private bytes = new Uint8Array(1 << 16);
  private view = new DataView(this.bytes.buffer);
  /** Bytes in `bytes`, and bits of them that are read. */
  private end = 0;
  private at = 0;
  private state: "block" | "tokens" | "stored" | "over" = "block";
  private last = false;
  private storedSize = 0;
  private header: DynamicHeader | undefined;
  private readonly literalCode = new PrefixCode(literalSymbols);
  private readonly distanceCode = new PrefixCode(distanceSymbols);
  private readonly lengthTable = new DecodingTable(7);
  private readonly literalTable = new DecodingTable(15);
  private readonly distanceTable = new DecodingTable(15);

  constructor(listener: DeflateListener) {
    this.listener = listener;
  }

  /** Reads on. */
  feed(bytes: Uint8Array): void {
    this.append(bytes);
    this.run(false);
  }

  /** Whether the stream is over and all of it was read. */
  finish(): boolean {
    this.run(true);
    if (this.state !== "over" || this.isBroken) return false;
    this.align();
    return !this.isBroken && this.at === 8 * this.end;
  }

  private append(bytes: Uint8Array): void {
    const done = this.at >>> 3;
    this.bytes.copyWithin(0, done, this.end);
    this.end -= done;
    this.at &= 7;
    const needed = this.end + bytes.length + tokenBytes;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(2 * needed);
      grown.set(this.bytes.subarray(0, this.end));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
    this.bytes.fill(0, this.end, this.end + tokenBytes);
  }

  private run(isAll: boolean): void {
    while (!this.isBroken && this.state !== "over") {
      const ahead = this.end - (this.at >>> 3);
      if (this.state === "block" && (ahead >= headerBytes || isAll)) this.readBlock();
      else if (this.state === "tokens" && (ahead >= tokenBytes || isAll)) this.readTokens(isAll);
      else if (this.state === "stored" && ahead >= this.storedSize) this.readStored();
      else return;
      if (this.at > 8 * this.end) this.isBroken = true;
    }
  }

  private readBlock(): void {
    this.last = this.read(1) === 1;
    const type = this.read(2);
    this.header = undefined;
    if (type === blockTypes.stored) {
      this.align();
      this.storedSize = this.read(16);
      if (this.read(16) !== (this.storedSize ^ 0xffff)) this.isBroken = true;
      this.state = "stored";
    } else if (type === blockTypes.fixed) {
      this.use(fixedLiterals, fixedDistances);
    } else if (type === blockTypes.dynamic) {
      this.header = new DynamicHeader();
      this.readHeader(this.header);
    } else this.isBroken = true;
    if (!this.isBroken) this.listener.block(type, this.last);
  }

  private use(literals: PrefixCode, distances: PrefixCode): void {
    this.literalTable.build(literals);
    this.distanceTable.build(distances);
    this.state = "tokens";
  }

  private readHeader(header: DynamicHeader): void {
    header.literals = this.read(5) + 257;
    header.distances = this.read(5) + 1;
    header.sentLengths = this.read(4) + 4;
    const { lengthCode, runs } = header;
    const sent = new Uint8Array(lengthSymbols);
    for (let i = 0; i < header.sentLengths; i++) sent[lengthOrder[i]!] = this.read(3);
    lengthCode.assign(sent);
    this.lengthTable.build(lengthCode);
    const total = header.literals + header.distances;
    if (header.literals > literalSymbols || header.distances > distanceSymbols) this.isBroken = true;
    const lengths = new Uint8Array(total);
    runs.clear();
    for (let i = 0; i < total && !this.isBroken; ) {
      const symbol = this.decode(this.lengthTable);
      const repeat = symbol - repeatLast;
      const extra = repeat >= 0 ? this.read(repeatBits[repeat]!) : 0;
      const times = repeat >= 0 ? leastRepeats[repeat]! + extra : 1;
      if (i + times > total || (i === 0 && repeat === 0)) {
        this.isBroken = true;
        return;
      }
      runs.add(symbol, extra);
      lengths.fill(repeat < 0 ? symbol : repeat === 0 ? lengths[i - 1]! : 0, i, i + times);
      i += times;
    }
    if (this.isBroken) return;
    this.literalCode.assign(lengths.subarray(0, header.literals));
    this.distanceCode.assign(lengths.subarray(header.literals));
    this.use(this.literalCode, this.distanceCode);
  }

  private readStored(): void {
    const from = this.at >>> 3;
    this.at += 8 * this.storedSize;
    this.listener.stored(this.bytes.subarray(from, from + this.storedSize));
    this.state = this.last ? "over" : "block";
  }

  private readTokens(isAll: boolean): void {
    const until = isAll ? 8 * this.end : 8 * (this.end - tokenBytes) + 7;
    while (this.at <= until && !this.isBroken) {
      const symbol = this.decode(this.literalTable);
      if (this.isBroken) return;
      if (symbol < endOfBlock) this.listener.token(symbol);
      else if (symbol === endOfBlock) {
        this.listener.blockEnd(this.header, this.literalCode.lengths, this.distanceCode.lengths);
        this.state = this.last ? "over" : "block";
        return;
      } else this.readMatch(symbol - firstLengthSymbol);
    }
  }

  private readMatch(lengthSymbol: number): void {
    if (lengthSymbol >= lengthBases.length) {
      this.isBroken = true;
      return;
    }
    const length = lengthBases[lengthSymbol]! + this.read(lengthExtraBits[lengthSymbol]!);
    const symbol = this.decode(this.distanceTable);
    const distance = 1 + distanceBases[symbol]! + this.read(distanceExtraBits[symbol]!);
    if (length === 255 && lengthSymbol !== lengthBases.length - 1) this.isBroken = true;
    if (!this.isBroken) this.listener.token((distance << 8) | length);
  }

  private align(): void {
    if ((this.at & 7) !== 0 && this.read(8 - (this.at & 7)) !== 0) this.isBroken = true;
  }

  private decode(table: DecodingTable): number {
    const entry = table.entries[this.peek() & table.mask]!;
    if (entry === 0) {
      this.isBroken = true;
      return 0;
    }
    this.at += entry & 15;
    return entry >>> 4;
  }

  private read(count: number): number {
    const value = this.peek() & ((1 << count) - 1);
    this.at += count;
    return value;
  }

  /** The next 25 bits and more; zeros behind the end. */
  private peek(): number {
    const byte = this.at >>> 3;
    if (byte > this.end) return 0;
    return this.view.getUint32(byte, true) >>> (this.at & 7);
  }
}
