import type { Compose, ComposePlace } from "../../dockerfile/compose.ts";
import type { Range } from "../../dockerfile/text.ts";
import type { Edit } from "../rule.ts";

/** Puts an entry before the first of a mapping, in its own way of writing. */
export function insertEntry(file: Compose, mapping: Range, entry: string): Edit | undefined {
  const { text, lines } = file;
  const { start } = mapping;
  if (text.charAt(start) === "{") return { start: start + 1, end: start + 1, text: `${entry}, ` };
  const { column } = lines.position(start);
  if (start >= mapping.end) return undefined;
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  return { start, end: start, text: `${entry}${newline}${" ".repeat(column - 1)}` };
}

/** Takes away an entry that has its line for itself, with the line. */
export function removeEntry(file: Compose, place: ComposePlace): Edit | undefined {
  const { text, lines } = file;
  if (place.key === undefined) return undefined;
  const { line } = lines.position(place.key.start);
  const start = lines.start(line);
  const end = lines.start(line + 1);
  if (place.value.end > end || lines.line(line).trim() === "") return undefined;
  const before = text.slice(start, place.key.start);
  const after = text.slice(place.value.end, end).trim();
  // What shares the line, a list's dash or braces, would change with it.
  if (before.trim() !== "" || (after !== "" && !after.startsWith("#"))) return undefined;
  // The only entry of a mapping leaves nothing behind, which is no mapping any more.
  const indent = before.length;
  const indentOf = (other: number): number | undefined => {
    const found = /^( *)[^ #\r\n]/.exec(`${lines.line(other)}\n`);
    return found === null ? undefined : (found[1] ?? "").length;
  };
  const neighbour = (step: 1 | -1): number | undefined => {
    for (let other = line + step; other >= 1 && other <= lines.count; other += step) {
      const found = indentOf(other);
      if (found !== undefined && found <= indent) return found;
    }
    return undefined;
  };
  return neighbour(-1) === indent || neighbour(1) === indent ? { start, end, text: "" } : undefined;
}
