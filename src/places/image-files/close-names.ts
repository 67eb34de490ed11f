/** What a person may have meant by a name that an engine does not know: a sentence, also where nothing is near. */
export function closestNames(wanted: string, names: readonly string[]): string {
  if (names.length === 0) return "It holds no images with a name.";
  const near = [...new Set(names)]
    .map((name) => ({ name, distance: distanceOf(wanted, name) }))
    .filter(
      ({ name, distance }) => distance <= Math.max(2, Math.ceil(Math.min(wanted.length, name.length) / 3)),
    )
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3);
  if (near.length > 0) return `Did you mean ${near.map(({ name }) => name).join(" or ")}?`;
  return `It holds ${names.length} others: ${[...names].sort().slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`;
}

/** Edits from one to the other (Levenshtein); a name that only lacks or adds a tag, host or folder is one edit away. */
function distanceOf(a: string, b: string): number {
  if (a.startsWith(`${b}:`) || b.startsWith(`${a}:`) || a.endsWith(`/${b}`) || b.endsWith(`/${a}`)) return 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
