import type { Package } from "./analysis.ts";
import type { ImageView } from "./image-view.ts";

/** The package of each visible file that has one, by path. */
export function attributePackages(_view: ImageView): ReadonlyMap<string, Package> {
  return new Map();
}
