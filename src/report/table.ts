import { stripVTControlCharacters } from "node:util";

/**
 * Lays rows out in columns two blanks apart; numbers and sizes (`right`) stand flush right. Colours in a cell take no room. Trailing blanks
 * are cut.
 */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, columns(cell));
  }
  const lines = rows.map((row) =>
    row
      .map((cell, at) => {
        const blanks = " ".repeat((widths[at] ?? 0) - columns(cell));
        return right.includes(at) ? blanks + cell : cell + blanks;
      })
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}

function columns(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
