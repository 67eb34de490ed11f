import type { IgnoreFile, IgnorePattern } from "./ignore-file.ts";
import { cleanPath, compilePattern, type PathPattern } from "./ignore-pattern.ts";
import { indexLines, type Range } from "./text.ts";

/** Go's `bufio.Scanner` gives up on longer lines, and the build with it. */
const longestLine = 65_535;
/** What Go's `strings.TrimSpace` takes away, which is not what `trim` does. */
const blanksBefore = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const blanks = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
/** Answers about folders are kept up to here, then forgotten. */
const mostFolders = 50_000;

function trimStart(text: string): string {
  return text.replace(blanksBefore, "");
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && blanks.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

interface Compiled {
  readonly source: IgnorePattern;
  readonly matcher: PathPattern;
}

/** What each pattern said about a folder or one of its parents, so that its content need not ask again. */
interface Answer {
  readonly matched: Uint8Array;
  readonly decided: IgnorePattern | undefined;
}

/**
 * Reads a .dockerignore as Docker does (moby/patternmatcher and its ignorefile): `#` is a comment only in the first column, blanks
 * around a pattern go, `/a`, `./a` and `a/` mean `a`, everything is counted from the context's root, the last pattern that matches a
 * path or one of its parents decides. Never throws: what Docker refuses is in `problems`, and the other patterns hold.
 */
export function readIgnoreFile(text: string): IgnoreFile {
  const problems: (Range & { message: string })[] = [];
  const compiled: Compiled[] = [];
  const lines = indexLines(text);
  for (let line = 1; line <= lines.count; line++) {
    const lineStart = lines.start(line);
    const content = lines.line(line);
    const skipped = line === 1 && content.startsWith("\uFEFF") ? 1 : 0;
    const written = content.slice(skipped);
    if (written.startsWith("#")) continue;
    const left = trimStart(written);
    const raw = trimEnd(left);
    if (raw === "") continue;
    const start = lineStart + skipped + (written.length - left.length);
    const range = { start, end: start + raw.length };
    const one =
      raw.length > longestLine ? "is longer than the 64 KiB that Docker reads" : compile(raw, range, line);
    if (typeof one === "string") {
      problems.push({ ...range, message: `the pattern ${shown(raw)} ${one}: Docker refuses the whole file` });
    } else if (one !== undefined) {
      compiled.push(one);
    }
  }
  const decides = decider(compiled);
  return {
    kind: "ignore",
    text,
    lines,
    patterns: compiled.map(({ source }) => source),
    problems,
    decides,
    ignores: (path) => decides(path)?.negated === false,
  };
}

function shown(raw: string): string {
  return `"${raw.length > 60 ? `${raw.slice(0, 60)}…` : raw}"`;
}

/** The pattern of a line, what is wrong with it, or undefined where nothing is left of it. */
function compile(raw: string, range: Range, line: number): Compiled | string | undefined {
  const marked = raw.startsWith("!");
  const written = marked ? trimEnd(trimStart(raw.slice(1))) : raw;
  const cleaned = written === "" ? "" : cleanPath(written);
  const unrooted = cleaned.length > 1 && cleaned.startsWith("/") ? cleaned.slice(1) : cleaned;
  // Docker trims and cleans once more with the mark in front: "!/" becomes "!", "/!a" gets a mark, "!../../a" loses it.
  const again = trimEnd(trimStart(marked ? `!${unrooted}` : unrooted));
  if (again === "") return undefined;
  const whole = cleanPath(again);
  const negated = whole.startsWith("!");
  const pattern = negated ? whole.slice(1) : whole;
  if (pattern === "") return "takes nothing back";
  const matcher = compilePattern(pattern);
  return matcher === undefined
    ? "has a syntax error"
    : { source: { ...range, line, raw, pattern, negated }, matcher };
}

function decider(compiled: readonly Compiled[]): IgnoreFile["decides"] {
  const folders = new Map<string, Answer>();
  const nothing: Answer = { matched: new Uint8Array(compiled.length), decided: undefined };

  // moby's MatchesUsingParentResults, which BuildKit walks the context with.
  const ask = (path: string, parent: Answer): Answer => {
    const matched = new Uint8Array(compiled.length);
    let decided: IgnorePattern | undefined;
    for (const [index, { source, matcher }] of compiled.entries()) {
      const isIgnored = decided !== undefined && !decided.negated;
      if (parent.matched[index] === 1) matched[index] = 1;
      else if (source.negated === isIgnored && matcher.matches(path)) matched[index] = 1;
      if (matched[index] === 1) decided = source;
    }
    return { matched, decided };
  };

  const folder = (path: string): Answer => {
    const chain: string[] = [];
    let at = path;
    let answer: Answer | undefined;
    for (; at !== ""; at = at.slice(0, Math.max(at.lastIndexOf("/"), 0))) {
      answer = folders.get(at);
      if (answer !== undefined) break;
      chain.push(at);
    }
    if (folders.size + chain.length > mostFolders) folders.clear();
    let known = answer ?? nothing;
    for (const one of chain.reverse()) {
      known = ask(one, known);
      folders.set(one, known);
    }
    return known;
  };

  return (path) => {
    const cleaned = cleanPath(path).replace(/^\//, "");
    if (cleaned === "." || cleaned === "") return undefined;
    const slash = cleaned.lastIndexOf("/");
    return ask(cleaned, slash < 0 ? nothing : folder(cleaned.slice(0, slash))).decided;
  };
}
