import { posix } from "node:path";
import type { Instruction, State } from "./document.ts";
import { expandWord, expandWords, type OnUnset } from "./expand.ts";

type Variables = ReadonlyMap<string, string | undefined>;

/** Where every stage begins that stands on an image. */
export const freshState: State = {
  variables: new Map(),
  env: new Map(),
  user: undefined,
  workdir: undefined,
  shell: ["/bin/sh", "-c"],
};

/**
 * What holds after an instruction. `globals` are the ARGs before the first FROM, which a stage's own `ARG NAME` takes its default from.
 * Words are expanded with what held before the instruction, as BuildKit does.
 */
export function stateAfter(
  state: State,
  instruction: Instruction,
  globals: Variables,
  escape: string,
): State {
  switch (instruction.keyword) {
    case "ENV": {
      const env = new Map(state.env);
      const variables = new Map(state.variables);
      for (const [name, value] of pairsOf(instruction, state.variables, escape)) {
        env.set(name, value);
        variables.set(name, value);
      }
      return { ...state, env, variables };
    }
    case "ARG": {
      const variables = new Map(state.variables);
      for (const [name, value] of argsOf(instruction, state.variables, escape)) {
        // ENV wins over ARG.
        if (!state.env.has(name)) variables.set(name, value ?? globals.get(name));
      }
      return { ...state, variables };
    }
    case "USER":
      return { ...state, user: expandKnown(instruction.body.text, state.variables, escape) };
    case "WORKDIR": {
      const to = expandKnown(instruction.body.text, state.variables, escape);
      return { ...state, workdir: workdirAfter(state.workdir, to) };
    }
    case "SHELL":
      return instruction.json === undefined
        ? state
        : { ...state, shell: instruction.json.map((word) => word.value) };
    default:
      return state;
  }
}

function workdirAfter(before: string | undefined, to: string | undefined): string | undefined {
  if (to === undefined || to === "") return to === "" ? before : undefined;
  if (posix.isAbsolute(to)) return posix.normalize(to);
  return before === undefined ? undefined : posix.join(before, to);
}

/** `ARG A B=1`: names with their defaults, `undefined` where there is none that can be known. */
export function argsOf(
  instruction: Instruction,
  variables: Variables,
  escape: string,
): [name: string, value: string | undefined][] {
  const known = new Map(variables);
  return instruction.words.map((word) => {
    const equals = word.raw.indexOf("=");
    if (equals < 0) return [word.raw, undefined];
    const name = word.raw.slice(0, equals);
    const value = expandKnown(word.raw.slice(equals + 1), known, escape);
    known.set(name, value);
    return [name, value];
  });
}

/** `ENV A=1 B=2` and the old `ENV A 1`: names with their values, `undefined` where they cannot be known. */
function pairsOf(
  instruction: Instruction,
  variables: Variables,
  escape: string,
): [name: string, value: string | undefined][] {
  const [first] = instruction.words;
  if (first === undefined) return [];
  if (!first.raw.includes("=")) {
    const value = instruction.body.text.slice(first.raw.length).trim();
    return [[first.raw, expandKnown(value, variables, escape)]];
  }
  return instruction.words.map((word) => {
    const equals = word.raw.indexOf("=");
    const name = equals < 0 ? word.raw : word.raw.slice(0, equals);
    return [name, equals < 0 ? "" : expandKnown(word.raw.slice(equals + 1), variables, escape)];
  });
}

/** A word with its variables put in; undefined where one of them is not known, or where a builder would refuse the word. */
export function expandKnown(word: string, variables: Variables, escape: string): string | undefined {
  if (!word.includes("$") && !word.includes(escape) && !word.includes('"') && !word.includes("'"))
    return word;
  return whereKnown((onUnset) => expandWord(word, (name) => variables.get(name), escape, onUnset));
}

/** The words that a word becomes when its variables are put in, as those of EXPOSE; undefined as with `expandKnown`. */
export function expandKnownWords(word: string, variables: Variables, escape: string): string[] | undefined {
  return whereKnown((onUnset) => expandWords(word, (name) => variables.get(name), escape, onUnset));
}

function whereKnown<Value>(expand: (onUnset: OnUnset) => Value): Value | undefined {
  let known = true;
  try {
    const value = expand((_, answered) => {
      if (!answered) known = false;
    });
    return known ? value : undefined;
  } catch {
    return undefined;
  }
}
