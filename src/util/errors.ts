/**
 * The one error type of ddiff. `message` is one sentence for a person, `hint` says what to do about it.
 * The CLI prints both; `--json` prints the object; `--debug` adds the stack.
 */
export class DdiffError extends Error {
  override readonly name = "DdiffError";
  /** Stable, upper case, for scripts: `BASE_MISSING`. */
  readonly code: string;
  /** What the user can do, one sentence, or nothing where there is nothing to do. */
  readonly hint: string | undefined;
  /** The exit status this failure asks for: 2 wrong usage, 3 it could not be done. */
  readonly exitStatus: 1 | 2 | 3;

  constructor(
    code: string,
    message: string,
    options: { hint?: string; cause?: unknown; exitStatus?: 1 | 2 | 3 } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exitStatus = options.exitStatus ?? 3;
  }
}

/** True for a `DdiffError` with this code (any code when none is named). */
export function isDdiffError(error: unknown, code?: string): error is DdiffError {
  return error instanceof DdiffError && (code === undefined || error.code === code);
}

/** The `code` of a Node system error (`ENOENT`), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The sentence of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
