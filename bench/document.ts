import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Puts tables between the two marks of their section in a page of docs/; the text around them is written by hand. */
export function writeSection(page: string, section: string, parts: readonly string[]): void {
  const path = join(import.meta.dirname, "..", "docs", page);
  const [begin, end] = [`<!-- ${section}:begin -->`, `<!-- ${section}:end -->`];
  const text = readFileSync(path, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} lacks its marks ${begin} and ${end}`);
  writeFileSync(path, `${text.slice(0, from)}${begin}\n\n${parts.join("\n\n")}\n\n${text.slice(to)}`);
}
