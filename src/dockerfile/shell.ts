import type { Script, Word as ShellNode } from "unbash";
import type { Dockerfile, Instruction } from "./document.ts";
import type { Range } from "./text.ts";

/** A word of a command, with its place in the Dockerfile. */
export interface ShellWord extends Range {
  /** As written. */
  readonly raw: string;
  /** What the shell makes of it, where that needs no expansion: quotes and escapes gone. Else as written without quotes. */
  readonly value: string;
  /** Whether `value` is what the command gets: no variable, no substitution, no glob in it. */
  readonly literal: boolean;
  readonly node: ShellNode | undefined;
}

/** What stands between a command and the one before it in the same list. */
export type Joint = "start" | "&&" | "||" | ";" | "|" | "&";

/** A simple command of a RUN, CMD, ENTRYPOINT or HEALTHCHECK, wherever it stands in the script. */
export interface ShellCommand extends Range {
  /** The last part of the path: `pip` for `/usr/bin/pip`; sudo, env, exec, time, nice and the like are looked through. */
  readonly name: string;
  /** The words after the name. */
  readonly args: readonly ShellWord[];
  readonly nameWord: ShellWord | undefined;
  /** `X=1 cmd`. */
  readonly assignments: ReadonlyMap<string, string>;
  readonly joint: Joint;
  /** Index in the script's `commands` of the pipeline it belongs to: equal for `a | b`. */
  readonly pipeline: number;
  /** 0 at the top of the script; one more inside each subshell, group, loop, branch, function or substitution. */
  readonly depth: number;
  /** Files written by `>` and `>>`. */
  readonly writes: readonly ShellWord[];
}

/** A shell script inside a Dockerfile. */
export interface ShellScript {
  readonly text: string;
  /** In the order in which they are written. */
  readonly commands: readonly ShellCommand[];
  readonly ast: Script;
  /** The place in the Dockerfile of an offset in `text`. */
  offset(at: number): number;
  readonly errors: readonly { readonly message: string; readonly at: number }[];
}

/**
 * The shell scripts that an instruction runs: its shell form, the bodies of heredocs that are scripts, the string after `sh -c` of a
 * JSON form; a JSON form without a shell gives one command. None for shells that are not POSIX (`SHELL ["powershell"]`). Read once and
 * kept for as long as the file is.
 */
export type ReadShell = (file: Dockerfile, instruction: Instruction) => readonly ShellScript[];
