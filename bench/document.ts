import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const document = join(import.meta.dirname, "..", "docs", "benchmarks.md");
/** Puts tables between the two marks of their section in docs/benchmarks.md; the text around them is written by hand. */
export function writeTables(section: "pairs" | "server" | "server-s3", tables: readonly string[]): void {
  const [begin, end] = [`<!-- ${section}:begin -->`, `<!-- ${section}:end -->`];
  const text = readFileSync(document, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${document} lacks its marks ${begin} and ${end}`);
  const middle = `${begin}\n\n${tables.join("\n")}\n`;
  writeFileSync(document, text.slice(0, from) + middle + text.slice(to));
}
