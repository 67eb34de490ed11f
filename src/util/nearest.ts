/** The word of a list that was probably meant: the one that the fewest changes make of it, undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((one) => ({
      one,
      changes: distance(word.toLowerCase().replaceAll("_", "-"), one.toLowerCase().replaceAll("_", "-")),
    }))
    .sort((a, b) => a.changes - b.changes);
  const best = ranked[0];
  return best !== undefined && best.changes <= Math.min(3, Math.max(1, Math.floor(best.one.length / 2)))
    ? best.one
    : undefined;
}

/** Characters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [at, sign] of a.split("").entries()) {
    const next = [at + 1];
    for (let end = 1; end <= b.length; end += 1) {
      const replaced = (row[end - 1] ?? 0) + (sign === b[end - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[end] ?? 0) + 1, (next[end - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
