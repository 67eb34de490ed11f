import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { unquoted } from "../../dockerfile/read-words.ts";
import type { Range } from "../../dockerfile/text.ts";
import { namesOf } from "./variables.ts";

/** One label of a LABEL. */
export interface Label {
  readonly name: string;
  /** Without quotes; variables are left as they are. */
  readonly value: string;
  readonly at: Range;
  readonly instruction: Instruction;
}

/** The labels that a LABEL sets, those of ONBUILD too. */
export function labelsOf(file: Dockerfile, instruction: Instruction): Label[] {
  const inner = instruction.trigger ?? instruction;
  if (inner.keyword !== "LABEL") return [];
  return namesOf(inner).map(({ name, value, start, end }) => ({
    name: unquoted(name, file.escape),
    value: unquoted(value ?? "", file.escape),
    at: { start, end },
    instruction,
  }));
}
