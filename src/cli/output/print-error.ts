import { inspect } from "node:util";
import { diskError } from "../../util/disk.ts";
import { DdiffError, messageOf, systemErrorCode } from "../../util/errors.ts";
import { printable } from "../../report/text.ts";
import { paint, type Screen } from "./text.ts";

/** How an error is shown: `--json` as an object, else sentence and hint; `--debug` adds stacks and causes. */
export interface ErrorStyle {
  json: boolean;
  debug: boolean;
  env: Record<string, string | undefined>;
}

const systemHints: Record<string, string> = {
  EACCES: "Check the permissions, or run ddiff as a user who has them.",
  EPERM: "Check the permissions, or run ddiff as a user who has them.",
  EMFILE: 'Raise the limit of open files: "ulimit -n 4096".',
};

/**
 * Any thrown value as a DdiffError, so that scripts always get a code: a full disk is `DISK_FULL`, what else Node says
 * about files and sockets keeps Node's code.
 */
export function asDdiffError(thrown: unknown): DdiffError {
  const error = diskError(thrown);
  if (error instanceof DdiffError) return error;
  const code = systemErrorCode(error);
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code)) {
    const hint = systemHints[code];
    return new DdiffError(
      code,
      messageOf(error),
      hint === undefined ? { cause: error } : { cause: error, hint },
    );
  }
  return new DdiffError("UNEXPECTED", `something unexpected happened: ${messageOf(error)}`, {
    hint: "This is a mistake in ddiff. Run the command again with --debug and report what it prints.",
    cause: error,
  });
}

/** Writes an error to `screen`, as one JSON object and nothing else where that is wanted. */
export function printError(error: DdiffError, screen: Screen, style: ErrorStyle): void {
  if (style.json) {
    const object = { code: error.code, message: error.message, hint: error.hint };
    screen.write(
      `${JSON.stringify({ error: style.debug ? { ...object, stack: inspect(error) } : object })}\n`,
    );
    return;
  }
  screen.write(`${paint("red", "ddiff:", screen, style.env)} ${printable(error.message)}\n`);
  if (error.hint !== undefined)
    screen.write(`${paint("dim", "  hint:", screen, style.env)} ${printable(error.hint)}\n`);
  if (style.debug) screen.write(`${printable(inspect(error, { depth: 5 }))}\n`);
}
