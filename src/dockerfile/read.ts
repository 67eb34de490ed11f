import type { Dockerfile } from "./document.ts";
import { problemsOf } from "./problems.ts";
import { cutFile } from "./read-instructions.ts";
import { readStages } from "./read-stages.ts";
import { freshState } from "./stage-state.ts";
import { indexLines } from "./text.ts";

/**
 * Reads a Dockerfile as BuildKit does, with the place of everything. Never throws: what a builder would refuse is in `problems`, and
 * the rest is read as far as it makes sense.
 */
export function readDockerfile(text: string): Dockerfile {
  const lines = indexLines(text);
  const cut = cutFile(text, lines);
  const { stages, globals, before } = readStages(cut);
  return {
    kind: "dockerfile",
    text,
    lines,
    escape: cut.escape,
    directives: cut.directives,
    comments: cut.comments,
    instructions: cut.instructions,
    stages,
    globals,
    problems: [...cut.problems, ...problemsOf(cut.instructions)].sort((a, b) => a.start - b.start),
    before: (instruction) => before.get(instruction) ?? freshState,
  };
}
