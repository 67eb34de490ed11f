import * as document from "../document.ts";

/** Puts tables into a section of docs/lint-comparison.md. */
export function writeSection(section: string, parts: readonly string[]): void {
  document.writeSection("lint-comparison.md", section, parts);
}
