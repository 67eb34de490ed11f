import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const page = join(import.meta.dirname, "..", "..", "docs", "lint-comparison.md");

/** Puts tables between the two marks of their section in docs/lint-comparison.md; the text around them is written by hand. */
export function writeSection(section: string, parts: readonly string[]): void {
  const [begin, end] = [`<!-- ${section}:begin -->`, `<!-- ${section}:end -->`];
  const text = readFileSync(page, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks its marks ${begin} and ${end}`);
  writeFileSync(page, `${text.slice(0, from)}${begin}\n\n${parts.join("\n\n")}\n\n${text.slice(to)}`);
}
