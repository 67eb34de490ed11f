import { compileNfa, type Nfa } from "./ignore-pattern-nfa.ts";

/** A pattern of a .dockerignore, ready to be asked. */
export interface PathPattern {
  /** Whether a path with slashes, without one at its start, is matched by itself; parents are the caller's. */
  matches(path: string): boolean;
}

/** Go's `filepath.Clean` on a machine with slashes: the shortest path that means the same. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!rooted) kept.push("..");
  }
  const cleaned = (rooted ? "/" : "") + kept.join("/");
  return cleaned === "" ? "." : cleaned;
}

/** A character of a bracket expression of Go's `filepath.Match`, maybe escaped, and where the next stands; something must follow. */
function bracketMember(chars: readonly string[], at: number): { char: string; next: number } | undefined {
  if (chars[at] === undefined || chars[at] === "-" || chars[at] === "]") return undefined;
  const here = chars[at] === "\\" ? at + 1 : at;
  const char = chars[here];
  return char === undefined || here + 1 >= chars.length ? undefined : { char, next: here + 1 };
}

/** Whether a bracket expression (behind its `[`) holds a character, and where it ends; undefined where it is malformed. */
function bracket(
  chars: readonly string[],
  from: number,
  subject: string,
): { holds: boolean; end: number } | undefined {
  const negated = chars[from] === "^";
  let at = negated ? from + 1 : from;
  let holds = false;
  for (let members = 0; chars[at] !== "]" || members === 0; members++) {
    const low = bracketMember(chars, at);
    if (low === undefined) return undefined;
    const high = chars[low.next] === "-" ? bracketMember(chars, low.next + 1) : low;
    if (high === undefined) return undefined;
    holds ||= low.char <= subject && subject <= high.char;
    at = high.next;
  }
  return { holds: holds !== negated, end: at + 1 };
}

/** Matches a piece between stars at the start of a name. Gives what is left of the name; undefined where the piece is malformed. */
function matchPiece(chars: readonly string[], name: string): { ok: boolean; left: string } | undefined {
  let left = name;
  let ok = true;
  for (let at = 0; at < chars.length; ) {
    let char = chars[at] ?? "";
    at += 1;
    const subject = left.charAt(0);
    ok &&= subject !== "";
    left = left.slice(1);
    if (char === "[") {
      const read = bracket(chars, at, subject);
      if (read === undefined) return undefined;
      ok &&= read.holds;
      at = read.end;
      continue;
    }
    if (char === "?") continue;
    if (char === "\\") {
      if (at >= chars.length) return undefined;
      char = chars[at] ?? "";
      at += 1;
    }
    ok &&= char === subject;
  }
  return { ok, left };
}

/** Cuts a pattern at its stars, those in brackets and behind backslashes apart. */
function pieces(pattern: string): { star: boolean; chars: string[] }[] {
  const found: { star: boolean; chars: string[] }[] = [];
  const chars = Array.from(pattern);
  let at = 0;
  while (at < chars.length) {
    const star = chars[at] === "*";
    while (chars[at] === "*") at += 1;
    const from = at;
    for (let inside = false; at < chars.length && (inside || chars[at] !== "*"); at++) {
      if (chars[at] === "\\") at += 1;
      else if (chars[at] === "[") inside = true;
      else if (chars[at] === "]") inside = false;
    }
    found.push({ star, chars: chars.slice(from, at) });
  }
  return found;
}

/**
 * Whether moby takes the syntax of a pattern: it asks Go's `filepath.Match` for "." and refuses on error, so that pieces behind the
 * first that does not match are never looked at.
 */
function isValidGlob(pattern: string): boolean {
  let name = ".";
  const all = pieces(pattern);
  for (const [index, { star, chars }] of all.entries()) {
    if (star && chars.length === 0) return true;
    const isLast = index === all.length - 1;
    let matched = matchPiece(chars, name);
    if (matched?.ok === true && isLast && matched.left !== "") matched = { ok: false, left: name };
    if (matched?.ok === false && star && name !== "") matched = matchPiece(chars, "");
    if (matched === undefined) return false;
    if (!matched.ok) return true;
    name = matched.left;
  }
  return true;
}

type Kind = "exact" | "prefix" | "suffix" | "regexp";

/** Of the special characters that moby means to escape, those that it does: its table forgets `|`, `{` and `}`. */
const escaped = new Set([".", "+", "(", ")", "$"]);

/**
 * Translates a cleaned pattern as moby/patternmatcher does (its `compile`), odd corners included: a backslash and the next character
 * go into the expression as they are, brackets are not looked into, `**` without a slash behind it still means folders.
 */
function translate(pattern: string): { kind: Kind; expression: string } {
  const chars = Array.from(pattern);
  let kind: Kind = "exact";
  let expression = "^";
  for (let at = 0, turn = 0; at < chars.length; turn++) {
    const char = chars[at] ?? "";
    at += 1;
    if (char === "*" && chars[at] === "*") {
      at += chars[at + 1] === "/" ? 2 : 1;
      if (at < chars.length) {
        expression += "(.*/)?";
        kind = "regexp";
      } else if (kind === "exact") {
        kind = "prefix";
      } else {
        expression += ".*";
        kind = "regexp";
      }
      if (turn === 0) kind = "suffix";
    } else if (char === "*" || char === "?") {
      expression += char === "*" ? "[^/]*" : "[^/]";
      kind = "regexp";
    } else if (escaped.has(char)) {
      expression += `\\${char}`;
    } else if (char === "\\") {
      expression += `\\${chars[at] ?? ""}`;
      if (at < chars.length) kind = "regexp";
      at += 1;
    } else {
      expression += char;
      if (char === "[" || char === "]") kind = "regexp";
    }
  }
  return { kind, expression: `${expression}$` };
}

/**
 * Compiles a pattern that is cleaned and has no `!`. Undefined for what Docker refuses. Asking costs time in proportion to the path's
 * length, whatever the pattern.
 */
export function compilePattern(pattern: string): PathPattern | undefined {
  if (!isValidGlob(pattern)) return undefined;
  const { kind, expression } = translate(pattern);
  if (kind === "exact") return { matches: (path) => path === pattern };
  if (kind === "prefix") {
    const prefix = pattern.slice(0, -2);
    return { matches: (path) => path.startsWith(prefix) };
  }
  if (kind === "suffix") {
    const suffix = pattern.slice(2);
    const whole = suffix.startsWith("/") ? suffix.slice(1) : undefined;
    return { matches: (path) => path.endsWith(suffix) || path === whole };
  }
  const nfa = compileNfa(expression);
  return nfa === undefined ? undefined : withQuickNo(pattern, nfa);
}

/** Most paths are told apart by the plain text at a pattern's ends, without running the machine. */
function withQuickNo(pattern: string, nfa: Nfa): PathPattern {
  if (/[[\]\\|{}^]/.test(pattern)) return { matches: (path) => nfa.matches(path) };
  const prefix = /^[^*?]*/.exec(pattern)?.[0] ?? "";
  const suffix = /[^*?]*$/.exec(pattern)?.[0] ?? "";
  // "**/" also stands for no folder at all, so its slash is no text that must be there.
  const tail = suffix.startsWith("/") && pattern.endsWith(`**${suffix}`) ? suffix.slice(1) : suffix;
  return { matches: (path) => path.endsWith(tail) && path.startsWith(prefix) && nfa.matches(path) };
}
