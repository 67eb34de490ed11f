import { DdiffError } from "../util/errors.ts";
import { PatternProblem, replaceMatches, trimMatch } from "./expand-pattern.ts";

/** The value of a variable, or undefined where it is not set. */
export type Lookup = (name: string) => string | undefined;

/** Told of a variable that is not set; `answered` where the word itself says what to take then, as `${X:-word}` does. */
export type OnUnset = (name: string, answered: boolean) => void;

/**
 * Expands one word of a Dockerfile as BuildKit's shell lexer does: quotes and escapes go, `$X`, `${X}`, `${X:-word}`, `${X-word}`,
 * `${X:+word}`, `${X+word}`, `${X:?word}`, `${X?word}`, `${X#pattern}`, `${X##pattern}`, `${X%pattern}`, `${X%%pattern}`,
 * `${X/pattern/word}`, `${X//pattern/word}` are replaced. Throws `DOCKERFILE_INVALID` for what a builder refuses too.
 */
export function expandWord(
  word: string,
  lookup: Lookup,
  escape: string,
  onUnset: OnUnset = () => {},
): string {
  return expandUntil(openState(word, lookup, escape, onUnset), "");
}

/**
 * Expands a text as `expandWord` does and cuts it into words at the blanks outside quotes, those of unquoted values too, as BuildKit
 * does for EXPOSE. Throws `DOCKERFILE_INVALID`.
 */
export function expandWords(
  text: string,
  lookup: Lookup,
  escape: string,
  onUnset: OnUnset = () => {},
): string[] {
  const words: string[] = [];
  let word = "";
  expandUntil(openState(text, lookup, escape, onUnset), "", (part, whole) => {
    const [first = "", ...rest] = whole ? [part] : part.split(/\s+/);
    word += first;
    for (const next of rest) {
      if (word !== "") words.push(word);
      word = next;
    }
  });
  if (word !== "") words.push(word);
  return words;
}

function openState(text: string, lookup: Lookup, escape: string, onUnset: OnUnset): State {
  return { text, at: 0, lookup, onUnset, escape, depth: 0, keepsEscapes: false };
}

interface State {
  readonly text: string;
  at: number;
  readonly lookup: Lookup;
  readonly onUnset: OnUnset;
  readonly escape: string;
  depth: number;
  /** In a pattern, which has escapes of its own. */
  keepsEscapes: boolean;
}

function fail(state: State, why: string): never {
  throw new DdiffError("DOCKERFILE_INVALID", `${why} in ${JSON.stringify(state.text)}`, {
    hint: "Correct the Dockerfile, or name the base with --base.",
  });
}

/** `onPart` is told of each part with whether it was quoted or escaped. */
function expandUntil(
  state: State,
  stops: string,
  onPart: (part: string, quoted: boolean) => void = () => {},
): string {
  let out = "";
  while (state.at < state.text.length) {
    const char = state.text.charAt(state.at);
    state.at += 1;
    if (char === stops) return out;
    let part = char;
    const escaped = char === state.escape;
    if (char === "'") part = singleQuoted(state);
    else if (char === '"') part = doubleQuoted(state);
    else if (char === "$") part = dollar(state);
    else if (escaped) {
      part = (state.keepsEscapes ? char : "") + state.text.charAt(state.at);
      state.at += 1;
    }
    onPart(part, escaped || char === "'" || char === '"');
    out += part;
  }
  if (stops !== "") fail(state, `a "${stops}" is missing`);
  return out;
}

function singleQuoted(state: State): string {
  const end = state.text.indexOf("'", state.at);
  if (end < 0) fail(state, "a single quote is not closed");
  const inner = state.text.slice(state.at, end);
  state.at = end + 1;
  return inner;
}

function doubleQuoted(state: State): string {
  let out = "";
  while (state.at < state.text.length) {
    const char = state.text.charAt(state.at);
    state.at += 1;
    if (char === '"') return out;
    if (char === "$") out += dollar(state);
    else if (char === state.escape) {
      const next = state.text.charAt(state.at);
      state.at += 1;
      const special = next === '"' || next === "$" || next === state.escape;
      out += `${state.keepsEscapes ? char : ""}${special ? "" : char}${next}`;
    } else out += char;
  }
  return fail(state, "a double quote is not closed");
}

function dollar(state: State): string {
  if (state.text.charAt(state.at) === "{") {
    state.at += 1;
    state.depth += 1;
    // Each level is one "${": real files have two or three, and the stack must not be a Dockerfile's to exhaust.
    if (state.depth > 100) fail(state, "variables are nested too deep");
    const value = braced(state);
    state.depth -= 1;
    return value;
  }
  const name = variableName(state);
  return name === "" ? "$" : valueOf(state, name);
}

/** What stands for a bare `$X`: nothing where it is not set. */
function valueOf(state: State, name: string): string {
  const value = state.lookup(name);
  if (value === undefined) unset(state, name, false);
  return value ?? "";
}

/** `$1` and `$?` are no news: nobody can set them in a Dockerfile. */
function unset(state: State, name: string, answered: boolean): void {
  if (/^[\p{L}_]/u.test(name)) state.onUnset(name, answered);
}

/** The shell's own parameters are names too. */
const namePattern = /[\p{L}_][\p{L}\p{Nd}_]*|\p{Nd}+|[@*#?$!-]/uy;

function variableName(state: State): string {
  namePattern.lastIndex = state.at;
  const name = namePattern.exec(state.text)?.[0] ?? "";
  state.at += name.length;
  return name;
}

function braced(state: State): string {
  const name = variableName(state);
  if (name === "") fail(state, "a variable has no name");
  const value = state.lookup(name);
  let operator = state.text.charAt(state.at);
  state.at += 1;
  if (operator === "}") return valueOf(state, name);
  const colon = operator === ":";
  if (colon) {
    operator = state.text.charAt(state.at);
    state.at += 1;
  }
  const present = colon ? value !== undefined && value !== "" : value !== undefined;
  if (value === undefined) unset(state, name, operator === "-" || operator === "+");
  switch (operator) {
    case "-": {
      const word = closing(state);
      return present ? (value ?? "") : word;
    }
    case "+": {
      const word = closing(state);
      return present ? word : "";
    }
    case "?": {
      const word = closing(state);
      if (!present) fail(state, `${name} has no value${word === "" ? "" : ` (${word})`}`);
      return value ?? "";
    }
    case "#":
    case "%":
      if (!colon) return trimmed(state, value ?? "", operator);
      break;
    case "/":
      if (!colon) return replaced(state, value ?? "");
      break;
    default:
  }
  return fail(state, `\${${name} has a modifier that builders do not know`);
}

/** What stands before the next `stop`, expanded; a pattern keeps its escapes. */
function closing(state: State, stop = "}", keepsEscapes = false): string {
  const before = state.keepsEscapes;
  state.keepsEscapes = keepsEscapes;
  const word = expandUntil(state, stop);
  state.keepsEscapes = before;
  return word;
}

function trimmed(state: State, value: string, side: "#" | "%"): string {
  const pattern = closing(state, "}", true);
  const longest = pattern.startsWith(side);
  return matching(state, () => trimMatch(value, longest ? pattern.slice(1) : pattern, side, longest));
}

function replaced(state: State, value: string): string {
  const all = state.text.charAt(state.at) === "/";
  if (all) state.at += 1;
  const pattern = closing(state, "/", true);
  const replacement = closing(state, "}", true);
  return matching(state, () => replaceMatches(value, pattern, replacement, all));
}

function matching(state: State, match: () => string): string {
  try {
    return match();
  } catch (error) {
    if (error instanceof PatternProblem) fail(state, error.message);
    throw error;
  }
}
