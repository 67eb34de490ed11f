/** One instruction of a Dockerfile, continuation lines joined, comments and heredoc bodies left out. */
export interface Instruction {
  /** Upper case: `FROM`. */
  keyword: string;
  /** What follows the keyword, as written. */
  rest: string;
  /** First line of the instruction, from 1. */
  line: number;
}

/** A Dockerfile cut into instructions, with the escape character that its directive chose. */
export interface Instructions {
  escape: "\\" | "`";
  instructions: Instruction[];
}

const directivePattern = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const heredocKeywords = new Set(["RUN", "COPY", "ADD"]);

/**
 * Cuts a Dockerfile into instructions by BuildKit's rules (its frontend/dockerfile/parser): parser directives only at the very top,
 * comments and empty lines skipped also between continuation lines, an escaped escape character does not continue a line,
 * heredocs of RUN, COPY and ADD taken whole. Never throws: what a builder would refuse comes out as an odd instruction.
 */
export function readInstructions(text: string): Instructions {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const escape = escapeDirective(lines);
  const instructions: Instruction[] = [];
  let at = 0;
  while (at < lines.length) {
    const first = at;
    let { line, continues } = uncontinued(lines[at] ?? "", escape);
    at += 1;
    line = line.trimStart();
    if ((line === "" && !continues) || line.startsWith("#")) continue;
    while (continues && at < lines.length) {
      const next = lines[at] ?? "";
      at += 1;
      if (next.trim() === "" || next.trimStart().startsWith("#")) continue;
      const part = uncontinued(next, escape);
      line += part.line;
      continues = part.continues;
    }
    const instruction = instructionOf(line, first + 1);
    if (instruction === undefined) continue;
    instructions.push(instruction);
    for (const heredoc of heredocsOf(instruction)) at = afterHeredoc(lines, at, heredoc);
  }
  return { escape, instructions };
}

function escapeDirective(lines: string[]): "\\" | "`" {
  for (const line of lines) {
    const match = directivePattern.exec(line.trim());
    if (match === null) break;
    if (match[1]?.toLowerCase() === "escape") return match[2] === "`" ? "`" : "\\";
  }
  return "\\";
}

/** The line without its continuation mark, which must not be escaped itself. */
function uncontinued(raw: string, escape: string): { line: string; continues: boolean } {
  const line = raw.replace(/\r+$/, "");
  const end = line.replace(/[ \t]+$/, "");
  const continues =
    end.endsWith(escape) && !end.endsWith(escape + escape) && !line.trimStart().startsWith("#");
  return continues ? { line: end.slice(0, -1), continues } : { line, continues };
}

function instructionOf(line: string, number: number): Instruction | undefined {
  const match = /^(\S+)\s*([\s\S]*)$/.exec(line.trim());
  if (match?.[1] === undefined) return undefined;
  return { keyword: match[1].toUpperCase(), rest: match[2] ?? "", line: number };
}

/** A heredoc's closing line; with `<<-` it may be indented by tabs. */
interface Heredoc {
  end: string;
  tabs: boolean;
}

function heredocsOf(instruction: Instruction): Heredoc[] {
  const inner = instruction.keyword === "ONBUILD" ? instructionOf(instruction.rest, 0) : instruction;
  if (inner === undefined || !heredocKeywords.has(inner.keyword) || !inner.rest.includes("<<")) return [];
  // A JSON array is never read by a shell, so nothing in it opens a heredoc.
  if (isJsonArray(inner.rest)) return [];
  const found: Heredoc[] = [];
  for (const word of splitWords(inner.rest, "\\")) {
    const match = /^\d*<<(-?)([^<]+)$/.exec(word);
    if (match?.[2] !== undefined) {
      found.push({ end: match[2].replace(/["']/g, "").replace(/\\(.)/g, "$1"), tabs: match[1] === "-" });
    }
  }
  return found;
}

function isJsonArray(text: string): boolean {
  const bare = text.replace(/^(?:--\S+\s+)*/, "");
  if (!bare.startsWith("[")) return false;
  try {
    return Array.isArray(JSON.parse(bare));
  } catch {
    return false;
  }
}

function afterHeredoc(lines: string[], from: number, heredoc: Heredoc): number {
  for (let at = from; at < lines.length; at += 1) {
    const line = (lines[at] ?? "").replace(/\r+$/, "");
    if ((heredoc.tabs ? line.replace(/^\t+/, "") : line) === heredoc.end) return at + 1;
  }
  return lines.length;
}

/** Cuts at blanks outside quotes, as BuildKit's `parseWords`; quotes and escapes stay in the words. */
export function splitWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === escape && quote !== "'") {
      word += text.slice(at, at + 2);
      at += 1;
    } else if (quote === "" && /\s/.test(char)) {
      if (word !== "") words.push(word);
      word = "";
    } else {
      if (quote === "" && (char === '"' || char === "'")) quote = char;
      else if (char === quote) quote = "";
      word += char;
    }
  }
  if (word !== "") words.push(word);
  return words;
}
