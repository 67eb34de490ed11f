/**
 * Compares dotted numbers part by part: `550.54.15` after `550.54.14`, `12.10` after `12.9`. A missing part counts as 0.
 * Negative when `left` is older.
 */
export function compareVersions(left: string, right: string): number {
  const one = left.split(".");
  const other = right.split(".");
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const difference = Number(one[at] ?? 0) - Number(other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The first two parts: `12.4.1` is `12.4`, `2` is `2`. */
export function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** The number before the first dot. */
export function majorOf(version: string): number {
  return Number(version.split(".")[0]);
}
