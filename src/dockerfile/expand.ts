import { DdiffError } from "../util/errors.ts";

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
  const state: State = { text: word, at: 0, lookup, onUnset, escape, depth: 0 };
  return expandUntil(state, "");
}

interface State {
  readonly text: string;
  at: number;
  readonly lookup: Lookup;
  readonly onUnset: OnUnset;
  readonly escape: string;
  depth: number;
}

function fail(state: State, why: string): never {
  throw new DdiffError("DOCKERFILE_INVALID", `${why} in ${JSON.stringify(state.text)}`, {
    hint: "Correct the Dockerfile, or name the base with --base.",
  });
}

function expandUntil(state: State, stops: string): string {
  let out = "";
  while (state.at < state.text.length) {
    const char = state.text.charAt(state.at);
    if (stops.includes(char)) return out;
    state.at += 1;
    if (char === "'") out += singleQuoted(state);
    else if (char === '"') out += doubleQuoted(state);
    else if (char === "$") out += dollar(state);
    else if (char === state.escape) {
      out += state.text.charAt(state.at);
      state.at += 1;
    } else out += char;
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
      out += next === '"' || next === "$" || next === state.escape ? next : char + next;
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
  if (value === undefined) state.onUnset(name, false);
  return value ?? "";
}

function variableName(state: State): string {
  const name = /^(?:[a-zA-Z_][a-zA-Z0-9_]*|[0-9@*#])/.exec(state.text.slice(state.at))?.[0] ?? "";
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
  if (value === undefined) state.onUnset(name, operator === "-" || operator === "+");
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

function closing(state: State): string {
  const word = expandUntil(state, "}");
  state.at += 1;
  return word;
}

/** `${X#p}` and `${X##p}` take the shortest and longest match from the front, `%` and `%%` from the end. */
function trimmed(state: State, value: string, operator: "#" | "%"): string {
  const greedy = state.text.charAt(state.at) === operator;
  if (greedy) state.at += 1;
  const pattern = closing(state);
  for (let step = 0; step <= value.length; step += 1) {
    const length = greedy ? value.length - step : step;
    const cut = operator === "#" ? length : value.length - length;
    const part = operator === "#" ? value.slice(0, cut) : value.slice(cut);
    if (matchesGlob(part, pattern)) return operator === "#" ? value.slice(cut) : value.slice(0, cut);
  }
  return value;
}

function replaced(state: State, value: string): string {
  const all = state.text.charAt(state.at) === "/";
  if (all) state.at += 1;
  const pattern = expandUntil(state, "/");
  state.at += 1;
  const replacement = closing(state);
  let out = "";
  let at = 0;
  while (at < value.length) {
    let length = value.length - at;
    while (length > 0 && !matchesGlob(value.slice(at, at + length), pattern)) length -= 1;
    if (length === 0) {
      out += value.charAt(at);
      at += 1;
    } else {
      out += replacement;
      at += length;
      if (!all) return out + value.slice(at);
    }
  }
  return out;
}

/** Whole-text match of `*`, `?` and `\x`. Steps back to the last star only, so the time is bounded by text times pattern. */
function matchesGlob(text: string, pattern: string): boolean {
  let at = 0;
  let step = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const literal = pattern.charAt(step) === "\\" && step + 1 < pattern.length;
    const wanted = literal ? pattern.charAt(step + 1) : pattern.charAt(step);
    if (!literal && wanted === "*") {
      star = step;
      starAt = at;
      step += 1;
    } else if (step < pattern.length && ((!literal && wanted === "?") || wanted === text.charAt(at))) {
      step += literal ? 2 : 1;
      at += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      step = star + 1;
    } else return false;
  }
  while (pattern.charAt(step) === "*") step += 1;
  return step === pattern.length;
}
