import { maxHeaderBytes } from "../../tar/header.ts";
import { buildHeader } from "./build.ts";
import { column, invalidHeaders, ReadingColumns, WritingColumns } from "./columns.ts";
import { codeFixes, findFixes } from "./fixes.ts";
import { type HeaderModel, type HeaderValues, parseModel } from "./model.ts";
import { Predictor } from "./predictor.ts";
import { changes, codeValues } from "./values.ts";

export { headerColumnNames } from "./columns.ts";

/** In an op: something out of the ordinary, which the `shapes` column tells. The other bits are `changed` of header-values. */
const unusual = 0x80;
const otherShape = 1;
const withFixes = 2;

/**
 * Codes tar headers, each against the headers of the base's entry where there is one, else against those before it. One
 * header is all header blocks of one entry. Any bytes come back exactly; common headers cost a byte or two. The columns that
 * `take` gives are raw: the caller packs them.
 */
export class HeaderEncoder {
  readonly #columns = new WritingColumns();
  #predictor = new Predictor();

  /** Bytes in the columns so far. */
  get size(): number {
    return this.#columns.size;
  }

  /** Adds one entry's header; the decoder must be given the same `base`. Its length is at most 8 MiB, as the tar reader sees to. */
  add(header: Buffer, base?: Buffer): void {
    const model = parseModel(header);
    const baseModel = base && parseModel(base);
    const known = model && this.#predictor.find(model.shape);
    const attempts: (() => boolean)[] = [
      () => base !== undefined && this.#try(header, model, base, baseModel, undefined),
      () => known !== undefined && this.#try(header, model, base, baseModel, known),
    ];
    // A base of another shape hardly ever gives this header: first ask the headers before.
    if (model?.shape !== baseModel?.shape) attempts.reverse();
    if (!attempts.some((attempt) => attempt())) this.#raw(header, base);
    this.#predictor.remember(header, model);
  }

  /** The columns, as many as `headerColumnNames` and in that order. What follows decodes without them. */
  take(): Buffer[] {
    this.#predictor = new Predictor();
    return this.#columns.take();
  }

  /** Writes a header as a change of the base (no `shape`) or of the last header of a shape; false where it cannot. */
  #try(
    header: Buffer,
    model: HeaderModel | undefined,
    base: Buffer | undefined,
    baseModel: HeaderModel | undefined,
    shape: { id: number; model: HeaderModel } | undefined,
  ): boolean {
    const like = shape?.model ?? baseModel;
    const sameShape = model !== undefined && like !== undefined && model.shape === like.shape;
    const values = sameShape ? model.values : like?.values;
    const changed = like && values ? changes(like, values) : 0;
    const built = build(like, values, changed, base, this.#predictor.rounds);
    const fixes = findFixes(built, header);
    if (fixes === undefined) return false;
    const strange = (shape && base ? otherShape : 0) | (fixes.length > 0 ? withFixes : 0);
    this.#columns.byte(column.ops, changed | (strange === 0 ? 0 : unusual));
    if (strange !== 0) this.#columns.unsigned(column.shapes, strange);
    if (shape) this.#columns.unsigned(column.shapes, shape.id);
    if (like && values) codeValues(this.#columns, like, values, changed, this.#predictor, baseModel);
    if (fixes.length > 0) codeFixes(this.#columns, built, fixes);
    return true;
  }

  #raw(header: Buffer, base: Buffer | undefined): void {
    this.#columns.byte(column.ops, base ? unusual : 0);
    if (base) this.#columns.unsigned(column.shapes, otherShape);
    this.#columns.unsigned(column.shapes, 0);
    this.#columns.bytes(column.raw, header.toString("latin1"));
  }
}

/** Gives back what a `HeaderEncoder` coded, from one `take`. */
export class HeaderDecoder {
  readonly #columns: ReadingColumns;
  readonly #predictor = new Predictor();

  constructor(columns: Buffer[]) {
    this.#columns = new ReadingColumns(columns);
  }

  /** The next header, at most 8 MiB. Throws `BUNDLE_INVALID` where the columns are not what an encoder writes. */
  next(base?: Buffer): Buffer {
    const columns = this.#columns;
    const op = columns.byte(column.ops);
    const strange = (op & unusual) === 0 ? 0 : columns.unsigned(column.shapes);
    const baseModel = base && parseModel(base);
    let like = baseModel;
    if (base === undefined || (strange & otherShape) !== 0) {
      const id = columns.unsigned(column.shapes);
      if (id === 0) return this.#remember(Buffer.from(columns.bytes(column.raw), "latin1"));
      like = this.#predictor.get(id);
    }
    const changed = op & ~unusual;
    if (like === undefined && changed !== 0) throw invalidHeaders("operations change what has no fields");
    const values = like && codeValues(columns, like, like.values, changed, this.#predictor, baseModel);
    const built = build(like, values, changed, base, this.#predictor.rounds);
    if ((strange & withFixes) !== 0) codeFixes(columns, built, []);
    return this.#remember(built);
  }

  /** Throws `BUNDLE_INVALID` unless the columns are used up. */
  end(): void {
    this.#columns.end();
  }

  #remember(header: Buffer): Buffer {
    if (header.length > maxHeaderBytes) throw invalidHeaders("length is out of bounds");
    this.#predictor.remember(header, parseModel(header));
    return header;
  }
}

/** The header predicted, in a buffer of its own. Where nothing changed it is what it was, down to the last odd byte. */
function build(
  like: HeaderModel | undefined,
  values: HeaderValues | undefined,
  changed: number,
  base: Buffer | undefined,
  rounds: boolean,
): Buffer {
  if (like !== undefined && values !== undefined && changed !== 0) return buildHeader(like, values, rounds);
  return Buffer.from(like?.bytes ?? base ?? Buffer.alloc(0));
}
