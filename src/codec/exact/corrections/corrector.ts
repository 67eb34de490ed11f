import type { DynamicHeader } from "../dynamic-header.ts";
import { BitEncoder } from "./bit-coder.ts";
import { type DeflateListener, DeflateReader } from "./deflate-reader.ts";
import { efforts, leastAhead, Predictor } from "./predictor.ts";
import { mostTokens, StreamModel } from "./stream-model.ts";

/** So many plain bytes decide which level foretells best. */
const headSize = 400_000;
/** The levels as they are used, most of all those that are some program's default, its fastest or its best. */
const levelsByUse = [6, 9, 1, 5, 4, 8, 7, 3, 2] as const;
/** Packed bytes that are taken apart at once: with those that waited for a header at most 925 kB come of them, for which the predictor has room. */
const bite = 1 << 8;

/** So many beginnings and ends of blocks are kept at most: 400 kB in blocks of a few dozen bytes have fewer. */
const mostNotes = 1 << 14;

/** What is not a token in the queue; what it says more is in the notes. */
const marks = { block: -1, stored: -2, blockEnd: -3 } as const;

/** Of a stored block its size, of the end of a block its codes. */
interface Note {
  value: number;
  header?: DynamicHeader | undefined;
  literals?: Uint8Array;
  distances?: Uint8Array;
}

/**
 * Says in few bytes how a deflate stream differs from what a level of zlib would make of the bytes that it unpacks to: `correctedDeflate` makes
 * the stream again from both. After an idea of preflate (Steinke). Takes any stream; few bytes it takes for programs that choose like zlib.
 */
export class DeflateCorrector implements DeflateListener {
  private readonly reader = new DeflateReader(this);
  private readonly encoder = new BitEncoder();
  /** Holds the plain bytes until there is a model. */
  private readonly head = new Predictor(efforts[0]!);
  private model: StreamModel | undefined;
  private queue = new Int32Array(1 << 16);
  private first = 0;
  private end = 0;
  private notes: Note[] = [];
  private isBroken = false;
  private readonly likely: number;

  /** Where several levels foretell the beginning alike, the likely one is taken. */
  constructor(likely: number) {
    this.likely = likely;
  }

  /** Bytes of corrections so far; infinite where the stream cannot be corrected. */
  get size(): number {
    return this.isBroken || this.reader.isBroken ? Number.POSITIVE_INFINITY : this.encoder.size;
  }

  /** Reads on in the stream. */
  write(packed: Uint8Array): void {
    for (let at = 0; at < packed.length && this.size !== Number.POSITIVE_INFINITY; at += bite) {
      this.reader.feed(packed.subarray(at, at + bite));
      if (this.model === undefined && this.head.end >= headSize) this.chooseLevel(false);
      this.tryDrain(false);
    }
  }

  /** The corrections, now that the stream is over; undefined where there are none. */
  finish(): Uint8Array | undefined {
    if (this.isBroken || !this.reader.finish()) return undefined;
    if (this.model === undefined) this.chooseLevel(true);
    this.tryDrain(true);
    return this.isBroken ? undefined : this.encoder.finish();
  }

  block(type: number, last: boolean): void {
    this.note(marks.block, { value: (type << 1) | (last ? 1 : 0) });
  }

  stored(bytes: Uint8Array): void {
    this.plain.append(bytes);
    this.note(marks.stored, { value: bytes.length });
  }

  token(token: number): void {
    if (!this.plain.appendToken(token)) this.isBroken = true;
    this.push(token);
  }

  blockEnd(header: DynamicHeader | undefined, literals: Uint8Array, distances: Uint8Array): void {
    this.note(marks.blockEnd, { value: 0, header, literals: literals.slice(), distances: distances.slice() });
  }

  private get plain(): Predictor {
    return this.model?.predictor ?? this.head;
  }

  private note(mark: number, note: Note): void {
    this.notes.push(note);
    if (this.notes.length > mostNotes) this.isBroken = true;
    this.push(mark);
  }

  private push(item: number): void {
    if (this.end === this.queue.length) {
      const used = this.queue.subarray(this.first, this.end);
      if (2 * used.length > this.queue.length) this.queue = new Int32Array(2 * this.queue.length);
      this.queue.set(used);
      this.end = used.length;
      this.first = 0;
    }
    this.queue[this.end++] = item;
  }

  private chooseLevel(isAll: boolean): void {
    let best = this.likely;
    let most = -1;
    for (const level of [this.likely, ...levelsByUse]) {
      const hits = this.countHits(level - 1, isAll);
      if (hits > most) [best, most] = [level, hits];
    }
    this.model = new StreamModel(this.encoder, best - 1);
    this.model.predictor.append(this.head.bytes.subarray(0, this.head.end));
  }

  /** How many tokens of the head a level foretells. */
  private countHits(level: number, isAll: boolean): number {
    const predictor = new Predictor(efforts[level]!);
    predictor.append(this.head.bytes.subarray(0, this.head.end));
    let hits = 0;
    let note = 0;
    for (let i = this.first; i < this.end; i++) {
      const item = this.queue[i]!;
      const stored = item === marks.stored ? this.notes[note]!.value : 0;
      if (!isAll && predictor.end - predictor.at < leastAhead + stored) break;
      if (item < 0) note++;
      if (stored > 0) predictor.skip(stored);
      if (item < 0) continue;
      if (predictor.predict() === item) hits++;
      predictor.accept(item < 256 ? 1 : (item & 255) + 3);
    }
    return hits;
  }

  private tryDrain(isAll: boolean): void {
    try {
      this.drain(isAll);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.isBroken = true;
    }
  }

  /** Codes what is queued, as far as enough bytes lie ahead. */
  private drain(isAll: boolean): void {
    const { model } = this;
    if (model === undefined) return;
    const { predictor } = model;
    while (this.first < this.end && !this.isBroken) {
      const item = this.queue[this.first]!;
      const ahead = predictor.end - predictor.at;
      const stored = item === marks.stored ? this.notes[0]!.value : 0;
      if (!isAll && ahead < leastAhead + stored) return;
      this.first++;
      if (item >= 0) this.codeToken(model, item);
      else this.codeMark(model, item, this.notes.shift()!);
    }
  }

  private codeToken(model: StreamModel, token: number): void {
    if (model.tokenCount === mostTokens) {
      this.isBroken = true;
      return;
    }
    model.codeEnd(0);
    model.codeToken(token);
  }

  private codeMark(model: StreamModel, mark: number, note: Note): void {
    if (mark === marks.block) model.codeBlock(note.value);
    else if (mark === marks.stored) {
      model.codeStoredSize(note.value);
      model.predictor.skip(note.value);
    } else {
      model.codeEnd(1);
      model.codes.literalLengths.set(note.literals!);
      model.codes.distanceLengths.set(note.distances!);
      model.codeCodes(note.header);
    }
  }
}
