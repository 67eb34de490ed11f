import { DdiffError, messageOf } from "../util/errors.ts";
import type { Answer } from "./registry.ts";

/** What the server tells its keeper: a line for each event, JSON or text. Never a password, a token, a header or a query. */
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  /** With the stack of what was thrown where it is nobody's ordinary failure. */
  error(message: string, error: unknown, fields?: Fields): void;
  request(answer: Answer): void;
}

type Fields = Record<string, string | number | boolean | undefined>;

/** A log that writes lines to `write`. */
export function makeLog(
  write: (line: string) => void,
  options: { format: "json" | "text"; requests: boolean },
): Log {
  const line = (level: "info" | "warn" | "error", message: string, fields: Fields): void => {
    const time = new Date().toISOString();
    if (options.format === "json") write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
    else write(`${time} ${level === "info" ? "" : `${level}: `}${asText(message, fields)}\n`);
  };
  return {
    info: (message, fields = {}) => line("info", message, fields),
    warn: (message, fields = {}) => line("warn", message, fields),
    error: (message, error, fields = {}) => line("error", message, { ...fields, ...errorFields(error) }),
    request(answer) {
      const failed = answer.status >= 500 && answer.status !== 507;
      if (!options.requests && !failed) return;
      const { error, seconds, ...rest } = answer;
      line(failed ? "error" : "info", "request", {
        ...rest,
        milliseconds: Math.round(seconds * 10_000) / 10,
        ...(error === undefined ? {} : failed ? errorFields(error) : { error: messageOf(error) }),
      });
    },
  };
}

function errorFields(error: unknown): Fields {
  if (error instanceof DdiffError) return { error: error.message, code: error.code, hint: error.hint };
  const stack = error instanceof Error ? error.stack : undefined;
  return { error: messageOf(error), stack };
}

/** What came from outside cannot end a line, nor move the cursor of a terminal. */
function asText(message: string, fields: Fields): string {
  const { stack, ...rest } = fields;
  const words = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [`${name}=${/^[\w.:/@+-]+$/.test(String(value)) ? value : JSON.stringify(value)}`],
  );
  const text = [message, ...words].join(" ").replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?");
  return stack === undefined ? text : `${text}\n${stack}`;
}
