/** One step of a pattern: any text, any character, or this one. */
type Step = { readonly any: "text" | "character" } | { readonly literal: string };

/** More work than this is no pattern that anybody wrote by hand. */
const mostWork = 10_000_000;

/** Why a pattern cannot be used: builders refuse it, or it would take too long. */
export class PatternProblem extends Error {}

/**
 * What `${X#p}`, `${X##p}`, `${X%p}` and `${X%%p}` leave of a value: `#` takes from the front and `%` from the end, the shortest match
 * or the longest. `*` is any text, `?` any character, `\` before one of them or itself takes its meaning away. Throws `PatternProblem`.
 */
export function trimMatch(value: string, pattern: string, side: "#" | "%", longest: boolean): string {
  const steps = readPattern(pattern);
  const characters = Array.from(value);
  if (side === "%") {
    steps.reverse();
    characters.reverse();
  }
  const end = matchEnd(characters, 0, steps, longest) ?? 0;
  const left = characters.slice(end);
  return (side === "%" ? left.reverse() : left).join("");
}

/** What `${X/p/word}` (`all`: `${X//p/word}`) makes of a value; each match is the longest. Throws `PatternProblem`. */
export function replaceMatches(value: string, pattern: string, replacement: string, all: boolean): string {
  const steps = readPattern(pattern);
  const characters = Array.from(value);
  if (characters.length ** 2 * steps.length > mostWork) throw new PatternProblem("the value is too long");
  let out = "";
  let at = 0;
  let last = -1;
  while (at <= characters.length) {
    const end = matchEnd(characters, at, steps, true);
    // Nothing is found right behind a match.
    if (end !== undefined && (end > at || at !== last)) {
      out += replacement;
      if (!all) return out + characters.slice(end).join("");
      last = end;
      if (end > at) {
        at = end;
        continue;
      }
    }
    out += characters[at] ?? "";
    at += 1;
  }
  return out;
}

function readPattern(pattern: string): Step[] {
  const steps: Step[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? "";
    if (character === "*") steps.push({ any: "text" });
    else if (character === "?") steps.push({ any: "character" });
    else if (character !== "\\") steps.push({ literal: character });
    else {
      at += 1;
      const escaped = characters[at] ?? "";
      if (!["*", "?", "\\", "}", "/"].includes(escaped))
        throw new PatternProblem(`there is no escape \\${escaped}`);
      steps.push({ literal: escaped });
    }
  }
  return steps;
}

/** Where a match that begins at `from` ends. Follows every way at once, so the time is bounded by value times pattern. */
function matchEnd(
  characters: readonly string[],
  from: number,
  steps: readonly Step[],
  longest: boolean,
): number | undefined {
  if ((characters.length - from) * steps.length > mostWork) throw new PatternProblem("the value is too long");
  let end: number | undefined;
  let states = withoutText(steps, [0]);
  for (let at = from; states.size > 0; at += 1) {
    if (states.has(steps.length)) {
      end = at;
      if (!longest) return end;
    }
    const character = characters[at];
    if (character === undefined) break;
    const next: number[] = [];
    for (const state of states) {
      const step = steps[state];
      if (step === undefined) continue;
      if ("literal" in step ? step.literal === character : step.any === "character") next.push(state + 1);
      else if ("any" in step && step.any === "text") next.push(state);
    }
    states = withoutText(steps, next);
  }
  return end;
}

/** The states that are reached without a character: any text may be none. */
function withoutText(steps: readonly Step[], states: readonly number[]): Set<number> {
  const reached = new Set<number>();
  for (const start of states) {
    let state = start;
    reached.add(state);
    for (
      let step = steps[state];
      step !== undefined && "any" in step && step.any === "text";
      step = steps[state]
    )
      reached.add((state += 1));
  }
  return reached;
}
