/** A regular expression that is asked in time proportional to the text. */
export interface Nfa {
  matches(text: string): boolean;
}

type Test = (code: number) => boolean;

/** A step of the machine: take a character that passes, fork, or hold only at an end of the text. */
type Step =
  | { readonly kind: "take"; readonly test: Test }
  | { readonly kind: "fork"; readonly to: number; readonly or: number }
  | { readonly kind: "start" | "end" | "never" };

const newline = 10;
const mostSteps = 20_000;
const digit: Test = (code) => code >= 48 && code <= 57;
const space: Test = (code) => code === 32 || code === 9 || code === 10 || code === 12 || code === 13;
const word: Test = (code) =>
  digit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const controls = new Map([
  ["a", 7],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11],
]);
const posix = new Map<string, Test>([
  ["alnum", (code) => word(code) && code !== 95],
  ["alpha", (code) => word(code) && code !== 95 && !digit(code)],
  ["ascii", (code) => code < 128],
  ["blank", (code) => code === 32 || code === 9],
  ["cntrl", (code) => code < 32 || code === 127],
  ["digit", digit],
  ["graph", (code) => code > 32 && code < 127],
  ["lower", (code) => code >= 97 && code <= 122],
  ["print", (code) => code >= 32 && code < 127],
  ["punct", (code) => code > 32 && code < 127 && (!word(code) || code === 95)],
  ["space", (code) => space(code) || code === 11],
  ["upper", (code) => code >= 65 && code <= 90],
  ["word", word],
  ["xdigit", (code) => digit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)],
]);

/** Thrown inside this file where Go's regexp refuses. */
class Refused extends Error {}

interface Escape {
  readonly test: Test;
  /** The character, where it is just one. */
  readonly code: number | undefined;
}

/** What stands after a backslash in Go's syntax; undefined for a position that no path has, such as a word boundary inside a word. */
function escapeOf(char: string | undefined): Escape | undefined {
  if (char === undefined) throw new Refused();
  const code = char.codePointAt(0) ?? 0;
  if (code < 128 && (!word(code) || code === 95)) return { test: (other) => other === code, code };
  const control = controls.get(char);
  if (control !== undefined) return { test: (other) => other === control, code: control };
  const named = { d: digit, s: space, w: word }[char.toLowerCase()];
  if (named !== undefined) {
    return { test: char === char.toLowerCase() ? named : (other) => !named(other), code: undefined };
  }
  if ("AbBz".includes(char)) return undefined;
  throw new Refused();
}

/** Reads the bracket expression that starts at `at` (behind the `[`). */
function readClass(chars: readonly string[], at: number): { test: Test; end: number } {
  const tests: Test[] = [];
  let here = at;
  const negated = chars[here] === "^";
  if (negated) here += 1;
  const member = (): Escape => {
    const char = chars[here];
    if (char === undefined) throw new Refused();
    here += 1;
    if (char !== "\\") {
      const code = char.codePointAt(0) ?? 0;
      return { test: (other) => other === code, code };
    }
    const escape = escapeOf(chars[here]);
    here += 1;
    if (escape === undefined) throw new Refused();
    return escape;
  };
  for (let first = true; chars[here] !== "]" || first; first = false) {
    if (chars[here] === "[" && chars[here + 1] === ":") {
      const name = /^\[:(\^?)(\w+):\]/.exec(chars.slice(here, here + 12).join(""));
      const test = posix.get(name?.[2] ?? "");
      if (name !== null) {
        if (test === undefined) throw new Refused();
        tests.push(name[1] === "^" ? (code) => !test(code) : test);
        here += name[0].length;
        continue;
      }
    }
    const low = member();
    if (low.code === undefined || chars[here] !== "-" || chars[here + 1] === "]") {
      tests.push(low.test);
      continue;
    }
    here += 1;
    const high = member();
    const [from, to] = [low.code, high.code];
    if (to === undefined || to < from) throw new Refused();
    tests.push((code) => code >= from && code <= to);
  }
  const any: Test = (code) => tests.some((test) => test(code));
  return { test: negated ? (code) => !any(code) : any, end: here + 1 };
}

/**
 * Compiles the expressions that moby/patternmatcher makes of ignore patterns: Go's syntax, of groups only the one
 * for "folders or none". Undefined for what Go refuses.
 */
export function compileNfa(expression: string): Nfa | undefined {
  try {
    return run(expression.includes("|") ? splitAlternatives(expression) : [stepsOf(expression)]);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** Cuts at every `|` outside brackets and escapes. */
function splitAlternatives(expression: string): Step[][] {
  const chars = Array.from(expression);
  const parts: string[] = [""];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? "";
    let text = char;
    if (char === "\\") text += chars[at + 1] ?? "";
    else if (char === "[") text = chars.slice(at, readClass(chars, at + 1).end).join("");
    if (char === "|") parts.push("");
    else parts.push((parts.pop() ?? "") + text);
    at += Array.from(text).length - 1;
  }
  return parts.map(stepsOf);
}

function stepsOf(expression: string): Step[] {
  const chars = Array.from(expression);
  const steps: Step[] = [];
  const dot: Step = { kind: "take", test: (code) => code !== newline };
  let at = 0;
  if (bounds(chars, 0) !== undefined) throw new Refused();
  while (at < chars.length) {
    const char = chars[at] ?? "";
    at += 1;
    if (char === "(") {
      // Folders, or none: the one group that the translation writes.
      const from = steps.length;
      steps.push(
        { kind: "fork", to: from + 1, or: from + 5 },
        { kind: "fork", to: from + 2, or: from + 4 },
        dot,
        { kind: "fork", to: from + 1, or: from + 1 },
        { kind: "take", test: (code) => code === 47 },
      );
      at += "(.*/)?".length - 1;
      if (bounds(chars, at) !== undefined) throw new Refused();
      continue;
    }
    const { step, end } = atomOf(chars, char, at, dot);
    at = repeat(chars, end, step, steps);
    if (steps.length > mostSteps) throw new Refused();
  }
  return steps;
}

function atomOf(chars: readonly string[], char: string, at: number, dot: Step): { step: Step; end: number } {
  if (char === "^") return { step: { kind: "start" }, end: at };
  if (char === "$") return { step: { kind: "end" }, end: at };
  if (char === ".") return { step: dot, end: at };
  if (char === "*") throw new Refused();
  if (char === "[") {
    const { test, end } = readClass(chars, at);
    return { step: { kind: "take", test }, end };
  }
  if (char === "\\") {
    const escape = escapeOf(chars[at]);
    return {
      step: escape === undefined ? { kind: "never" } : { kind: "take", test: escape.test },
      end: at + 1,
    };
  }
  const code = char.codePointAt(0) ?? 0;
  return { step: { kind: "take", test: (other) => other === code }, end: at };
}

/** Adds a step as often as the `*` or `{2,3}` behind it says, and says where that ends. */
function repeat(chars: readonly string[], at: number, step: Step, steps: Step[]): number {
  if (chars[at] === "*") {
    if (chars[at + 1] === "*" || bounds(chars, at + 1) !== undefined) throw new Refused();
    star(step, steps);
    return at + 1;
  }
  const braces = bounds(chars, at);
  if (braces === undefined) {
    steps.push(step);
    return at;
  }
  const { low, high, end } = braces;
  if (low > 1000 || (high ?? low) > 1000 || (high ?? low) < low) throw new Refused();
  if (chars[end] === "*" || bounds(chars, end) !== undefined) throw new Refused();
  for (let count = 0; count < low; count++) steps.push(step);
  if (high === undefined) star(step, steps);
  for (let count = low; count < (high ?? 0); count++) {
    steps.push({ kind: "fork", to: steps.length + 1, or: steps.length + 2 }, step);
  }
  return end;
}

/** The numbers of a `{2}`, `{2,}` or `{2,3}`; anything else in braces is plain text. */
function bounds(
  chars: readonly string[],
  at: number,
): { low: number; high: number | undefined; end: number } | undefined {
  if (chars[at] !== "{") return undefined;
  const found = /^\{(0|[1-9]\d{0,7})(?:(,)(0|[1-9]\d{0,7})?)?\}/.exec(chars.slice(at, at + 20).join(""));
  if (found === null) return undefined;
  const low = Number(found[1]);
  const high = found[2] === undefined ? low : found[3] === undefined ? undefined : Number(found[3]);
  return { low, high, end: at + found[0].length };
}

function star(step: Step, steps: Step[]): void {
  const from = steps.length;
  steps.push({ kind: "fork", to: from + 1, or: from + 3 }, step, { kind: "fork", to: from, or: from });
}

/** Runs the alternatives as one machine. Each state is entered once a character, so time is steps times length. */
function run(alternatives: readonly Step[][]): Nfa {
  const steps: Step[] = [];
  const starts: number[] = [];
  const accepts = new Set<number>();
  for (const alternative of alternatives) {
    const base = steps.length;
    starts.push(base);
    for (const step of alternative) {
      steps.push(step.kind === "fork" ? { kind: "fork", to: step.to + base, or: step.or + base } : step);
    }
    accepts.add(steps.length);
    steps.push({ kind: "never" });
  }
  const seen = new Int32Array(steps.length);
  let mark = 0;
  return {
    matches(text) {
      let current: number[] = [];
      let done = false;
      const enter = (first: number, into: number[], isStart: boolean, isEnd: boolean): void => {
        const open = [first];
        for (let state = open.pop(); state !== undefined; state = open.pop()) {
          if (seen[state] === mark) continue;
          seen[state] = mark;
          const step = steps[state];
          if (accepts.has(state)) done = true;
          else if (step?.kind === "fork") open.push(step.or, step.to);
          else if (step?.kind === "start" && isStart) open.push(state + 1);
          else if (step?.kind === "end" && isEnd) open.push(state + 1);
          else if (step?.kind === "take") into.push(state);
        }
      };
      for (let at = 0; ; ) {
        const isEnd = at >= text.length;
        const next: number[] = [];
        if (at === 0) mark += 1;
        for (const start of starts) enter(start, current, at === 0, isEnd);
        if (done || isEnd) return done;
        const code = text.codePointAt(at) ?? 0;
        at += code > 0xffff ? 2 : 1;
        mark += 1;
        for (const state of current) {
          const step = steps[state];
          if (step?.kind === "take" && step.test(code)) enter(state + 1, next, false, at >= text.length);
        }
        if (done) return true;
        current = next;
      }
    },
  };
}
