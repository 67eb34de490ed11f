import type { Copies, FileReport } from "./analysis.ts";

/** Libraries and tools that stand in the image more than once, largest first. */
export function findCopies(_files: readonly FileReport[]): Copies[] {
  return [];
}
