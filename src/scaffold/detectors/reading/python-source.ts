/** A logical line of Python: brackets and continuations joined, comments left out. */
export interface PythonLine {
  /** From 1. */
  readonly line: number;
  /** Columns before the code. */
  readonly indent: number;
  /** The code with every string literal replaced by its number in `strings`: `app.get("0")`. */
  readonly code: string;
  readonly strings: readonly string[];
}

/** Nothing that detectors look for is longer. */
const mostCode = 20_000;

/** The logical lines of a Python file, in one pass. Text that is not Python gives nonsense, but ends. */
export function scanPython(text: string): PythonLine[] {
  const lines: PythonLine[] = [];
  let code = "";
  let strings: string[] = [];
  let indent = 0;
  let line = 1;
  let startLine = 1;
  let depth = 0;
  let atStart = true;
  const end = (): void => {
    if (code.trim() !== "") lines.push({ line: startLine, indent, code: code.trim(), strings });
    code = "";
    strings = [];
    atStart = true;
    indent = 0;
    depth = 0;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\n") {
      line++;
      if (depth === 0) end();
      else code += " ";
    } else if (atStart && (char === " " || char === "\t")) {
      indent += char === "\t" ? 8 - (indent % 8) : 1;
    } else if (char === "#") {
      const next = text.indexOf("\n", at);
      at = (next < 0 ? text.length : next) - 1;
    } else if (char === "\\" && (text[at + 1] === "\n" || text[at + 1] === "\r")) {
      at += text[at + 1] === "\r" ? 2 : 1;
      line++;
    } else if (char === '"' || char === "'") {
      if (atStart) startLine = line;
      atStart = false;
      const literal = readString(text, at);
      if (code.length < mostCode) {
        // The letters before the quote (`rb"..."`) belong to the string.
        const prefix = /(?:^|[^\w.])([rbfuRBFU]{1,2})$/.exec(code.slice(-3))?.[1] ?? "";
        code = `${code.slice(0, code.length - prefix.length)}"${strings.length}"`;
        strings.push(literal.value);
      }
      line += literal.lines;
      at = literal.end;
    } else {
      if (atStart) startLine = line;
      atStart = false;
      if (char === "(" || char === "[" || char === "{") depth++;
      else if ((char === ")" || char === "]" || char === "}") && depth > 0) depth--;
      if (char === ";" && depth === 0) end();
      else if (code.length < mostCode && char !== "\r") code += char;
    }
  }
  end();
  return lines;
}

/** The literal whose quote stands at `at`: its text, the place of its last character, and how many lines it spans. */
function readString(text: string, at: number): { value: string; end: number; lines: number } {
  const quote = text[at] ?? "";
  const closing = text.startsWith(quote.repeat(3), at) ? quote.repeat(3) : quote;
  const start = at + closing.length;
  let lines = 0;
  for (let here = start; here < text.length; here++) {
    const char = text[here];
    if (char === "\\") {
      if (text[here + 1] === "\n") lines++;
      here++;
    } else if (char === "\n") {
      // A string that is not closed ends with its line, as an editor shows it.
      if (closing.length === 1) return { value: text.slice(start, here), end: here - 1, lines };
      lines++;
    } else if (text.startsWith(closing, here)) {
      return { value: text.slice(start, here), end: here + closing.length - 1, lines };
    }
  }
  return { value: text.slice(start), end: text.length, lines };
}

/** Where the bracket that opens at `at` is closed; the end where it is not. */
export function closingOf(code: string, at: number): number {
  let depth = 0;
  for (let here = at; here < code.length; here++) {
    const char = code[here] ?? "";
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char) && --depth === 0) return here;
  }
  return code.length;
}

/** The literals in a part of a line's code. */
export function literalsIn(line: PythonLine, part: string): string[] {
  return [...part.matchAll(/"(\d+)"/g)].map((match) => line.strings[Number(match[1])] ?? "");
}

/** The code of an argument `name=...` of a call, up to the comma or bracket that ends it. */
export function argumentOf(code: string, name: string): string | undefined {
  const match = new RegExp(`(?<![\\w.])${name}\\s*=(?!=)\\s*`).exec(code);
  if (match === null) return undefined;
  const start = match.index + match[0].length;
  for (let here = start; here < code.length; here++) {
    const char = code[here] ?? "";
    if ("([{".includes(char)) here = closingOf(code, here);
    else if (char === "," || char === ")" || char === "]" || char === "}") return code.slice(start, here);
  }
  return code.slice(start);
}
