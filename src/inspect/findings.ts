import type { FileReport, WasteFinding } from "./analysis.ts";
import type { ImageView } from "./image-view.ts";

/** All waste, largest first, each byte in one finding at most. */
export function findWaste(_view: ImageView, _files: readonly FileReport[]): WasteFinding[] {
  return [];
}
