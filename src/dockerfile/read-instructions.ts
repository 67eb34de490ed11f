import type { Comment, Directive, Heredoc, Instruction, Joined, SyntaxProblem } from "./document.ts";
import { joiner, part } from "./joined.ts";
import { type HeredocOpener, heredocWords, readHeredocOpener } from "./heredoc-openers.ts";
import { readFlags, readJson, readWords, splitAtBlanks } from "./read-words.ts";
import type { LineIndex, Range } from "./text.ts";

/** A Dockerfile cut into instructions, before stages are known. */
export interface CutFile {
  escape: "\\" | "`";
  directives: Directive[];
  comments: Comment[];
  instructions: Instruction[];
  problems: SyntaxProblem[];
}

const directivePattern = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const directiveNames = new Set(["syntax", "escape", "check"]);
const heredocKeywords = new Set(["RUN", "COPY", "ADD"]);
/** Keywords whose arguments are cut at blanks, whatever is quoted. */
const plainKeywords = new Set(["FROM", "COPY", "ADD", "VOLUME", "EXPOSE"]);
/** Keywords whose arguments may be a JSON array. */
const jsonKeywords = new Set(["RUN", "CMD", "ENTRYPOINT", "SHELL", "VOLUME", "COPY", "ADD"]);

/**
 * Cuts a Dockerfile into instructions by BuildKit's rules (its frontend/dockerfile/parser): parser directives only at the very top,
 * comments and empty lines skipped also between continuation lines, an escaped escape character does not continue a line,
 * heredocs of RUN, COPY and ADD taken whole. Never throws: what a builder would refuse comes out as an odd instruction and a problem.
 */
export function cutFile(text: string, lines: LineIndex): CutFile {
  const directives = readDirectives(lines);
  const escape = directives.some((one) => one.name === "escape" && one.value === "`") ? "`" : "\\";
  const cut: CutFile = {
    escape,
    directives,
    comments: [],
    instructions: [],
    problems: directiveProblems(directives),
  };
  const taken = new Set(directives.map((one) => one.line));
  let number = 1;
  let stage = -1;
  let lastLines: ReadonlyMap<string, number> | undefined;
  while (number <= lines.count) {
    const first = lineAt(text, lines, number);
    const next = first.kind === "text" ? logicalLine(text, lines, number, cut) : undefined;
    if (first.kind === "comment" && !taken.has(number)) cut.comments.push(commentOf(text, first, number));
    if (next === undefined) {
      number += 1;
      continue;
    }
    const heredocs: Heredoc[] = [];
    const draft = instructionOf(next.joined, escape);
    let after = next.after;
    if (draft !== undefined) {
      for (const word of openersOf(draft)) {
        const opener = readHeredocOpener(word.raw);
        if (opener === undefined) continue;
        lastLines ??= lastLinesOf(lines);
        const last = [lastLines.get(opener.name), opener.tabs ? lastLines.get(`\n${opener.name}`) : 0];
        if (Math.max(...last.map((line) => line ?? 0)) < after) {
          const message = `the heredoc ${opener.name} is not closed`;
          cut.problems.push({ start: word.start, end: word.end, message });
          // BuildKit takes "1 << 2" for one, too; other builders do not, and go on with the next line.
          if (/<<\s/.test(word.raw)) continue;
        }
        const heredoc = readHeredoc(text, lines, after, word, opener);
        heredocs.push(heredoc.heredoc);
        after = heredoc.after;
      }
      if (draft.keyword === "FROM") stage += 1;
      const end = lines.start(after - 1) + lines.line(after - 1).length;
      cut.instructions.push(finished(draft, { number, after, end, heredocs, stage, empty: next.empty }));
    }
    number = after;
  }
  return cut;
}

function readDirectives(lines: LineIndex): Directive[] {
  const found: Directive[] = [];
  for (let number = 1; number <= lines.count; number += 1) {
    const raw = lines.line(number);
    const line = number === 1 ? raw.replace(/^\uFEFF/, "") : raw;
    const match = directivePattern.exec(line.trim());
    const name = match?.[1]?.toLowerCase();
    if (name === undefined) break;
    // Others of that form are comments, and no directive follows a comment.
    if (!directiveNames.has(name)) break;
    const start = lines.start(number) + (raw.length - raw.trimStart().length);
    found.push({ name, value: match?.[2] ?? "", line: number, start, end: start + line.trim().length });
  }
  return found;
}

function directiveProblems(directives: readonly Directive[]): SyntaxProblem[] {
  return directives.flatMap(({ name, value, start, end }, index) => {
    if (directives.findIndex((one) => one.name === name) < index)
      return [{ start, end, message: `there is a second directive ${name}` }];
    if (name === "escape" && value !== "\\" && value !== "`")
      return [{ start, end, message: "escape is \\ or ` and nothing else" }];
    return [];
  });
}

interface Line extends Range {
  kind: "blank" | "comment" | "text";
}

/** A line without the blanks before it and the line end. */
function lineAt(text: string, lines: LineIndex, number: number): Line {
  const lineStart = lines.start(number);
  const raw = lines.line(number);
  const bom = number === 1 && raw.startsWith("\uFEFF") ? 1 : 0;
  const trimmed = raw.slice(bom).trimStart();
  const start = lineStart + raw.length - trimmed.length;
  const end = lineStart + raw.replace(/\r+$/, "").length;
  const kind = trimmed.trim() === "" ? "blank" : text.charAt(start) === "#" ? "comment" : "text";
  return { start, end: Math.max(start, end), kind };
}

function commentOf(text: string, line: Line, number: number): Comment {
  return {
    start: line.start,
    end: line.end,
    line: number,
    text: text.slice(line.start + 1, line.end).trim(),
  };
}

/** One instruction's lines without their continuation marks, the comments between them left out. `after` is the first line behind it. */
function logicalLine(
  text: string,
  lines: LineIndex,
  first: number,
  cut: CutFile,
): { joined: Joined; after: number; empty: number[] } {
  const join = joiner(text);
  const empty: number[] = [];
  const start = lineAt(text, lines, first);
  let { end, continues } = uncontinued(text, start, cut.escape);
  join.add(start.start, end);
  let number = first + 1;
  while (continues && number <= lines.count) {
    const line = lineAt(text, lines, number);
    // The empty line after a file's last line end is none.
    if (line.kind === "blank" && number === lines.count && lines.line(number) === "") break;
    if (line.kind === "comment") cut.comments.push(commentOf(text, line, number));
    else if (line.kind === "blank") empty.push(number);
    else {
      const whole = { ...line, start: lines.start(number) };
      ({ end, continues } = uncontinued(text, whole, cut.escape));
      join.add(whole.start, end);
    }
    number += 1;
  }
  return { joined: join.done(), after: number, empty };
}

/** Where a line ends without its continuation mark, which must not be escaped itself. */
function uncontinued(text: string, line: Range, escape: string): { end: number; continues: boolean } {
  let end = line.end;
  while (end > line.start && (text.charAt(end - 1) === " " || text.charAt(end - 1) === "\t")) end -= 1;
  const marked = end > line.start && text.charAt(end - 1) === escape;
  const escaped = end - 1 > line.start && text.charAt(end - 2) === escape;
  return marked && !escaped ? { end: end - 1, continues: true } : { end: line.end, continues: false };
}

interface Draft {
  keyword: string;
  keywordRange: Range;
  start: number;
  flags: Instruction["flags"];
  body: Joined;
  words: Instruction["words"];
  json: Instruction["json"];
  trigger: Draft | undefined;
}

function instructionOf(joined: Joined, escape: string, depth = 0): Draft | undefined {
  const match = /^\s*(\S+)/.exec(joined.text);
  if (match?.[1] === undefined) return undefined;
  const from = match[0].length - match[1].length;
  const start = joined.offset(from);
  const keyword = match[1].toUpperCase();
  const all = part(joined, match[0].length);
  const { flags, rest } = readFlags(all, escape);
  const body = part(all, rest);
  return {
    keyword,
    keywordRange: { start, end: joined.offset(match[0].length - 1) + 1 },
    start,
    flags,
    body,
    words: plainKeywords.has(keyword) ? splitAtBlanks(body) : readWords(body, escape),
    json: jsonKeywords.has(keyword) ? readJson(body) : undefined,
    trigger: keyword === "ONBUILD" && depth === 0 ? instructionOf(body, escape, 1) : undefined,
  };
}

function openersOf(draft: Draft): Instruction["words"] {
  const inner = draft.trigger ?? draft;
  // A JSON array is never read by a shell, so nothing in it opens a heredoc.
  if (!heredocKeywords.has(inner.keyword) || inner.json !== undefined || !inner.body.text.includes("<<"))
    return [];
  return heredocWords(inner.body);
}

/** The last line of each text, so that a heredoc that nothing closes is known at once; without its tabs below a line end and the text. */
function lastLinesOf(lines: LineIndex): Map<string, number> {
  const last = new Map<string, number>();
  for (let number = 1; number <= lines.count; number += 1) {
    const line = lines.line(number).replace(/\r+$/, "");
    last.set(line, number);
    if (line.startsWith("\t")) last.set(`\n${line.replace(/^\t+/, "")}`, number);
  }
  return last;
}

function readHeredoc(
  text: string,
  lines: LineIndex,
  first: number,
  word: Range,
  opener: HeredocOpener,
): { heredoc: Heredoc; after: number } {
  let number = first;
  const isClosing = (raw: string): boolean => {
    const line = raw.replace(/\r+$/, "");
    return (opener.tabs ? line.replace(/^\t+/, "") : line) === opener.name;
  };
  while (number <= lines.count && !isClosing(lines.line(number))) number += 1;
  const closed = number <= lines.count;
  const body = { start: lines.start(first), end: lines.start(number) };
  const written = text.slice(body.start, body.end);
  return {
    heredoc: {
      name: opener.name,
      opener: { start: word.start, end: word.end },
      body,
      content: opener.tabs ? written.replace(/^\t+/gm, "") : written,
      expands: opener.expands,
    },
    after: closed ? number + 1 : lines.count + 1,
  };
}

interface Place {
  number: number;
  after: number;
  end: number;
  heredocs: Heredoc[];
  stage: number;
  empty: number[];
}

function finished(draft: Draft, place: Place): Instruction {
  const { trigger, ...own } = draft;
  return {
    ...own,
    trigger: trigger === undefined ? undefined : finished(trigger, place),
    end: place.end,
    line: place.number,
    endLine: place.after - 1,
    heredocs: place.heredocs,
    stage: place.stage,
    emptyContinuations: place.empty,
  };
}
