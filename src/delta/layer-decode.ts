import { blockSize } from "../tar/entry.ts";
import { parseHeaders } from "../tar/header.ts";
import { DdiffError } from "../util/errors.ts";
import type { ByteReader } from "../util/varint.ts";
import type { BaseReader, Wanted } from "./base-reader.ts";
import { HeaderDecoder } from "./headers/coder.ts";
import {
  body,
  copyPatch,
  type LiteralKind,
  literalKinds,
  mostEntries,
  oddPadding,
  opBits,
  partner,
  special,
} from "./layer-ops.ts";
import type { LayerPatchFile, Segment } from "./layer-patch-file.ts";
import { LiteralReader } from "./literals.ts";
import type { Bytes } from "../util/random-bytes.ts";
import type { PieceWriter } from "./piece-writer.ts";
import { DecodeMemory, PatchDecoder } from "./patch/decode.ts";
import { type EntryRef, RefCoder } from "./refs.ts";

const pieceSize = 1 << 20;
const zeros = Buffer.alloc(pieceSize);
const opsPerBreath = 1 << 16;

/** What a layer patch is applied to. */
export interface LayerToDecode {
  /** The layer's number among the bundle's patches. */
  number: number;
  patch: LayerPatchFile;
  /** Bytes that the layer must have, no more and no less. */
  size: number;
  /** Names the layer in errors. */
  what: string;
  base: BaseReader;
  /** `length` bytes from `offset` of an earlier patch's layer, or of this one as far as `out` has given it on. */
  earlier(layer: number, offset: number, length: number): Bytes;
  /** Receives the layer's tar in order; nothing is left in it at the end. */
  out: PieceWriter;
  /** Called often, also where nothing is made: lets others have their turn. */
  breathe(): Promise<void>;
}

/** What a layer patch needs, found without applying it. */
export interface PatchNeeds {
  /** Base entries, by base layer number: what must be fetched before it can be applied. */
  wanted: Map<number, Wanted>;
  /** Whether it may copy from its own layer, or an earlier one. */
  copies: boolean;
}

/** Reads what a patch refers to; `breathe` as of `LayerToDecode`. Throws `BUNDLE_INVALID` for more entries than a layer of its size can have. */
export async function needsOf(
  patch: LayerPatchFile,
  layerSize: number,
  what: string,
  breathe: () => Promise<void>,
): Promise<PatchNeeds> {
  const wanted = new Map<number, Wanted>();
  let copies = false;
  let left = Math.min(mostEntries, Math.floor(layerSize / blockSize));
  for (let number = 0; number < patch.segmentCount; number++) {
    await breathe();
    const { ops, refs } = named(patch.segment(number));
    const coder = new RefCoder();
    const want = (ref: EntryRef, withBody: boolean): void => {
      let ofLayer = wanted.get(ref.layer);
      if (ofLayer === undefined) wanted.set(ref.layer, (ofLayer = new Map()));
      ofLayer.set(ref.index, withBody || ofLayer.get(ref.index) === true);
    };
    while (ops.remaining > 0) {
      if (ops.remaining % opsPerBreath === 0) await breathe();
      const op = ops.byte();
      const data = (op >> 2) & 7;
      if (data === body.special) continue;
      if (left-- === 0) {
        throw new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${what} has more entries than it may`);
      }
      if (data === body.copy) copies = true;
      const ref = partnerRef(op, coder, refs);
      if (ref !== undefined) want(ref, data === body.same || data === body.patch);
      if (data === body.other || data === body.otherPatch) {
        const from = coder.read(refs);
        coder.moveTo(from);
        want(from, true);
      }
    }
  }
  return { wanted, copies };
}

/** Rebuilds a layer. Throws `BUNDLE_INVALID` for a patch that lies; the caller checks the digest of what was written. */
export async function decodeLayer(layer: LayerToDecode): Promise<void> {
  const decoder = new LayerDecoder(layer);
  try {
    for (let number = 0; number < layer.patch.segmentCount; number++) {
      await decoder.segment(layer.patch.segment(number));
    }
    await decoder.end();
  } finally {
    decoder.close();
  }
}

class LayerDecoder {
  readonly #layer: LayerToDecode;
  readonly #literals = new Map<LiteralKind, LiteralReader>();
  readonly #memory = new DecodeMemory();
  #written = 0;
  /** A patched entry whose segment ended before its data did. */
  #unfinished: { base: Bytes; left: number; kind: LiteralKind; padding: Buffer } | undefined;

  constructor(layer: LayerToDecode) {
    this.#layer = layer;
    for (const [kind, { packed, about }] of layer.patch.literals) {
      this.#literals.set(kind, new LiteralReader(packed, about, `the ${kind} bytes of ${layer.what}`));
    }
  }

  async segment(segment: Segment): Promise<void> {
    const columns = named(segment);
    const headers = new HeaderDecoder(segment.headers);
    const patches = new PatchDecoder(segment.patches, this.#memory);
    const refs = new RefCoder();
    let copyOffset = 0;
    const { ops } = columns;
    while (ops.remaining > 0) {
      await this.#layer.breathe();
      const op = ops.byte();
      const data = (op >> 2) & 7;
      if (op > opBits || ((op & copyPatch) !== 0 && data !== body.copy))
        throw this.#invalid("has an operation that this ddiff does not know");
      if (data === body.special) {
        await this.#special(op & 3, columns, patches);
        continue;
      }
      if (this.#unfinished !== undefined) throw this.#invalid("leaves an entry unfinished");
      const partnerOf = partnerRef(op, refs, columns.refs);
      const base = partnerOf && this.#layer.base.entry(partnerOf.layer, partnerOf.index);
      const header = headers.next(base?.header);
      const size = this.#dataSize(header);
      await this.#write(header);
      const padding = this.#padding(op, size, columns.padding);
      if (data === body.empty && size !== 0) throw this.#invalid("has an entry without its data");
      if (data === body.literal) {
        await this.#literal(kindIn(columns.kinds, this.#layer.what), size);
      } else if (data === body.same || data === body.other) {
        const from = data === body.same ? base : this.#other(refs, columns.refs);
        if (from === undefined || from.body.length !== size)
          throw this.#invalid("reuses data of another length");
        await this.#copy(from.body);
      } else if (data === body.copy) {
        const number = this.#layer.number - columns.copies.unsigned();
        copyOffset += columns.copies.signed();
        const patched = (op & copyPatch) !== 0;
        const length = patched ? columns.copies.unsigned() : size;
        if (number === this.#layer.number && copyOffset + length > this.#written) {
          throw this.#invalid("copies what is not written yet");
        }
        await this.#layer.out.flush();
        const from = this.#layer.earlier(number, copyOffset, length);
        if (patched) {
          const kind = kindIn(columns.kinds, this.#layer.what);
          this.#unfinished = { base: from, left: size, kind, padding };
          await this.#patchOn(columns.lengths.unsigned(), patches);
          continue;
        }
        await this.#copy(from);
      } else if (data === body.patch || data === body.otherPatch) {
        const from = data === body.patch ? base : this.#other(refs, columns.refs);
        if (from === undefined) throw this.#invalid("patches no base");
        const kind = kindIn(columns.kinds, this.#layer.what);
        this.#unfinished = { base: from.body, left: size, kind, padding };
        await this.#patchOn(columns.lengths.unsigned(), patches);
        continue;
      }
      await this.#write(padding);
    }
    headers.end();
    patches.end();
    for (const column of segment.ops) column.end();
  }

  async end(): Promise<void> {
    if (this.#unfinished !== undefined) throw this.#invalid("leaves an entry unfinished");
    if (this.#written !== this.#layer.size) throw this.#invalid("gives fewer bytes than it says");
    for (const reader of this.#literals.values()) await reader.end();
    await this.#layer.out.flush();
  }

  close(): void {
    for (const reader of this.#literals.values()) reader.close();
  }

  async #special(which: number, columns: NamedColumns, patches: PatchDecoder): Promise<void> {
    const length = columns.lengths.unsigned();
    if (which === special.more) {
      await this.#patchOn(length, patches);
    } else if (which === special.zeros) {
      this.#room(length);
      for (let left = length; left > 0; left -= pieceSize)
        await this.#write(zeros.subarray(0, Math.min(left, pieceSize)));
    } else if (which === special.raw) {
      await this.#literal(kindIn(columns.kinds, this.#layer.what), length);
    } else {
      throw this.#invalid("has an operation that this ddiff does not know");
    }
  }

  /** Applies the next `pieces` pieces of the patch that is under way. */
  async #patchOn(pieces: number, patches: PatchDecoder): Promise<void> {
    const state = this.#unfinished;
    if (state === undefined) throw this.#invalid("goes on with a patch that was not begun");
    const literal = (most: number): Promise<Uint8Array> => this.#new(state.kind, most);
    for (let left = pieces; left > 0; left--) {
      await this.#layer.breathe();
      await patches.piece(state.base, literal, async (bytes) => {
        state.left -= bytes.length;
        if (state.left < 0) throw this.#invalid("gives an entry more data than it has");
        await this.#write(bytes);
      });
    }
    if (state.left > 0) return;
    await this.#write(state.padding);
    this.#unfinished = undefined;
  }

  /** How much data the header says follows it. What the headers column gave may be no header at all. */
  #dataSize(header: Buffer): number {
    try {
      return parseHeaders(header).size;
    } catch (cause) {
      throw this.#invalid("has a header that is none", cause);
    }
  }

  #other(refs: RefCoder, column: ByteReader) {
    const ref = refs.read(column);
    refs.moveTo(ref);
    return this.#layer.base.entry(ref.layer, ref.index);
  }

  /** What follows `size` bytes of data that begin here. A tar may end before its last padding does. */
  #padding(op: number, size: number, column: ByteReader): Buffer {
    const room = this.#layer.size - this.#written - size;
    const length = Math.max(0, Math.min((512 - (size % 512)) % 512, room));
    if ((op & oddPadding) === 0) return zeros.subarray(0, length);
    return Buffer.from(column.bytes(length));
  }

  async #literal(kind: LiteralKind, length: number): Promise<void> {
    this.#room(length);
    for (let left = length; left > 0; ) {
      const bytes = await this.#new(kind, left);
      await this.#write(bytes);
      left -= bytes.length;
    }
  }

  /** New bytes: at least one, at most `most`. */
  async #new(kind: LiteralKind, most: number): Promise<Uint8Array> {
    const reader = this.#literals.get(kind);
    if (reader === undefined) throw this.#invalid(`has no ${kind} bytes`);
    return reader.read(most);
  }

  async #copy(from: Bytes): Promise<void> {
    this.#room(from.length);
    this.#written += from.length;
    const { out } = this.#layer;
    for (let at = 0; at < from.length; ) {
      const room = out.room();
      const some = Math.min(room.length, from.length - at);
      const bytes = from.read(at, some, room);
      if (bytes.buffer !== room.buffer || bytes.byteOffset !== room.byteOffset) room.set(bytes);
      at += some;
      await out.took(some);
    }
  }

  #write(bytes: Uint8Array): Promise<void> | undefined {
    this.#room(bytes.length);
    this.#written += bytes.length;
    return this.#layer.out.write(bytes);
  }

  /** Refuses, before anything is written, what would make the layer longer than it may be. */
  #room(length: number): void {
    if (this.#written + length > this.#layer.size) throw this.#invalid("gives more bytes than it says");
  }

  #invalid(problem: string, cause?: unknown): DdiffError {
    return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${this.#layer.what} ${problem}`, {
      cause,
    });
  }
}

interface NamedColumns {
  ops: ByteReader;
  refs: ByteReader;
  copies: ByteReader;
  lengths: ByteReader;
  padding: ByteReader;
  kinds: ByteReader;
}

function named(segment: Segment): NamedColumns {
  const [ops, refs, copies, lengths, padding, kinds] = segment.ops;
  return { ops, refs, copies, lengths, padding, kinds } as NamedColumns;
}

/** The entry's partner by its operation, or undefined for none; it becomes the last one referred to. */
function partnerRef(op: number, coder: RefCoder, refs: ByteReader): EntryRef | undefined {
  const how = op & 3;
  if (how === partner.none) return undefined;
  const ref = how === partner.next ? coder.next() : coder.read(refs);
  coder.moveTo(ref);
  return ref;
}

function kindIn(column: ByteReader, what: string): LiteralKind {
  const kind = literalKinds[column.byte()];
  if (kind === undefined)
    throw new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${what} has an unknown kind`);
  return kind;
}
