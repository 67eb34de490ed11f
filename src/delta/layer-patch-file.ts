import { DdiffError } from "../util/errors.ts";
import { ByteReader } from "../util/varint.ts";
import { largestSegment, type LiteralKind, literalKinds, opColumns, patchMagic } from "./layer-ops.ts";
import type { PackedLiterals } from "./literals.ts";
import { packings, type Packing, unpackColumn } from "./packing.ts";
import { type Bytes, part } from "../util/random-bytes.ts";
import { columnNames as patchColumnNames } from "./patch/format.ts";
import { headerColumnNames } from "./headers/coder.ts";

/** A head describes every column of every segment; a patch of a 100 GB layer stays far below this. */
const largestHead = 4 << 20;
const columnCount = opColumns.length + headerColumnNames.length + patchColumnNames.length;

interface ColumnPlace {
  packing: Packing;
  rawLength: number;
  at: number;
  packedLength: number;
}

/** The columns of one segment, unpacked: operations, then headers, then patches. */
export interface Segment {
  ops: ByteReader[];
  headers: Buffer[];
  patches: Buffer[];
}

/** A layer patch opened for reading: its segments and its streams of new bytes. */
export interface LayerPatchFile {
  segmentCount: number;
  /** Unpacks one segment. Throws `BUNDLE_INVALID`. */
  segment(number: number): Segment;
  /** The streams of new bytes, by kind. */
  literals: Map<LiteralKind, { packed: Bytes; about: PackedLiterals }>;
}

/**
 * Opens a layer patch (docs/bundle-format.md, "Layer patches"). `layerSize` bounds what its columns may claim.
 * Throws `BUNDLE_INVALID` where it is not one or its lengths do not add up.
 */
export function openLayerPatch(bytes: Bytes, layerSize: number, what: string): LayerPatchFile {
  const start = Math.min(bytes.length, patchMagic.length + 10);
  const opening = Buffer.from(bytes.read(0, start));
  if (!opening.subarray(0, patchMagic.length).equals(patchMagic)) {
    throw invalid(what, "is not a layer patch of a version that this ddiff reads");
  }
  const lengthReader = new ByteReader(opening.subarray(patchMagic.length), what);
  const headLength = lengthReader.unsigned();
  const headAt = start - lengthReader.remaining;
  if (headLength > Math.min(largestHead, bytes.length - headAt)) throw invalid(what, "ends early");
  const headBytes = Buffer.from(bytes.read(headAt, headLength));
  const head = new ByteReader(headBytes, what);

  let at = headAt + headLength;
  const take = (length: number): number => {
    at += length;
    if (at > bytes.length) throw invalid(what, "ends early");
    return at - length;
  };
  // Read again when they are unpacked: a head of 4 MiB can have more segments than should be held as objects.
  const segments: { inHead: number; at: number }[] = [];
  for (let left = head.unsigned(); left > 0; left--) {
    segments.push({ inHead: headLength - head.remaining, at });
    for (const { packedLength } of readColumns(head, at, what)) take(packedLength);
  }
  const literals: LayerPatchFile["literals"] = new Map();
  for (let left = head.unsigned(); left > 0; left--) {
    const kind = known(literalKinds, head.unsigned(), what);
    const packing = known(packings, head.unsigned(), what);
    const rawLength = head.unsigned();
    const packedLength = head.unsigned();
    if (rawLength > layerSize) throw invalid(what, "has more new bytes than its layer has bytes");
    if (literals.has(kind)) throw invalid(what, `names its ${kind} bytes twice`);
    literals.set(kind, {
      packed: part(bytes, take(packedLength), packedLength),
      about: { kind, packing, rawLength, packedLength },
    });
  }
  head.end();
  if (at !== bytes.length) throw invalid(what, "has bytes left over");
  return {
    segmentCount: segments.length,
    literals,
    segment(number) {
      const place = segments[number];
      const columns =
        place === undefined
          ? []
          : readColumns(new ByteReader(headBytes.subarray(place.inHead), what), place.at, what);
      const raw = columns.map((column, index) => {
        const packed = Buffer.from(bytes.read(column.at, column.packedLength));
        return unpackColumn({ ...column, bytes: packed }, `column ${index} of ${what}`);
      });
      return {
        ops: raw
          .slice(0, opColumns.length)
          .map((column, i) => new ByteReader(column, `the ${opColumns[i]} column of ${what}`)),
        headers: raw.slice(opColumns.length, opColumns.length + headerColumnNames.length),
        patches: raw.slice(opColumns.length + headerColumnNames.length),
      };
    },
  };
}

/** The columns of the segment that begins at `at` in the file, where the head's reader has come to it. */
function readColumns(head: ByteReader, at: number, what: string): ColumnPlace[] {
  const columns: ColumnPlace[] = [];
  let total = 0;
  let end = at;
  for (let column = 0; column < columnCount; column++) {
    const packing = known(packings, head.unsigned(), what);
    const rawLength = head.unsigned();
    const packedLength = head.unsigned();
    total += rawLength;
    if (total > largestSegment) throw invalid(what, "has a segment that is larger than any may be");
    if (packedLength > rawLength) throw invalid(what, "has a column that is larger packed than unpacked");
    columns.push({ packing, rawLength, at: end, packedLength });
    end += packedLength;
  }
  return columns;
}

function known<T>(list: readonly T[], number: number, what: string): T {
  const found = list[number];
  if (found === undefined)
    throw invalid(what, `uses number ${number} for something this ddiff does not know`);
  return found;
}

function invalid(what: string, problem: string): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${what} ${problem}`);
}
