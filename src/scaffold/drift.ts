import { createTwoFilesPatch } from "diff";
import type { Answers } from "./answers.ts";

/** An answer that is another one now than in ddiff.yaml. */
export interface ChangedAnswer {
  readonly name: keyof Answers;
  readonly before: string;
  readonly after: string;
}

/** What changed between two runs: because the project did, or the choices, or the catalogue. */
export function changedAnswers(before: Answers, after: Answers): ChangedAnswer[] {
  const names = Object.keys(after) as (keyof Answers)[];
  return names
    .map((name) => ({ name, before: shown(before[name]), after: shown(after[name]) }))
    .filter((one) => one.before !== one.after);
}

/** A patch that `git apply` takes; `undefined` stands for a file that is not there. */
export function patchBetween(path: string, before: string | undefined, after: string): string {
  const name = before === undefined ? "/dev/null" : `a/${path}`;
  const patch = createTwoFilesPatch(name, `b/${path}`, before ?? "", after, undefined, undefined, {
    context: 3,
  });
  return patch.replace(/^=+\n/, "").trimEnd();
}

function shown(value: Answers[keyof Answers] | object): string {
  if (value === undefined) return "none";
  if (typeof value !== "object") return String(value);
  const parts = Object.values(value).filter((one) => one !== undefined) as (string | object)[];
  return parts.length === 0
    ? "none"
    : parts.map((one) => (typeof one === "object" ? shown(one) : one)).join(" ");
}
