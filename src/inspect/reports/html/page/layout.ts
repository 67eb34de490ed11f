/** A rectangle in pixels. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Divides a rectangle among weights, largest first, into rectangles as square as they get (Bruls, Huizing and van Wijk, Squarified Treemaps,
 * 2000): rows are filled along the shorter side as long as that makes them squarer. Areas are as weights; those of 0 get none.
 */
export function squarify(weights: readonly number[], { x, y, width, height }: Rect): Rect[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scale = total > 0 ? (width * height) / total : 0;
  const rects: Rect[] = [];
  const free = { x, y, width, height };
  for (let from = 0; from < weights.length; ) {
    const side = Math.min(free.width, free.height);
    let till = from;
    let area = 0;
    let worst = Infinity;
    while (till < weights.length) {
      const next = (weights[till] ?? 0) * scale;
      // In one row the first is the largest, and the one at hand the smallest.
      const worse = worstRatio((weights[from] ?? 0) * scale, next, area + next, side);
      if (till > from && worse > worst) break;
      area += next;
      worst = worse;
      till += 1;
    }
    fillRow(weights.slice(from, till), scale, area, free, rects);
    from = till;
  }
  return rects;
}

function worstRatio(largest: number, smallest: number, area: number, side: number): number {
  if (smallest <= 0 || side <= 0) return Infinity;
  return Math.max((side * side * largest) / (area * area), (area * area) / (side * side * smallest));
}

/** Lays a row along the shorter side of what is free, and takes it away from there. */
function fillRow(weights: readonly number[], scale: number, area: number, free: Rect, rects: Rect[]): void {
  const upright = free.width >= free.height;
  const length = upright ? free.height : free.width;
  const depth = length > 0 ? area / length : 0;
  let at = upright ? free.y : free.x;
  for (const weight of weights) {
    const part = depth > 0 ? (weight * scale) / depth : 0;
    rects.push(
      upright
        ? { x: free.x, y: at, width: depth, height: part }
        : { x: at, y: free.y, width: part, height: depth },
    );
    at += part;
  }
  if (upright) {
    free.x += depth;
    free.width -= depth;
  } else {
    free.y += depth;
    free.height -= depth;
  }
}
