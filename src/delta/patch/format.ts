import { DdiffError } from "../../util/errors.ts";

/** The columns of a patch, in the order in which `take()` gives them. */
export const columnNames = [
  "pieces",
  "literal lengths",
  "copy lengths",
  "seeks",
  "gaps",
  "runs",
  "differences",
] as const;

/** Target bytes in a piece, at most. */
export const maxPiece = 64 * 2 ** 20;

/**
 * Copies are cut into blocks of this length, from their start: addresses in a block are foreseen with what was learned
 * from the blocks before. Part of the format.
 */
export const blockLength = 16 * 1024;

/** Bytes handed on at a time. */
export const literalLength = 256 * 1024;
export const copyLength = 16 * blockLength;

/** The error for a patch that cannot be what an encoder wrote. */
export function invalidPatch(why: string): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: in one of its patches ${why}`, {
    hint: "Copy the bundle again, or make it anew with ddiff diff.",
  });
}
