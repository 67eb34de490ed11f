import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const document = join(import.meta.dirname, "..", "docs", "benchmarks.md");
const [begin, end] = ["<!-- bench:begin -->", "<!-- bench:end -->"];

/** Puts the tables between the two marks of docs/benchmarks.md; the text around them is written by hand. */
export function writeTables(tables: readonly string[]): void {
  const text = readFileSync(document, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${document} lacks its marks ${begin} and ${end}`);
  const middle = `${begin}\n\n${tables.join("\n")}\n`;
  writeFileSync(document, text.slice(0, from) + middle + text.slice(to));
}
