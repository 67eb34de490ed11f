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

/**
 * Whether Go's `filepath.Match` takes the syntax of a pattern: brackets closed and not empty, no range without ends, something after
 * each backslash.
 */
export function isValidGlob(pattern: string): boolean {
  const chars = Array.from(pattern);
  let at = 0;
  const skipMember = (): boolean => {
    if (chars[at] === undefined || chars[at] === "-" || chars[at] === "]") return false;
    if (chars[at] === "\\") at += 1;
    at += 1;
    return at < chars.length;
  };
  while (at < chars.length) {
    const char = chars[at];
    at += 1;
    if (char === "\\") {
      if (at >= chars.length) return false;
      at += 1;
    } else if (char === "[") {
      if (chars[at] === "^") at += 1;
      for (let members = 0; chars[at] !== "]" || members === 0; members++) {
        if (!skipMember()) return false;
        if (chars[at] !== "-") continue;
        at += 1;
        if (!skipMember()) return false;
      }
      at += 1;
    }
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
      at += 1;
      kind = "regexp";
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
