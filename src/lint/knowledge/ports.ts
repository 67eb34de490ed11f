import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { expandKnownWords } from "../../dockerfile/stage-state.ts";
import type { Range } from "../../dockerfile/text.ts";

/** One argument of EXPOSE. */
export interface Port {
  readonly at: Range;
  /** As it is after variables are put in. */
  readonly text: string;
  /** First and last; equal for a single one. Undefined where it is no number. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** As written; undefined where none is. */
  readonly protocol: string | undefined;
  /** An address or a port of the host stands before it. */
  readonly mapped: boolean;
  /** Whether the word is as it was written, so that it can be edited. */
  readonly literal: boolean;
}

/** The ports of an EXPOSE whose values are known. */
export function portsOf(file: Dockerfile, instruction: Instruction): Port[] {
  if (instruction.keyword !== "EXPOSE") return [];
  return instruction.words.flatMap((word) => {
    const known = expandKnownWords(word.raw, file.before(instruction).variables, file.escape);
    return (known ?? []).map((text) => {
      const parts = text.split(":");
      const [numbers = "", protocol] = (parts.at(-1) ?? "").split("/");
      const [from, to = from] = numbers
        .split("-")
        .map((one) => (/^\d+$/.test(one) ? Number(one) : undefined));
      return { at: word, text, from, to, protocol, mapped: parts.length > 1, literal: text === word.raw };
    });
  });
}
