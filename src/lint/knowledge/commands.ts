import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellCommand, ShellScript, ShellWord } from "../../dockerfile/shell.ts";

/** A command of a RUN, with where it stands. */
export interface Use {
  readonly command: ShellCommand;
  readonly script: ShellScript;
  readonly instruction: Instruction;
}

const kept = new WeakMap<Dockerfile, ReadonlyMap<string, readonly Use[]>>();

/** The commands of these names in the RUN instructions of a file, those of ONBUILD too, in the order in which they are written. */
export function usesOf(file: Dockerfile, ...names: string[]): readonly Use[] {
  const byName = kept.get(file) ?? index(file);
  if (names.length === 1) return byName.get(names[0] ?? "") ?? [];
  return names
    .flatMap((name) => byName.get(name) ?? [])
    .sort((a, b) => a.instruction.start - b.instruction.start || a.command.start - b.command.start);
}

function index(file: Dockerfile): ReadonlyMap<string, readonly Use[]> {
  const byName = new Map<string, Use[]>();
  for (const instruction of runsOf(file)) {
    for (const script of readShell(file, instruction)) {
      for (const command of script.commands) {
        const list = byName.get(command.name);
        if (list === undefined) byName.set(command.name, [{ command, script, instruction }]);
        else list.push({ command, script, instruction });
      }
    }
  }
  kept.set(file, byName);
  return byName;
}

/** The RUN instructions of a file, those of ONBUILD too. */
export function runsOf(file: Dockerfile): Instruction[] {
  return file.instructions.filter((one) => (one.trigger ?? one).keyword === "RUN");
}

/**
 * Whether a command was given one of these switches: `--long`, and letters alone or in a bunch (`-fsSLk`). A letter of `valued` takes the
 * rest of its bunch, or the next word, as its value.
 */
export function hasSwitch(
  args: readonly ShellWord[],
  longs: readonly string[],
  letters = "",
  valued = "",
): boolean {
  for (let at = 0; at < args.length; at += 1) {
    const value = args[at]?.value ?? "";
    if (value === "--") return false;
    if (longs.some((long) => value === long || value.startsWith(`${long}=`))) return true;
    if (!/^-[A-Za-z0-9]/.test(value)) continue;
    for (let letter = 1; letter < value.length; letter += 1) {
      const char = value.charAt(letter);
      if (letters.includes(char)) return true;
      if (!valued.includes(char)) continue;
      if (letter === value.length - 1) at += 1;
      break;
    }
  }
  return false;
}

/** The first word that is no option: the subcommand of most programs. */
export function firstPlain(args: readonly ShellWord[]): ShellWord | undefined {
  return args.find((word) => !word.value.startsWith("-"));
}

/** Whether a command runs a script of the image or the build context, of which nothing is known. */
export function runsScript({ command }: Pick<Use, "command">): boolean {
  if (/\.(?:sh|bash)$/.test(command.name)) return true;
  if (!/^(?:sh|bash|dash|zsh|source|\.)$/.test(command.name)) return false;
  const first = firstPlain(command.args);
  return (
    first !== undefined &&
    !/^(?:\/dev|<)/.test(first.value) &&
    !command.args.some((one) => /^-\w*[cs]$/.test(one.value))
  );
}
