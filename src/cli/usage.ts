import { DdiffError } from "../util/errors.ts";

/** An error about how the command line was written: exit status 2. `command` is the one whose help tells more. */
export function usageError(sentence: string, command?: string, hint?: string): DdiffError {
  const help = `See "ddiff help${command === undefined ? "" : ` ${command}`}".`;
  return new DdiffError("USAGE", sentence, {
    hint: hint === undefined ? help : `${hint} ${help}`,
    exitStatus: 2,
  });
}
