import type { Instruction, SyntaxProblem } from "./document.ts";
import { isMixedJson } from "./read-words.ts";
import type { Range } from "./text.ts";
import { nearest } from "../util/nearest.ts";

const keywords = new Set(
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(
    " ",
  ),
);

/** What a builder refuses of instructions that can be cut. */
export function problemsOf(instructions: readonly Instruction[]): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  for (const instruction of instructions) {
    const { keyword, keywordRange, stage, words } = instruction;
    if (!keywords.has(keyword)) {
      problems.push({ ...keywordRange, message: `there is no instruction ${keyword}` });
    } else if (words.length === 0 && instruction.flags.length === 0) {
      problems.push({ ...keywordRange, message: `${keyword} says nothing` });
    } else if (stage < 0 && keyword !== "ARG") {
      problems.push({ ...keywordRange, message: `${keyword} stands before the first FROM` });
    } else if (keyword === "FROM" && words.length !== 1 && !isNamed(instruction)) {
      problems.push({ ...keywordRange, message: "FROM takes an image, and AS with a name" });
    } else if (keyword === "FROM" && words.length === 3 && !isStageName(words[2]?.raw ?? "")) {
      problems.push({
        ...rangeOf(words[2] ?? instruction),
        message: `${words[2]?.raw} is no name of a stage: letters, digits, "-", "_" and ".", a letter first`,
      });
    } else if (keyword === "ENV" || keyword === "LABEL") {
      problems.push(...pairProblems(instruction));
    } else if (jsonKeywords.has(keyword) && isMixedJson(jsonText(instruction))) {
      problems.push({
        ...keywordRange,
        message: `a JSON array of ${keyword} holds strings and nothing else`,
      });
    } else if (keyword === "ONBUILD" && instruction.trigger !== undefined) {
      const { trigger } = instruction;
      if (!keywords.has(trigger.keyword)) {
        problems.push({ ...trigger.keywordRange, message: `there is no instruction ${trigger.keyword}` });
      }
    }
    problems.push(...flagProblems(instruction.trigger ?? instruction));
  }
  if (!instructions.some((one) => one.keyword === "FROM")) {
    problems.push({ start: 0, end: 0, message: "there is no FROM" });
  }
  return problems;
}

/** Flags that say nothing without a value. */
const valueFlags: Readonly<Record<string, readonly string[]>> = {
  FROM: ["platform"],
  COPY: ["from", "chown", "chmod", "exclude"],
  ADD: ["chown", "chmod", "checksum", "exclude"],
  RUN: ["mount", "network", "security", "device"],
  HEALTHCHECK: ["interval", "timeout", "start-period", "start-interval", "retries"],
};
/** Flags that switch something on. */
const switches: Readonly<Record<string, readonly string[]>> = {
  COPY: ["link", "parents"],
  ADD: ["link", "keep-git-dir", "unpack"],
};
/** Keywords whose flags builders pass over. */
const unread = new Set(["ARG", "ONBUILD", "STOPSIGNAL"]);

function flagProblems({ keyword, flags }: Instruction): SyntaxProblem[] {
  if (flags.length === 0 || unread.has(keyword) || !keywords.has(keyword)) return [];
  const valued = valueFlags[keyword] ?? [];
  const known = [...valued, ...(switches[keyword] ?? [])];
  return flags.flatMap((flag) => {
    const name = `--${flag.name}`;
    if (known.includes(flag.name)) {
      const missing = flag.value === undefined && valued.includes(flag.name);
      return missing ? [{ ...rangeOf(flag), message: `${name} needs a value: ${name}=...` }] : [];
    }
    // BuildKit passes over it.
    if (flag.name === "help") return [];
    const near = nearest(flag.name, known);
    const meant = near === undefined ? "" : ` (--${near}?)`;
    return [{ ...rangeOf(flag), message: `${keyword} has no flag ${name}${meant}` }];
  });
}

/** BuildKit's pattern; names are compared in lower case. */
function isStageName(name: string): boolean {
  return /^[a-z][a-z0-9-_.]*$/i.test(name);
}

/** Keywords that may take a JSON array. */
const jsonKeywords = new Set(["RUN", "CMD", "ENTRYPOINT", "SHELL", "VOLUME", "COPY", "ADD", "HEALTHCHECK"]);

function jsonText({ keyword, body }: Instruction): string {
  return keyword === "HEALTHCHECK" ? body.text.replace(/^\S+\s+/, "") : body.text;
}

/** `ENV NAME` without a value, and a word without `=` among those that have one. */
function pairProblems({ keyword, words }: Instruction): SyntaxProblem[] {
  const [first] = words;
  if (first === undefined) return [];
  if (!first.raw.includes("="))
    return words.length > 1 ? [] : [{ ...rangeOf(first), message: `${keyword} ${first.raw} has no value` }];
  const wrong = words.find((word) => !word.raw.includes("="));
  return wrong === undefined
    ? []
    : [{ ...rangeOf(wrong), message: `${wrong.raw} has no =, as all of ${keyword} must` }];
}

function rangeOf({ start, end }: Range): Range {
  return { start, end };
}

function isNamed(from: Instruction): boolean {
  return from.words.length === 3 && from.words[1]?.raw.toLowerCase() === "as";
}
