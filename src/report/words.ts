/** `1 file`, `2 files`, `1,234,567 files`. */
export function plural(count: number, word: string): string {
  return `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** A whole number with commas between thousands, from 10,000 on. */
export function grouped(count: number): string {
  return count < 10_000 ? String(count) : String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}
