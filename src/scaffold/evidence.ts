import type { Evidence, Found } from "./project.ts";

/** The first reason of something that was found, as half a sentence: `pyproject.toml:4 asks for torch==2.5.1`. */
export function evidence({ because: [first] }: Found<unknown>): string {
  return first === undefined ? "nothing says otherwise" : sentence(first);
}

/** A reason as half a sentence: where it stands, and what it says. */
export function sentence({ file, line, says }: Evidence): string {
  return `${file}${line === undefined ? "" : `:${line}`} ${says}`;
}
