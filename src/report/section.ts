import { stripVTControlCharacters } from "node:util";
import type { Ink } from "./ink.ts";
import { table } from "./table.ts";

/** A table with a title on a screen; each row is one line of it. Cells are harmless already. Empty where there are no rows. */
export function section(
  name: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
  ink: Ink,
): string {
  if (rows.length === 0) return "";
  const [first = "", ...lines] = table([head, ...rows], right).split("\n");
  return [
    sectionTitle(name, ink),
    ink.paint("dim", `  ${first}`),
    ...lines.map((line) => cutLine(`  ${line}`, ink)),
  ].join("\n");
}

/** The title of a part of a report. */
export function sectionTitle(name: string, ink: Ink): string {
  return ink.paint("bold", name);
}

/** A line that fits the screen. What is too long loses its colours with its end. */
export function cutLine(line: string, { width }: Ink): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : `${plain.slice(0, width - 1)}…`;
}
