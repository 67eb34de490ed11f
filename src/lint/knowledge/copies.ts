import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readHeredocOpener } from "../../dockerfile/heredoc-openers.ts";
import { expandKnown } from "../../dockerfile/stage-state.ts";
import type { Range } from "../../dockerfile/text.ts";

/** What COPY or ADD takes, or where it puts it. */
export interface CopyPath {
  /** Without quotes, variables put in. */
  readonly path: string;
  readonly at: Range;
}

/** The sources of a COPY or ADD in the build context: none with `--from`, for URLs, heredocs, or names that are not known. */
export function copySources(file: Dockerfile, instruction: Instruction): CopyPath[] {
  if (instruction.flags.some((flag) => flag.name === "from")) return [];
  return allSources(file, instruction).filter((one) => !isRemote(one.path));
}

/** All sources whose names are known, heredocs left out. */
export function allSources(file: Dockerfile, instruction: Instruction): CopyPath[] {
  if (instruction.keyword !== "COPY" && instruction.keyword !== "ADD") return [];
  const words = pathWords(instruction);
  return words.slice(0, -1).flatMap(({ raw, at, literal }) => {
    const path = literal ? raw : expandKnown(raw, file.before(instruction).variables, file.escape);
    return path === undefined || path === "" ? [] : [{ path, at }];
  });
}

/** Where a COPY or ADD puts what it takes; undefined where that is not known. */
export function copyTarget(file: Dockerfile, instruction: Instruction): CopyPath | undefined {
  if (instruction.keyword !== "COPY" && instruction.keyword !== "ADD") return undefined;
  const last = pathWords(instruction).at(-1);
  if (last === undefined) return undefined;
  const path = last.literal
    ? last.raw
    : expandKnown(last.raw, file.before(instruction).variables, file.escape);
  return path === undefined ? undefined : { path, at: last.at };
}

/** How many sources there are, heredocs too. */
export function sourceCount(instruction: Instruction): number {
  return (instruction.json ?? instruction.words).length - 1;
}

/** Whether ADD fetches it: `https://...`, `git@...`. */
export function isRemote(path: string): boolean {
  return /^(?:https?|git|ssh|ftp):\/\/|^git@/.test(path);
}

function pathWords(instruction: Instruction): { raw: string; at: Range; literal: boolean }[] {
  if (instruction.json !== undefined)
    return instruction.json.map((word) => ({
      raw: word.value,
      at: word,
      literal: !/[$\\"']/.test(word.value),
    }));
  return instruction.words
    .filter((word) => readHeredocOpener(word.raw) === undefined)
    .map((word) => ({ raw: word.raw, at: word, literal: !/[$\\"'`]/.test(word.raw) }));
}
