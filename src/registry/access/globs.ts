/**
 * Whether a name matches a pattern: `*` stands for any text without a slash, `**` for any text, `?` for one character that is no
 * slash. `team/**` means `team` too, and `*` alone everything. Everything else stands for itself. The time is bounded by the product of the lengths,
 * whatever the pattern.
 */
export function globMatches(pattern: string, name: string): boolean {
  if (pattern === "*") return true;
  if (pattern.endsWith("/**") && pattern.slice(0, -3) === name) return true;
  // One row of the table "does this much of the pattern match this much of the name".
  let row = new Uint8Array(name.length + 1);
  row[0] = 1;
  for (let at = 0; at < pattern.length; at += 1) {
    const sign = pattern[at];
    const deep = sign === "*" && pattern[at + 1] === "*";
    if (deep) at += 1;
    const next = new Uint8Array(name.length + 1);
    if (sign === "*") next[0] = row[0] ?? 0;
    for (let end = 1; end <= name.length; end += 1) {
      const one = name[end - 1];
      let matches: number | boolean | undefined;
      if (sign === "*") matches = row[end] || (next[end - 1] && (deep || one !== "/"));
      else matches = row[end - 1] && (sign === one || (sign === "?" && one !== "/"));
      next[end] = matches ? 1 : 0;
    }
    row = next;
  }
  return row[name.length] === 1;
}
