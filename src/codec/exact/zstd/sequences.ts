import { FseTable, tableLog } from "./fse-table.ts";
import { PackedOutput } from "./packed-output.ts";
import {
  literalBits,
  literalCode,
  literalTable,
  matchBits,
  matchCode,
  matchTable,
  offsetCode,
  offsetTable,
} from "./sequence-codes.ts";
import type { ZstdVersion } from "./versions.ts";

const longestLog = 8;
/** From here on the number of sequences takes two bytes, and three. */
const twoBytes = 128;
const threeBytes = 0x7f00;
/** Ways to say a table (RFC 8878, 3.1.1.3.2.1). */
const predefined = 0;
const run = 1;
const own = 2;
const asBefore = 3;
/** A block has fewer sequences, for each is four bytes long at the least. */
const mostSequences = 1 << 15;

/** What a block consists of: literals, then a match, again and again. */
export class Sequences {
  count = 0;
  readonly literals = new Int32Array(mostSequences);
  /** Lengths, less 3. */
  readonly matches = new Int32Array(mostSequences);
  /** 1 is the offset before, or after no literals the one before that; others have 3 added. */
  readonly offsets = new Int32Array(mostSequences);

  add(literals: number, match: number, offset: number): void {
    const { count } = this;
    this.literals[count] = literals;
    this.matches[count] = match - 3;
    this.offsets[count] = offset;
    this.count = count + 1;
  }

  /** How long the last match is. */
  get lastLength(): number {
    return this.matches[this.count - 1]! + 3;
  }
}

/** The codes of one of the three parts of sequences, and the tables that they may be packed with. */
class Coder {
  readonly codes = new Uint8Array(mostSequences);
  private readonly weighsTables: boolean;
  private readonly everybodys: FseTable;
  private readonly scratch = new PackedOutput();
  private fresh = new FseTable();
  private before = new FseTable();
  /** The table that was chosen. */
  table = this.fresh;

  constructor(everybodys: FseTable, { weighsTables }: ZstdVersion) {
    this.everybodys = everybodys;
    this.weighsTables = weighsTables;
  }

  /** Chooses how to say the table for the first `count` codes; returns the way. */
  choose(count: number): number {
    const { fresh, codes } = this;
    const { counts } = fresh;
    counts.fill(0);
    for (let i = 0; i < count; i++) counts[codes[i]!]!++;
    let most = 0;
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] === 0) continue;
      fresh.symbols = i + 1;
      if (counts[i]! > most) most = counts[i]!;
    }
    if (most === count) {
      fresh.fitRun(codes[0]!);
      this.table = fresh;
      return run;
    }
    fresh.fit(count, tableLog(count, fresh.symbols, longestLog, true));
    return this.cheapest();
  }

  /** Writes the table, where it is to be said. */
  write(out: PackedOutput): void {
    if (this.table !== this.fresh) return;
    if (this.table.isRun) out.byte(this.codes[0]!);
    else this.table.write(out);
  }

  /** Keeps the table that was written for the next block. */
  keep(): void {
    if (this.table === this.fresh) {
      this.fresh = this.before;
      this.before = this.table;
    } else if (this.table !== this.before) this.before.symbols = 0;
  }

  forget(): void {
    this.before.symbols = 0;
  }

  private cheapest(): number {
    const { fresh, before, everybodys, weighsTables } = this;
    const { counts, symbols } = fresh;
    const data = fresh.cost(counts, symbols);
    const likely = data + 8 * (((symbols * fresh.log) >> 3) + 3);
    let whole = likely + ((likely + 256) >> 4);
    let asEverybody = everybodys.cost(counts, symbols);
    let again = before.cost(counts, symbols);
    let againAt = whole;
    if (weighsTables) {
      if (again !== Number.POSITIVE_INFINITY) againAt = data + 8 * this.headerSize();
      whole += fresh.log;
      againAt += fresh.log;
      asEverybody += everybodys.log;
      again += before.log;
    }
    if (asEverybody <= again && asEverybody <= whole) {
      this.table = everybodys;
      return predefined;
    }
    const isAgain = again <= againAt;
    this.table = isAgain ? before : fresh;
    return isAgain ? asBefore : own;
  }

  private headerSize(): number {
    this.scratch.at = 0;
    this.fresh.write(this.scratch);
    return this.scratch.at;
  }
}

/** Packs the sequences of one block after the other. */
export class SequencePacker {
  private readonly literals: Coder;
  private readonly offsets: Coder;
  private readonly matches: Coder;

  constructor(version: ZstdVersion) {
    this.literals = new Coder(literalTable, version);
    this.offsets = new Coder(offsetTable, version);
    this.matches = new Coder(matchTable, version);
  }

  /** Writes a sequences section of at least one sequence. */
  write(sequences: Sequences, out: PackedOutput): void {
    const { count } = sequences;
    writeCount(count, out);
    for (let i = 0; i < count; i++) {
      this.literals.codes[i] = literalCode(sequences.literals[i]!);
      this.offsets.codes[i] = offsetCode(sequences.offsets[i]!);
      this.matches.codes[i] = matchCode(sequences.matches[i]!);
    }
    const { literals, offsets, matches } = this;
    out.byte((literals.choose(count) << 6) | (offsets.choose(count) << 4) | (matches.choose(count) << 2));
    literals.write(out);
    offsets.write(out);
    matches.write(out);
    this.writeBits(sequences, out);
  }

  /** Lets the next block use the tables of the one that was written. */
  keep(): void {
    this.literals.keep();
    this.offsets.keep();
    this.matches.keep();
  }

  /** Lets no block use a table of one before this. */
  forget(): void {
    this.literals.forget();
    this.offsets.forget();
    this.matches.forget();
  }

  /** From the last sequence to the first. */
  private writeBits(sequences: Sequences, out: PackedOutput): void {
    const literalCodes = this.literals.codes;
    const offsetCodes = this.offsets.codes;
    const matchCodes = this.matches.codes;
    const literals = this.literals.table;
    const offsets = this.offsets.table;
    const matches = this.matches.table;
    const last = sequences.count - 1;
    let literal = literals.firstState(literalCodes[last]!);
    let offset = offsets.firstState(offsetCodes[last]!);
    let match = matches.firstState(matchCodes[last]!);
    for (let i = last; i >= 0; i--) {
      const literalAt = literalCodes[i]!;
      const offsetAt = offsetCodes[i]!;
      const matchAt = matchCodes[i]!;
      if (i < last) {
        const forOffset = (offset + offsets.bitSteps[offsetAt]!) >>> 16;
        const forMatch = (match + matches.bitSteps[matchAt]!) >>> 16;
        const forLiteral = (literal + literals.bitSteps[literalAt]!) >>> 16;
        const both = (offset & ((1 << forOffset) - 1)) | ((match & ((1 << forMatch) - 1)) << forOffset);
        const forBoth = forOffset + forMatch;
        out.bits(both | (literal << forBoth), forBoth + forLiteral);
        offset = offsets.states[(offset >> forOffset) + offsets.stateSteps[offsetAt]!]!;
        match = matches.states[(match >> forMatch) + matches.stateSteps[matchAt]!]!;
        literal = literals.states[(literal >> forLiteral) + literals.stateSteps[literalAt]!]!;
      }
      const moreLiterals = literalBits[literalAt]!;
      const moreMatch = matchBits[matchAt]!;
      const literalRest = sequences.literals[i]! & ((1 << moreLiterals) - 1);
      if (moreLiterals + moreMatch <= 24)
        out.bits(literalRest | (sequences.matches[i]! << moreLiterals), moreLiterals + moreMatch);
      else {
        out.bits(literalRest, moreLiterals);
        out.bits(sequences.matches[i]!, moreMatch);
      }
      out.bits(sequences.offsets[i]!, offsetAt);
    }
    out.bits(match, matches.log);
    out.bits(offset, offsets.log);
    out.bits(literal, literals.log);
    out.endBits();
  }
}

function writeCount(count: number, out: PackedOutput): void {
  if (count < twoBytes) out.byte(count);
  else if (count < threeBytes) {
    out.byte(128 + (count >> 8));
    out.byte(count);
  } else {
    out.byte(255);
    out.number(count - threeBytes, 2);
  }
}
