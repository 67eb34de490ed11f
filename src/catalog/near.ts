/**
 * The words nearest to `word` by edits, nearest first, at most `limit`; only those within a third of its length (at least
 * one edit). For suggestions.
 */
export function nearest(word: string, words: readonly string[], limit = 3): string[] {
  const most = Math.max(1, Math.floor(word.length / 3));
  return words
    .map((other) => ({ other, edits: editsBetween(word, other, most) }))
    .filter((one) => one.edits <= most)
    .sort((left, right) => left.edits - right.edits || (left.other < right.other ? -1 : 1))
    .slice(0, limit)
    .map((one) => one.other);
}

/** Levenshtein's distance, or `most + 1` as soon as it is sure to be more than `most`. */
function editsBetween(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most) return most + 1;
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let at = 0; at < left.length; at += 1) {
    const next = [at + 1];
    for (let other = 0; other < right.length; other += 1) {
      const same = left[at] === right[other] ? 0 : 1;
      next.push(Math.min((next[other] ?? 0) + 1, (row[other + 1] ?? 0) + 1, (row[other] ?? 0) + same));
    }
    row = next;
  }
  return row[right.length] ?? most + 1;
}
