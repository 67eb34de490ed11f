import type { Dockerfile } from "../dockerfile/document.ts";
import type { Range } from "../dockerfile/text.ts";
import type { Document } from "./kinds.ts";
import type { RuleInfo } from "./rule.ts";

/** A comment that silences findings. */
export interface Ignore {
  /** The comment. */
  readonly at: Range;
  readonly line: number;
  /** The lines it is about, both included. */
  readonly from: number;
  readonly to: number;
  /** Rule names, ids or groups in lower case, or `all`. */
  readonly names: readonly string[];
  /** Whether `all` means BuildKit's checks only. */
  readonly buildkit: boolean;
  readonly reason: string | undefined;
  /** Written for ddiff. */
  readonly own: boolean;
}

/** What comments say about the findings of a file. */
export interface Ignores {
  readonly list: readonly Ignore[];
  /** `# check=error=true`: findings that are checks of BuildKit break the build. */
  readonly checksBreak: boolean;
}

const none: Ignores = { list: [], checksBreak: false };
const quick = /\bignore\s*=|\bcheck\s*=|\bdisable\s*=/i;

// "# ddiff ignore=a,b because REASON", "# hadolint global ignore=DL3008", "# hadolint stage ignore=DL3008", "# shellcheck disable=SC2086"
const pattern =
  /^(ddiff|hadolint)[ \t]+(?:(global|stage)[ \t]+)?ignore[ \t]*=[ \t]*([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)(?:[ \t]+(?:because[ \t:]*|#+|--)[ \t]*(.*))?/i;
const shellcheckPattern = /^shellcheck[ \t]+(?:.*[ \t])?disable=([\w-]+(?:,[\w-]+)*)/i;

/** Reads the comments of a file that silence findings: ours, hadolint's, ShellCheck's, and BuildKit's `# check=`. */
export function readIgnores(document: Document): Ignores {
  if (!quick.test(document.text)) return none;
  const list: Ignore[] = [];
  let checksBreak = false;
  const directives = document.kind === "dockerfile" ? document.directives : [];
  for (const directive of directives) {
    if (directive.name !== "check") continue;
    const check = readCheck(directive.value);
    checksBreak ||= check.breaks;
    const at = { start: directive.start, end: directive.end };
    if (check.names.length > 0)
      list.push({ ...checkIgnore(check.names), at, line: directive.line, from: 0, to: Infinity });
  }
  for (const comment of commentsOf(document)) {
    const at = { start: comment.start, end: comment.end };
    const read = readComment(comment.text);
    if (read !== undefined) {
      const { wide, ...ignore } = read;
      list.push({
        ...ignore,
        ...scopes[wide](document, comment.line),
        at,
        line: comment.line,
        buildkit: false,
      });
      continue;
    }
    // Below the top, BuildKit takes it for the one instruction that follows.
    const value = document.kind === "dockerfile" ? /^check[ \t]*=(.*)/i.exec(comment.text)?.[1] : undefined;
    if (value === undefined || directives.some((one) => one.line === comment.line)) continue;
    const { names } = readCheck(value);
    if (names.length > 0)
      list.push({ ...checkIgnore(names), ...scopeOf(document, comment.line), at, line: comment.line });
  }
  return { list, checksBreak };
}

function checkIgnore(names: readonly string[]): Pick<Ignore, "names" | "buildkit" | "reason" | "own"> {
  return { names, buildkit: true, reason: undefined, own: false };
}

/** `skip=A,B;error=true // why` */
function readCheck(value: string): { names: string[]; breaks: boolean } {
  const settings = value
    .replace(/\/\/.*$/, "")
    .split(";")
    .map((one) => one.trim());
  const skip = settings.find((one) => /^skip\s*=/i.test(one));
  return {
    names: skip === undefined ? [] : splitNames(skip.replace(/^[^=]*=/, "")),
    breaks: settings.some((one) => /^error\s*=\s*true$/i.test(one)),
  };
}

function readComment(
  text: string,
): { names: string[]; wide: keyof typeof scopes; reason: string | undefined; own: boolean } | undefined {
  const match = pattern.exec(text);
  if (match !== null) {
    const reason = match[4]?.trim();
    const wide = match[2]?.toLowerCase();
    return {
      names: splitNames(match[3] ?? ""),
      wide: wide === "global" || wide === "stage" ? wide : "next",
      // Editors put in dots where a reason is to be written.
      reason: reason === undefined || /^[.…]*$/.test(reason) ? undefined : reason,
      own: match[1]?.toLowerCase() === "ddiff",
    };
  }
  const shellcheck = shellcheckPattern.exec(text);
  if (shellcheck === null) return undefined;
  return { names: splitNames(shellcheck[1] ?? ""), wide: "next", reason: undefined, own: false };
}

function splitNames(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
}

function commentsOf(document: Document): readonly (Range & { text: string; line: number })[] {
  if (document.kind === "dockerfile") return document.comments;
  const found: (Range & { text: string; line: number })[] = [];
  for (const match of document.text.matchAll(/^[ \t]*#[ \t]*(.*)$/gm)) {
    const start = match.index;
    found.push({
      start,
      end: start + match[0].length,
      text: (match[1] ?? "").trim(),
      line: document.lines.position(start).line,
    });
  }
  return found;
}

/** The lines that a comment is about, by the word before `ignore`. */
const scopes = {
  global: () => ({ from: 0, to: Infinity }),
  stage: stageScope,
  next: scopeOf,
} as const;

/** From the comment to the end of the stage that it stands in; above a FROM, of the stage that begins there. */
function stageScope(document: Document, line: number): { from: number; to: number } {
  if (document.kind !== "dockerfile") return scopeOf(document, line);
  const next = document.instructions.find((one) => one.endLine > line);
  const end = document.stages.find((one) => one.index > (next?.stage ?? Infinity))?.from.line;
  return { from: line, to: (end ?? Infinity) - 1 };
}

/** The lines that a comment above them is about. */
function scopeOf(document: Document, line: number): { from: number; to: number } {
  if (document.kind === "dockerfile") return instructionScope(document, line);
  const from = nextLine(document, line);
  if (document.kind === "ignore") return { from, to: from };
  // In YAML, what stands further in belongs to the line above it.
  const indent = indentOf(document.lines.line(from));
  let to = from;
  for (let at = from + 1; at <= document.lines.count; at += 1) {
    const text = document.lines.line(at);
    if (text.trim() === "") continue;
    if (indentOf(text) <= indent) break;
    to = at;
  }
  return { from, to };
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** The first line after `line` that is neither empty nor a comment. */
function nextLine(document: Document, line: number): number {
  let at = line + 1;
  while (at <= document.lines.count && /^\s*(?:#|$)/.test(document.lines.line(at))) at += 1;
  return at;
}

/** The whole next instruction; for a comment within an instruction, the next line of it. */
function instructionScope(file: Dockerfile, line: number): { from: number; to: number } {
  const next = file.instructions.find((one) => one.endLine > line);
  if (next === undefined) return { from: line, to: line };
  if (next.line > line) return { from: next.line, to: next.endLine };
  const from = nextLine(file, line);
  return { from, to: from };
}

/** A check of BuildKit: `JSONArgsRecommended`. */
const buildkitId = /^[A-Z][a-z]+[A-Z]/;

/** Whether a rule is one of BuildKit's checks, or stands for one. */
export function isBuildkitCheck(rule: RuleInfo): boolean {
  return rule.aliases.some((alias) => buildkitId.test(alias));
}

/** Whether a comment silences what a rule says about these lines. `code` is the id that another tool gave the finding. */
export function silences(
  ignore: Ignore,
  rule: RuleInfo,
  lines: { readonly from: number; readonly to: number },
  code: string | undefined,
): boolean {
  if (lines.to < ignore.from || lines.from > ignore.to) return false;
  return ignore.names.some((name) => {
    if (name === "all") return !ignore.buildkit || isBuildkitCheck(rule);
    return (
      name === rule.name ||
      name === rule.group ||
      name === code?.toLowerCase() ||
      rule.aliases.some((alias) => alias.toLowerCase() === name)
    );
  });
}
