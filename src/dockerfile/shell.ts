import type { ParsedScript } from "unbash";
import type { Range } from "./text.ts";

/** A word of a command, with its place in the Dockerfile. */
export interface ShellWord extends Range {
  /** As written. */
  readonly raw: string;
  /** Without quotes and escapes, variables of the stage put in where their values are known; else as written. */
  readonly value: string;
  /** Whether `value` is what the command gets: nothing in it is still to be expanded. */
  readonly literal: boolean;
}

/** What stands between a command and the one before it in the same list. */
export type Joint = "start" | "&&" | "||" | ";" | "|" | "&";

/** A simple command of a RUN, CMD, ENTRYPOINT or HEALTHCHECK, wherever it stands in the script. */
export interface ShellCommand extends Range {
  /** The last part of the path: `pip` for `/usr/bin/pip`; sudo, env, exec, time, nice and the like are looked through. */
  readonly name: string;
  /** The words after the name. */
  readonly args: readonly ShellWord[];
  /** Undefined for a command of assignments only. */
  readonly nameWord: ShellWord | undefined;
  /** The programs that were looked through: `["sudo"]`. */
  readonly through: readonly string[];
  /** `X=1 cmd`, values without quotes. */
  readonly assignments: ReadonlyMap<string, string>;
  readonly joint: Joint;
  /** Number of the pipeline that it belongs to: equal for the two of `a | b`. */
  readonly pipeline: number;
  /** 0 at the top of the script; one more inside each subshell, group, loop, branch, function or substitution. */
  readonly depth: number;
  /** The branches of `if` and `case` that it stands in, the outermost first. */
  readonly branches: readonly Branch[];
  /** Files written by `>` and `>>`. */
  readonly writes: readonly ShellWord[];
}

/** One of the ways that an `if` or a `case` can go: the number of the choice in its script, and the number of the way. */
interface Branch {
  readonly choice: number;
  readonly way: number;
}

/** Whether two commands of one script never run together, as they stand in different branches of one choice. */
export function excludeEachOther(a: ShellCommand, b: ShellCommand): boolean {
  return a.branches.some(({ choice, way }) =>
    b.branches.some((other) => other.choice === choice && other.way !== way),
  );
}

/** A shell script inside a Dockerfile. */
export interface ShellScript {
  readonly text: string;
  /** In the order in which they are written. */
  readonly commands: readonly ShellCommand[];
  /** Undefined for a command in JSON form, which no shell reads. */
  readonly ast: ParsedScript | undefined;
  /** `sh`, `bash`. */
  readonly shell: string;
  /** The place in the Dockerfile of an offset in `text`. */
  offset(at: number): number;
}

/** A word of the shell's syntax tree. */
