import { ByteWriter } from "../util/varint.ts";
import type { BaseReader } from "./base-reader.ts";
import { HeaderEncoder } from "./headers/coder.ts";
import {
  body,
  copyPatch,
  type LiteralKind,
  literalKinds,
  oddPadding,
  opColumns,
  partner,
  patchMagic,
  segmentBytes as usualSegmentBytes,
  special,
} from "./layer-ops.ts";
import { kindOf, LiteralWriter } from "./literals.ts";
import type { BaseRef } from "./match.ts";
import { packColumn, type Packing, packings } from "./packing.ts";
import type { Aligner, Effort } from "./patch/align.ts";
import { type Bytes, part, piecesOf } from "../util/random-bytes.ts";
import { PatchEncoder } from "./patch/encode.ts";
import type { PlannedEntry } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { RefCoder } from "./refs.ts";
import { Spool } from "../util/spool.ts";

const pieceSize = 1 << 20;

/** What one layer patch is made from. */
export interface LayerToEncode {
  /** The layer's number among the bundle's patches. */
  number: number;
  recipe: Recipe;
  entries: PlannedEntry[];
  /** The uncompressed tar. */
  tar: Bytes;
  /** The uncompressed tar of an earlier layer of the bundle, or of this one. */
  earlier(layer: number): Bytes;
  base: BaseReader;
  effort: Effort;
  /** Shared by all layers for its memory. */
  aligner: Aligner;
  tempDir: string;
  /** A segment ends when its columns pass this many bytes unpacked; 4 MiB when not said. */
  segmentBytes?: number;
  /** Told how many bytes of the tar are done, now and then. */
  advance(bytes: number): void;
  /** Called between steps: lets others have their turn, throws when the work is to stop. */
  breathe(): Promise<void>;
}

/** Which base layers, by number, and which earlier patches of the bundle a patch needs. */
export interface PatchNeeds {
  bases: Set<number>;
  copies: Set<number>;
}

/** Writes the patch of one layer to `out` (docs/bundle-format.md, "Layer patches"). */
export async function encodeLayer(layer: LayerToEncode, out: Spool): Promise<PatchNeeds> {
  const encoder = new LayerEncoder(layer);
  try {
    for (const planned of layer.entries) {
      await encoder.entry(planned);
      await layer.breathe();
    }
    encoder.trailer();
    return await encoder.write(out);
  } finally {
    encoder.close();
  }
}

class LayerEncoder {
  readonly #layer: LayerToEncode;
  readonly #columns = opColumns.map(() => new ByteWriter());
  readonly #headers = new HeaderEncoder();
  readonly #patches = new PatchEncoder();
  readonly #piece = Buffer.allocUnsafe(pieceSize);
  readonly #literals: LiteralWriter;
  readonly #packed: { packing: Packing; rawLength: number; packedLength: number }[][] = [];
  readonly #packedBytes: Spool;
  readonly #segmentBytes: number;
  readonly #needs: PatchNeeds = { bases: new Set(), copies: new Set() };
  #refs = new RefCoder();
  #copyOffset = 0;

  constructor(layer: LayerToEncode) {
    this.#layer = layer;
    this.#segmentBytes = layer.segmentBytes ?? usualSegmentBytes;
    this.#literals = new LiteralWriter(layer.tempDir);
    this.#packedBytes = new Spool(layer.tempDir);
  }

  async entry(planned: PlannedEntry): Promise<void> {
    const { tar, base } = this.#layer;
    const { entry } = planned;
    const header = Buffer.from(tar.read(entry.headerOffset, entry.headerLength));
    const [ops, refs] = this.#columns as [ByteWriter, ByteWriter];
    const padding = this.#padding(planned);
    let op = padding === undefined ? 0 : oddPadding;
    if (planned.partner === undefined) {
      op |= partner.none;
      this.#headers.add(header);
    } else {
      const ref = planned.partner;
      op |= this.#refs.isNext(ref) ? partner.next : partner.explicit;
      if (!this.#refs.isNext(ref)) this.#refs.write(ref, refs);
      this.#use(ref);
      this.#headers.add(header, base.entry(ref.layer, ref.index).header);
    }
    if (planned.data.how === "copyPatch") op |= copyPatch;
    ops.byte(op | (this.#dataOp(planned) << 2));
    if (padding !== undefined) (this.#columns[4] as ByteWriter).bytes(padding);
    await this.#data(planned);
    this.#endSegmentWhenFull();
    this.#layer.advance(entry.headerLength + entry.size);
  }

  /** The end marker and whatever follows it; a layer that is no tar is all trailer. */
  trailer(): void {
    const { tar, recipe } = this.#layer;
    let zeros = 0;
    for (let at = recipe.endOffset; at < recipe.size; at += pieceSize) {
      const piece = tar.read(at, Math.min(pieceSize, recipe.size - at), this.#piece);
      if (piece.every((byte) => byte === 0)) {
        zeros += piece.length;
        continue;
      }
      this.#special(special.zeros, zeros);
      zeros = 0;
      this.#special(special.raw, piece.length);
      this.#literal(kindOf("", piece.subarray(0, 512)), piece);
    }
    this.#special(special.zeros, zeros);
  }

  /** Packs what is left and writes the patch. */
  async write(out: Spool): Promise<PatchNeeds> {
    this.#endSegment();
    const literals = new Spool(this.#layer.tempDir);
    try {
      const packedLiterals = await this.#literals.pack(literals, this.#layer.effort, () =>
        this.#layer.breathe(),
      );
      const head = new ByteWriter();
      head.unsigned(this.#packed.length);
      for (const columns of this.#packed) {
        for (const column of columns) {
          head.unsigned(packings.indexOf(column.packing));
          head.unsigned(column.rawLength);
          head.unsigned(column.packedLength);
        }
      }
      head.unsigned(packedLiterals.length);
      for (const packed of packedLiterals) {
        head.unsigned(literalKinds.indexOf(packed.kind));
        head.unsigned(packings.indexOf(packed.packing));
        head.unsigned(packed.rawLength);
        head.unsigned(packed.packedLength);
      }
      const headLength = new ByteWriter();
      headLength.unsigned(head.length);
      out.append(patchMagic);
      out.append(headLength.take());
      out.append(head.take());
      await appendAll(out, this.#packedBytes);
      await appendAll(out, literals);
    } finally {
      literals.close();
    }
    return this.#needs;
  }

  close(): void {
    this.#literals.close();
    this.#packedBytes.close();
  }

  #dataOp(planned: PlannedEntry): number {
    const { data } = planned;
    if (data.how === "empty") return body.empty;
    if (data.how === "literal") return body.literal;
    if (data.how === "copy" || data.how === "copyPatch") return body.copy;
    const samePlace = isSame(data.from, planned.partner);
    if (data.how === "same") return samePlace ? body.same : body.other;
    return samePlace ? body.patch : body.otherPatch;
  }

  async #data(planned: PlannedEntry): Promise<void> {
    const { data, entry, partner } = planned;
    // Whatever happens to the data, the entry after the partner is the next prediction.
    if (partner !== undefined) this.#refs.moveTo(partner);
    if (data.how === "empty") return;
    if (data.how === "copy" || data.how === "copyPatch") {
      const { from } = data;
      const column = this.#columns[2] as ByteWriter;
      column.unsigned(this.#layer.number - from.layer);
      column.signed(from.offset - this.#copyOffset);
      this.#copyOffset = from.offset;
      if (from.layer !== this.#layer.number) this.#needs.copies.add(from.layer);
      if (data.how === "copy") return;
      column.unsigned(data.from.length);
      await this.#patch(planned, part(this.#layer.earlier(from.layer), from.offset, data.from.length));
      return;
    }
    const start = entry.headerOffset + entry.headerLength;
    if (data.how === "literal") {
      const kind = this.#kind(planned);
      (this.#columns[5] as ByteWriter).byte(literalKinds.indexOf(kind));
      for (let at = 0; at < entry.size; at += pieceSize) {
        const length = Math.min(pieceSize, entry.size - at);
        this.#literals.append(kind, this.#layer.tar.read(start + at, length, this.#piece));
      }
      return;
    }
    this.#use(data.from);
    if (!isSame(data.from, partner)) {
      this.#refs.write(data.from, this.#columns[1] as ByteWriter);
      this.#refs.moveTo(data.from);
    }
    if (data.how === "patch")
      await this.#patch(planned, this.#layer.base.entry(data.from.layer, data.from.index).body);
  }

  async #patch(planned: PlannedEntry, old: Bytes): Promise<void> {
    const { entry } = planned;
    const { tar } = this.#layer;
    const kind = this.#kind(planned);
    const now = part(tar, entry.headerOffset + entry.headerLength, entry.size);
    const literal = (bytes: Uint8Array): void => this.#literals.append(kind, bytes);
    (this.#columns[5] as ByteWriter).byte(literalKinds.indexOf(kind));
    let pieces = 0;
    let done = 0;
    for (const piece of this.#layer.aligner.align(old, now)) {
      this.#patches.add(old, now, piece, literal);
      pieces++;
      done += piece.targetLength;
      await this.#layer.breathe();
      if (done < entry.size && this.#size() > this.#segmentBytes) {
        (this.#columns[3] as ByteWriter).unsigned(pieces);
        this.#endSegment();
        (this.#columns[0] as ByteWriter).byte((body.special << 2) | special.more);
        pieces = 0;
      }
    }
    (this.#columns[3] as ByteWriter).unsigned(pieces);
  }

  #special(which: number, length: number): void {
    if (length === 0) return;
    (this.#columns[0] as ByteWriter).byte((body.special << 2) | which);
    (this.#columns[3] as ByteWriter).unsigned(length);
  }

  #literal(kind: LiteralKind, bytes: Uint8Array): void {
    (this.#columns[5] as ByteWriter).byte(literalKinds.indexOf(kind));
    this.#literals.append(kind, bytes);
  }

  #kind({ entry }: PlannedEntry): LiteralKind {
    const start = entry.headerOffset + entry.headerLength;
    return kindOf(entry.path, this.#layer.tar.read(start, Math.min(512, entry.size)));
  }

  /** The bytes that pad the data to 512, where they are not all zero. A tar may end before they do. */
  #padding({ entry }: PlannedEntry): Uint8Array | undefined {
    const end = entry.headerOffset + entry.headerLength + entry.size;
    const length = Math.min((512 - (end % 512)) % 512, this.#layer.recipe.size - end);
    if (length === 0) return undefined;
    const bytes = this.#layer.tar.read(end, length);
    return bytes.every((byte) => byte === 0) ? undefined : Buffer.from(bytes);
  }

  #use(ref: BaseRef): void {
    this.#needs.bases.add(ref.layer);
  }

  #size(): number {
    return this.#columns.reduce(
      (sum, column) => sum + column.length,
      this.#headers.size + this.#patches.size,
    );
  }

  #endSegmentWhenFull(): void {
    if (this.#size() > this.#segmentBytes) this.#endSegment();
  }

  #endSegment(): void {
    const raw = [
      ...this.#columns.map((column) => column.take()),
      ...this.#headers.take(),
      ...this.#patches.take(),
    ];
    const columns = raw.map((column) => packColumn(column, this.#layer.effort));
    for (const column of columns) this.#packedBytes.append(column.bytes);
    this.#packed.push(
      columns.map(({ packing, rawLength, bytes }) => ({ packing, rawLength, packedLength: bytes.length })),
    );
    this.#refs = new RefCoder();
    this.#copyOffset = 0;
  }
}

function isSame(a: BaseRef, b: BaseRef | undefined): boolean {
  return b !== undefined && a.layer === b.layer && a.index === b.index;
}

async function appendAll(out: Spool, from: Spool): Promise<void> {
  for await (const piece of piecesOf(from.bytes(0, from.length))) out.append(piece);
}
