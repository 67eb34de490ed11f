/** A part of a file: offsets into its text in UTF-16 units, `end` not included. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A place as people and reports count: line and column from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Turns offsets of one text into lines and columns. */
export interface LineIndex {
  /** How many lines there are; an empty text has one. */
  readonly count: number;
  position(offset: number): Position;
  /** Where a line (from 1) starts; the text's length for lines past the end. */
  start(line: number): number;
  /** A line's text (from 1) without its line end. */
  line(line: number): string;
}

/** Indexes the lines of a text; `\n` and `\r\n` end a line. */
export function indexLines(text: string): LineIndex {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineAt = (offset: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    count: starts.length,
    position(offset) {
      const line = lineAt(offset);
      return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
    },
    start: (line) => starts[line - 1] ?? text.length,
    line(line) {
      const start = starts[line - 1];
      if (start === undefined) return "";
      const end = starts[line] === undefined ? text.length : (starts[line] ?? 0) - 1;
      return text.slice(start, text.charAt(end - 1) === "\r" && end > start ? end - 1 : end);
    },
  };
}
